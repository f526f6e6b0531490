/** The shipped file where Vault's AWS secrets engine gives no keys, or where they come and the run fails after that. */
import { mkdirSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeFolder, run, start } from '../e2e/harness.ts'
import { count, failed } from '../e2e/outcome.ts'
import type { EmulatorResponse } from '../rig/emulators/http.ts'
import { freePort } from '../rig/processes/process.ts'
import { startGateway, type Gateway } from '../rig/servers/gateway.ts'
import { startLongLived } from './vault-aws-long-lived.ts'
import { startShippedScene, until } from './vault-aws-shipped.ts'
import { MOUNT } from './vault-aws-account.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'

// Not in a hook: uvu keeps to itself what one throws.
const scene = await startShippedScene(300)
const { account } = scene
const iam = await relayIam()

/** The engine at MOUNT makes its users by way of a relay, which can hold it up. */
async function relayIam(): Promise<Gateway> {
  const relay = await startGateway(account.moto.url)
  const root = await account.makeUser('relayed', ['iam:*'])
  await account.vault.write(`${MOUNT}/config/root`, {
    access_key: root.AccessKeyId,
    secret_key: root.SecretAccessKey,
    region: EXAMPLE.region,
    iam_endpoint: relay.url,
    sts_endpoint: relay.url,
    sts_region: EXAMPLE.region,
  })
  return relay
}

const failures = suite('real: the shipped file without keys of the AWS secrets engine')
failures.before.each(() => {
  scene.aws.intercept = undefined
})
failures.after.each(() => scene.revokeAll())
failures.after(async () => {
  await scene.close()
  await iam.close()
})

/** As STS says it of keys that are not known everywhere yet. */
const UNKNOWN: EmulatorResponse = {
  status: 403,
  headers: { 'Content-Type': 'text/xml' },
  body:
    '<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>' +
    '<Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>',
}

/** Neither user nor token, whatever became of the run. */
async function leavesNothing(test: () => Promise<void>): Promise<void> {
  const before = await scene.tokens()
  await test()
  await account.untilNoUsers()
  assert.equal(await scene.tokens(), before)
}

/** @param before how many Vault had given */
async function keysAfter(before: number): Promise<void> {
  await until('Vault gives keys', () => scene.given().length > before)
}

const REFUSED = [
  {
    title: 'a policy that does not grant read',
    env: { VAULT_ROLE: 'stranger' },
    says: /answered 403 .*permission denied: no policy of the token allows it \(it has: default\)$/,
    hint: /allow read on aws\/creds\/readonly in one of them, and check VAULT_AWS_PATH/,
  },
  {
    title: 'a role that the engine does not have',
    env: { VAULT_AWS_PATH: 'aws/creds/nothing' },
    says: /the mount aws has no role nothing$/,
    hint: /vault list aws\/roles/,
  },
  {
    title: 'a mount that is not there',
    env: { VAULT_AWS_PATH: 'absent/creds/readonly' },
    says: /no AWS secrets engine answers at absent\/creds\/readonly$/,
    hint: /vault secrets list/,
  },
  {
    title: 'keys of a user where ROLE_ARN wants those of a role',
    env: { ROLE_ARN: `arn:aws:iam::111122223333:role/frontend-s3-read` },
    says: /the keys belong to an IAM user, not to ROLE_ARN/,
    hint: /unset ROLE_ARN, or set credential_type=assumed_role and role_arns in aws\/roles\/readonly/,
  },
] as const

for (const { title, env, says, hint } of REFUSED) {
  failures(`${title} ends the one-shot with exit code 5`, () =>
    leavesNothing(async () => {
      const done = await run(scene, { env })
      failed(done, 5, says, hint)
      assert.equal(done.files, [])
      assert.is(done.aws.length, 0)
    }),
  )

  failures(`${title} is what check says`, () =>
    leavesNothing(async () => {
      const done = await run(scene, { env, args: ['check', '--json'] })
      assert.is(done.code, 5)
      const { steps } = JSON.parse(done.stdout) as {
        steps: { name: string; error?: { message: string; hint: string } }[]
      }
      const errors = steps.flatMap(({ name, error }) => (error === undefined ? [] : [{ name, error }]))
      assert.is(errors.length, 1, done.stdout)
      assert.is(errors[0]?.name, 'vault_aws')
      assert.match(errors[0]?.error.message ?? '', says)
      assert.match(errors[0]?.error.hint ?? '', hint)
    }),
  )
}

failures('a path that is not one of the engine is refused before Vault is asked', async () => {
  const done = await run(scene, { env: { VAULT_AWS_PATH: 'aws/readonly' } })
  failed(done, 2, /./)
  assert.match(done.stderr, /VAULT_AWS_PATH/)
  assert.is(done.vault.length, 0)
})

failures('keys that AWS does not come to know are taken back at the deadline', () =>
  leavesNothing(async () => {
    scene.aws.intercept = () => UNKNOWN
    const done = await run(scene, { env: { DEADLINE: '3' } })
    failed(
      done,
      5,
      /InvalidClientTokenId: The security token included in the request is invalid: AWS does not recognize the new keys yet \(gave up after \d+ attempts: DEADLINE of 3 s/,
      /raise DEADLINE/,
    )
    assert.ok(count(done.aws, /^\/$/) > 1)
    assert.is(count(done.vault, /\/creds\/readonly$/), 1)
    assert.equal(done.files, [])
  }),
)

failures('keys that AWS knows after a while are written', async () => {
  let asked = 0
  scene.aws.intercept = () => {
    asked += 1
    return asked <= 3 ? UNKNOWN : undefined
  }
  const done = await run(scene)
  assert.is(done.code, 0, done.stderr)
  assert.is(count(done.aws, /^\/$/), 4)
  assert.is((await account.users()).length, 1)
})

const SETTLING = {
  'AWS does not know the keys yet': async () => {
    scene.aws.intercept = () => UNKNOWN
    return {}
  },
  'STS refuses connections': async () => ({ AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${await freePort()}` }),
  'STS does not answer': async () => {
    scene.aws.intercept = () => 'hang'
    return {}
  },
} as const

for (const [title, settle] of Object.entries(SETTLING)) {
  failures(`SIGTERM while ${title} takes the user away, and ends the one-shot by the signal's code`, () =>
    leavesNothing(async () => {
      const before = scene.given().length
      const running = start(scene, { env: await settle() })
      await running.until(keysAfter(before))
      running.child.kill('SIGTERM')
      const done = await running.finished
      assert.is(done.code, 143, done.stderr)
      assert.match(done.stderr, /^aws-iam-ra: stopped by SIGTERM, the credentials file is as it was\n$/)
      assert.equal(done.files, [])
    }),
  )

  failures(`SIGTERM while ${title} takes the user away, and ends serve with 0`, () =>
    leavesNothing(async () => {
      const before = scene.given().length
      const serve = await startLongLived(scene, 'serve', await settle())
      await keysAfter(before)
      assert.is(await serve.stop(), 0, serve.said())
      // The third question without an answer is told, and a busy machine may send that many before the signal.
      assert.not.match(serve.said(), /serving credentials|warning(?!: .* failed, next attempt in )/)
    }),
  )
}

failures('SIGTERM while Vault is making the user takes it away as soon as it is there', () =>
  leavesNothing(async () => {
    const [asked, goesOn] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
    iam.before = async ({ body }) => {
      if (!body.includes('Action=CreateAccessKey')) return
      asked.resolve(undefined)
      await goesOn.promise
    }
    const running = start(scene, { env: { VAULT_AWS_PATH: `${MOUNT}/creds/readonly` } })
    await running.until(asked.promise)
    running.child.kill('SIGTERM')
    goesOn.resolve(undefined)
    const done = await running.finished
    assert.is(done.code, 143, done.stderr)
    assert.match(done.stderr, /^aws-iam-ra: stopped by SIGTERM, the credentials file is as it was\n$/)
    assert.equal(done.files, [])
  }),
)

failures('a file that cannot be written takes the user away again', () =>
  leavesNothing(async () => {
    const folder = makeFolder()
    mkdirSync(folder.credentials, { recursive: true })
    const done = await run(scene, { folder })
    failed(done, 6, /credentials/)
  }),
)

failures.run()
