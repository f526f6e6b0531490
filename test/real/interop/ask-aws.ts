/** An app with AWS's JavaScript SDK, told nothing but its environment: JSON lines in and out, as ask-aws.py has them. */
import { createInterface } from 'node:readline'
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Answer, Question } from './apps.ts'

interface Clients {
  readonly sts: STSClient
  readonly s3: S3Client
}

const makeClients = (): Clients => ({ sts: new STSClient({}), s3: new S3Client({ forcePathStyle: true }) })

async function look({ sts, s3 }: Clients, buckets = false): Promise<Answer> {
  try {
    const { Arn = '' } = await sts.send(new GetCallerIdentityCommand({}))
    if (!buckets) return { arn: Arn }
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({}))
    return { arn: Arn, buckets: Buckets.map(({ Name = '' }) => Name) }
  } catch (error) {
    return { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
  }
}

const kept = makeClients()
for await (const line of createInterface(process.stdin)) {
  const { app, buckets, count = 1 } = JSON.parse(line) as Question
  const apps = app === 'kept' ? [kept] : Array.from({ length: count }, makeClients)
  const answers = await Promise.all(apps.map((clients) => look(clients, buckets)))
  process.stdout.write(`${JSON.stringify(answers)}\n`)
}
