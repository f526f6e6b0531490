/** An app with AWS's JavaScript SDK v3, told nothing but its environment. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { run } from './javascript.ts'

interface Loader {
  loadSharedConfigFiles(where: {
    readonly filepath: string
  }): Promise<{ readonly credentialsFile: Readonly<Record<string, Readonly<Record<string, unknown>>>> }>
}

// The very copy that the client uses, which is no package of ours.
const client = createRequire(import.meta.url).resolve('@aws-sdk/client-sts')
const { loadSharedConfigFiles } = createRequire(client)('@smithy/core/config') as Loader
const { version } = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('@aws-sdk/client-sts/package.json'), 'utf8'),
) as { readonly version: string }

await run({
  version,
  start: () => ({ sts: new STSClient({}), s3: new S3Client({ forcePathStyle: true }) }),
  async credentials({ sts }) {
    const { expiration: expires, ...found } = await sts.config.credentials()
    return { ...found, expires }
  },
  async use({ sts, s3 }, { buckets = false }) {
    const { Arn: arn = '' } = await sts.send(new GetCallerIdentityCommand({}))
    if (!buckets) return { arn }
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({}))
    return { arn, buckets: Buckets.map(({ Name = '' }) => Name) }
  },
  sections: async (path) => (await loadSharedConfigFiles({ filepath: path })).credentialsFile,
})
