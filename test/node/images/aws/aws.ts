/**
 * The AWS CLI's commands that the examples run, by AWS's JavaScript SDK with its own credential chain: `sts
 * get-caller-identity` and `s3 ls`, with `--profile`.
 */
import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { parseArgs } from 'node:util'
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { profile: { type: 'string' } },
})
// The CLI takes it from there; the SDK leaves it to Node.
const bundle = process.env['AWS_CA_BUNDLE']
if (bundle !== undefined) {
  setDefaultCACertificates([...getCACertificates(), readFileSync(bundle, 'utf8')])
}
const settings = values.profile === undefined ? {} : { profile: values.profile }

try {
  process.stdout.write(`${await answerOf(positionals.join(' '))}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`)
  process.exitCode = 255
}

async function answerOf(command: string): Promise<string> {
  switch (command) {
    case 'sts get-caller-identity': {
      const { UserId, Account, Arn } = await new STSClient(settings).send(new GetCallerIdentityCommand())
      return JSON.stringify({ UserId, Account, Arn }, undefined, 4)
    }
    case 's3 ls': {
      const { Buckets = [] } = await new S3Client({ ...settings, forcePathStyle: true }).send(
        new ListBucketsCommand(),
      )
      return Buckets.map((bucket) => `${bucket.CreationDate?.toISOString() ?? ''} ${bucket.Name ?? ''}`).join(
        '\n',
      )
    }
    default:
      throw new Error(`no example runs aws ${command}`)
  }
}
