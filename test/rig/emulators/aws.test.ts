/** STS and S3 against AWS's own JavaScript SDK, with keys that the session store gave out. */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { emulatorRequest, host, type Hosted } from './http.ts'
import { createS3 } from './s3.ts'
import { createSessionStore } from './sessions.ts'
import { createSts } from './sts.ts'

const BUCKETS = ['frontend-assets', 'a&b <odd>']
const region = 'eu-central-1'
const sessions = createSessionStore()
const session = sessions.issue({
  expiresAtMs: Date.now() + 3600_000,
  assumedRoleArn: 'arn:aws:sts::111122223333:assumed-role/frontend/4f',
  assumedRoleId: 'AROAEXAMPLEEXAMPLEEXA:4f',
  account: '111122223333',
})
/** How far the servers' clock is ahead of the client's. */
let aheadMs = 0
const now = (): number => Date.now() + aheadMs
let stsServer: Hosted
let s3Server: Hosted

interface Keys {
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly sessionToken?: string | undefined
  readonly region?: string
}

function clientOptions(endpoint: string, keys: Keys) {
  const { accessKeyId = session.accessKeyId, secretAccessKey = session.secretAccessKey } = keys
  const sessionToken = 'sessionToken' in keys ? keys.sessionToken : session.sessionToken
  return {
    endpoint,
    region: keys.region ?? region,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
  }
}

async function callerIdentity(keys: Keys = {}) {
  const client = new STSClient(clientOptions(stsServer.url, keys))
  try {
    return await client.send(new GetCallerIdentityCommand({}))
  } finally {
    client.destroy()
  }
}

async function listBuckets(keys: Keys = {}) {
  const client = new S3Client({ ...clientOptions(s3Server.url, keys), forcePathStyle: true })
  try {
    return await client.send(new ListBucketsCommand({}))
  } finally {
    client.destroy()
  }
}

async function errorName(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    return error instanceof Error ? error.name : typeof error
  }
  return 'none'
}

const aws = suite('STS and S3')

aws.before(async () => {
  stsServer = await host(createSts({ now, region, sessions }))
  s3Server = await host(createS3({ now, region, sessions, buckets: BUCKETS }))
})

aws.before.each(() => {
  aheadMs = 0
})

aws.after(async () => {
  await stsServer.close()
  await s3Server.close()
})

aws('know the keys that were issued', async () => {
  const identity = await callerIdentity()
  assert.is(identity.Arn, session.assumedRoleArn)
  assert.is(identity.UserId, session.assumedRoleId)
  assert.is(identity.Account, '111122223333')
  const { Buckets } = await listBuckets()
  assert.equal(
    Buckets?.map(({ Name }) => Name),
    BUCKETS,
  )
})

aws('refuse a wrong secret, other keys, no session token and another’s', async () => {
  const cases: readonly (readonly [Keys, string, string])[] = [
    [{ secretAccessKey: 'x'.repeat(40) }, 'SignatureDoesNotMatch', 'SignatureDoesNotMatch'],
    [{ accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' }, 'InvalidClientTokenId', 'InvalidAccessKeyId'],
    [{ sessionToken: undefined }, 'InvalidClientTokenId', 'InvalidAccessKeyId'],
    [{ sessionToken: `${session.sessionToken}A` }, 'InvalidClientTokenId', 'InvalidToken'],
    [{ region: 'us-east-1' }, 'SignatureDoesNotMatch', 'AuthorizationHeaderMalformed'],
  ]
  for (const [keys, sts, s3] of cases) {
    assert.is(await errorName(callerIdentity(keys)), sts)
    assert.is(await errorName(listBuckets(keys)), s3)
  }
})

aws('refuse keys whose time is over', async () => {
  const short = sessions.issue({ ...session, expiresAtMs: Date.now() - 1000 })
  assert.is(await errorName(callerIdentity(short)), 'ExpiredToken')
  assert.is(await errorName(listBuckets(short)), 'ExpiredToken')
})

aws('refuse a clock that is off: five minutes for STS, fifteen for S3', async () => {
  aheadMs = 6 * 60_000
  assert.is(await errorName(callerIdentity()), 'SignatureDoesNotMatch')
  assert.is(await errorName(listBuckets()), 'none')
  aheadMs = -16 * 60_000
  assert.is(await errorName(listBuckets()), 'RequestTimeTooSkewed')
})

aws('refuse a recorded request when any signed part of it is changed', async () => {
  await callerIdentity()
  await listBuckets()
  const recorded = [
    [createSts({ now, region, sessions }), stsServer.requests.at(-1)?.request],
    [createS3({ now, region, sessions, buckets: BUCKETS }), s3Server.requests.at(-1)?.request],
  ] as const
  for (const [handler, request] of recorded) {
    assert.ok(request)
    assert.is(handler(request).status, 200)
    const signed = /SignedHeaders=([^,]+)/.exec(request.header('authorization') ?? '')?.[1]?.split(';') ?? []
    assert.ok(signed.includes('x-amz-security-token'))
    const { method, target, headers, body } = request
    const same = { method, target, headers, body }
    const changes = [
      ...signed.map((name) => ({
        ...same,
        headers: headers.map(
          ([key, value]) => [key, key.toLowerCase() === name ? `${value}x` : value] as const,
        ),
      })),
      { ...same, method: 'PUT' },
      { ...same, target: `${target}${target.includes('?') ? '&' : '?'}a=b` },
      { ...same, body: Buffer.concat([body, Buffer.from('x')]) },
    ]
    for (const change of changes) assert.ok(handler(emulatorRequest(change)).status >= 400)
    const anonymous = headers.filter(([name]) => name.toLowerCase() !== 'authorization')
    assert.is(handler(emulatorRequest({ ...same, headers: anonymous })).status, 403)
  }
})

aws.run()
