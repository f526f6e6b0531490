/** The demo's app container: AWS's JavaScript SDK with its own credential chain, which is given nothing but the file. */
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'

try {
  const identity = await new STSClient({}).send(new GetCallerIdentityCommand({}))
  process.stdout.write(`caller identity: ${identity.Arn ?? '(none)'}\n`)
  const { Buckets = [] } = await new S3Client({ forcePathStyle: true }).send(new ListBucketsCommand({}))
  if (Buckets.length === 0) throw new Error('S3 listed no buckets')
  process.stdout.write(`buckets: ${Buckets.map((bucket) => bucket.Name).join(', ')}\n`)
} catch (error) {
  process.stdout.write(`${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`)
  process.exitCode = 1
}
