/** serve with keys of Vault's AWS secrets engine: their lease renewed, other keys at SIGHUP, none left at the end. */
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { appEnv, askOnce, startApp } from './interop/apps.ts'
import { pythonEnvironment } from '../rig/processes/python.ts'
import { ask, WAYS } from './interop/serving.ts'
import { scratchFolder } from '../rig/processes/process.ts'
import { endsClean, listsBuckets, lookUp, startLongLived, type LongLived } from './vault-aws-long-lived.ts'
import { POD_LOGIN } from './vault-aws-pod.ts'
import { latest, startShippedScene } from './vault-aws-shipped.ts'

/** Renewed after a third of it, which is the least pause between two renewals. */
const LEASE_SECONDS = 30
const SDKS = ['boto3', 'JavaScript SDK'] as const

// Not in a hook: uvu keeps to itself what one throws.
const python = pythonEnvironment()
const home = scratchFolder('vault-aws-serve')
const scene = await startShippedScene(LEASE_SECONDS)
const { account } = scene
const apps = appEnv({ sts: scene.aws, s3: scene.aws }, home)

interface Served {
  readonly AccessKeyId: string
  readonly Token: string
  readonly Expiration: string
  readonly AccountId: string
}

/** What the container endpoint answers. */
async function served({ endpoint, tokenFile }: LongLived): Promise<Served> {
  const authorization = readFileSync(tokenFile, 'utf8')
  const { status, body } = await ask(`${endpoint}/v1/credentials`, { authorization })
  assert.is(status, 200)
  return JSON.parse(body) as Served
}

async function servesOthersThan(accessKeyId: string, serve: LongLived): Promise<boolean> {
  return (await served(serve)).AccessKeyId !== accessKeyId
}

const serving = suite('real: serve with keys of the AWS secrets engine')
serving.after(() => scene.close())

serving('apps go on while the lease is renewed, SIGHUP makes other keys, SIGTERM leaves none', async () => {
  const before = await scene.tokens()
  const serve = await startLongLived(scene, 'serve')
  const kept = WAYS.flatMap((way) =>
    SDKS.map((reader) => startApp(reader, { ...apps, ...serve.appEnv(way) })),
  )
  try {
    await serve.until('there are credentials', () => serve.isReady())
    const first = latest(scene)
    const [user = ''] = await account.users()
    const listAs = async (app: 'kept' | 'fresh', name: string): Promise<void> => {
      const answers = await Promise.all(kept.map((one) => one.askOne({ app, buckets: true })))
      const arn = `arn:aws:iam::${EXAMPLE.account}:user/${name}`
      assert.equal(
        answers,
        kept.map(() => ({ arn, buckets: [account.bucket] })),
      )
    }
    const given = await served(serve)
    assert.equal([given.AccessKeyId, given.Token], [first.accessKeyId, ''])
    assert.is(given.AccountId, EXAMPLE.account)
    await listAs('kept', user)

    await serve.until(
      'the lease is renewed',
      async () => (await served(serve)).Expiration !== given.Expiration,
    )
    const renewed = await served(serve)
    const { last_renewal: renewal, expire_time: end = '' } = (await lookUp(scene, first)) ?? {}
    assert.ok(typeof renewal === 'string')
    assert.is(renewed.AccessKeyId, first.accessKeyId)
    assert.ok(Date.parse(renewed.Expiration) > Date.parse(given.Expiration))
    assert.ok(Date.parse(renewed.Expiration) <= Date.parse(end))
    assert.equal(await account.users(), [user])
    assert.is(scene.given().length, 1)
    await listAs('kept', user)

    serve.hangUp()
    await serve.until('other keys are served', () => servesOthersThan(first.accessKeyId, serve))
    const second = latest(scene)
    assert.is((await served(serve)).AccessKeyId, second.accessKeyId)
    const users = await account.users()
    assert.is(users.length, 2)
    assert.ok(await listsBuckets(scene, first), 'keys that apps hold must work to their end')
    await listAs('fresh', users.find((one) => one !== user) ?? '')

    await serve.until('the first keys have ended', async () => (await account.users()).length === 1)
    assert.is(await lookUp(scene, first), undefined)
    assert.ok(await listsBuckets(scene, second))
    assert.is(scene.given().length, 2)
  } finally {
    await Promise.all(kept.map((app) => app.end()))
    await endsClean(serve, scene, before)
  }
  assert.not.ok(await listsBuckets(scene, latest(scene)), 'the keys outlive serve')
})

serving('keys that Vault gives no more time are replaced while they work', async () => {
  const before = await scene.tokens()
  await account.vault.write('aws/config/lease', {
    lease: `${LEASE_SECONDS}s`,
    lease_max: `${LEASE_SECONDS}s`,
  })
  const serve = await startLongLived(scene, 'serve')
  try {
    await serve.until('there are credentials', () => serve.isReady())
    const first = latest(scene)
    await serve.until('other keys are served', () => servesOthersThan(first.accessKeyId, serve))
    assert.is((await served(serve)).AccessKeyId, latest(scene).accessKeyId)
    assert.ok(await listsBuckets(scene, first))
  } finally {
    await endsClean(serve, scene, before)
    await account.vault.write('aws/config/lease', { lease: `${LEASE_SECONDS}s`, lease_max: '20m' })
  }
})

serving('is not ready without a policy, says so, and is once there is one', async () => {
  const before = await scene.tokens()
  const grant = (path: string): Promise<unknown> =>
    account.vault.write('sys/policies/acl/later', { policy: `path "${path}" { capabilities = ["read"] }` })
  await grant('secret/data/other')
  await account.vault.write('auth/jwt/role/later', { ...POD_LOGIN, token_policies: ['later'] })
  const serve = await startLongLived(scene, 'serve', { VAULT_ROLE: 'later' })
  try {
    await serve.until('it says why', () =>
      /warning: no credentials yet, next run in .*: no policy of the token allows it \(it has: default, later\)/.test(
        serve.said(),
      ),
    )
    assert.not.ok(await serve.isReady())
    await grant('aws/creds/readonly')
    serve.hangUp()
    await serve.until('there are credentials', () => serve.isReady())
    assert.ok(await listsBuckets(scene, latest(scene)))
  } finally {
    assert.is(await serve.stop(), 0, serve.said())
  }
  await account.untilNoUsers()
  assert.equal(await scene.tokens(), before)
})

serving('keys of a role have a session token, and leave nothing to be revoked', async () => {
  const before = await scene.tokens()
  const serve = await startLongLived(scene, 'serve', { VAULT_AWS_PATH: 'aws/sts/assumed' })
  try {
    await serve.until('there are credentials', () => serve.isReady())
    assert.equal(await scene.tokens(), before)
    assert.ok((await served(serve)).Token === latest(scene).sessionToken, 'another session token')
    for (const way of WAYS) {
      const answer = await askOnce('boto3', python, { ...apps, ...serve.appEnv(way) })
      assert.match(JSON.stringify(answer), /"arn":"arn:aws:sts::\d+:assumed-role\/frontend-s3-read\//)
    }
  } finally {
    await endsClean(serve, scene, before)
  }
})

serving.run()
