/** `credential_process` of an AWS config file with the shipped file in it, as three readers start it and take its answer. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startStage, type Stage } from '../../rig/emulators/stage.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { appEnv, arnOf, askOnce, nextAnswer, shown, startApp, type App, type SdkReader } from './apps.ts'
import { processEnv } from './process-profile.ts'
import { runChild } from '../../rig/processes/child.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { READERS } from './readers.ts'
import { BINARY } from './serving.ts'

// Not in a hook: uvu keeps to itself what one throws.
const python = pythonEnvironment()
const home = scratchFolder('credential-process')

const SAYS = {
  'AWS CLI': 'shows why, and what to do',
  boto3: 'shows why, and what to do',
  'JavaScript SDK': 'says that there are none',
} as const

const credentialProcess = suite('credential_process, read by others')

async function withStage(lifeSeconds: number, test: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await startStage({ profile: { durationSeconds: lifeSeconds } })
  try {
    await test(stage)
    assert.is(stage.vaultEmulator.liveTokens(), 0)
  } finally {
    await stage.close()
  }
}

async function withApp(
  reader: SdkReader,
  lifeSeconds: number,
  test: (stage: Stage, app: App) => Promise<void>,
): Promise<void> {
  await withStage(lifeSeconds, async (stage) => {
    const app = startApp(reader, { ...appEnv(stage, home), ...processEnv(stage, home) })
    try {
      await test(stage, app)
    } finally {
      await app.end()
    }
  })
}

credentialProcess('the shipped file says nothing but its JSON, whatever there is to warn of', () =>
  withStage(3600, async (stage) => {
    writeFileSync(join(home, 'token'), stage.token())
    const env = { ...stage.env, HOME: home, SERVICE_ACCOUNT_TOKEN_FILE: join(home, 'token') }
    const { code, stdout, stderr } = await runChild(BINARY, ['credential-process'], {
      ...env,
      VAULT_TOKEN: 'of-the-laptop',
    })
    assert.is(stderr, '')
    assert.is(code, 0)
    const [session] = stage.sessions.issued
    assert.equal(JSON.parse(stdout), {
      Version: 1,
      AccessKeyId: session?.accessKeyId,
      SecretAccessKey: session?.secretAccessKey,
      SessionToken: session?.sessionToken,
      Expiration: new Date(session?.expiresAtMs ?? 0).toISOString().replace('.000Z', 'Z'),
    })
    assert.match(stdout, /^[^\n]+\n$/)
  }),
)

for (const reader of READERS) {
  credentialProcess(`${reader} takes credentials from it, and STS and S3 know them`, () =>
    withStage(3600, async (stage) => {
      const answer = await askOnce(reader, python, { ...appEnv(stage, home), ...processEnv(stage, home) })
      const arns = stage.sessions.issued.map(({ assumedRoleArn }) => assumedRoleArn)
      assert.ok('arn' in answer, JSON.stringify(answer))
      assert.ok(arns.includes(answer.arn))
      assert.equal(answer.buckets, stage.buckets)
    }),
  )

  credentialProcess(`where it fails, ${reader} ${SAYS[reader]}`, () =>
    withStage(3600, async (stage) => {
      const env = processEnv(stage, home, { VAULT_ROLE: 'another' })
      const answer = JSON.stringify(await askOnce(reader, python, { ...appEnv(stage, home), ...env }))
      assert.match(answer, shown(reader, /aws-iam-ra: identity: .*another.*hint: /))
      assert.is(stage.sessions.issued.length, 0)
    }),
  )
}

/** Both SDKs start the process again for what ends within five minutes. */
const NEAR_END_SECONDS = 290

for (const reader of ['boto3', 'JavaScript SDK'] as const) {
  credentialProcess(
    `an app with ${reader} goes on with new credentials once its own are near their end`,
    () =>
      withApp(reader, NEAR_END_SECONDS, async (stage, app) => {
        const first = await app.askOne({ app: 'kept' })
        const second = await nextAnswer(app, first)
        for (const answer of [first, second]) {
          assert.ok(
            stage.sessions.issued.some((one) => one.assumedRoleArn === arnOf(answer)),
            arnOf(answer),
          )
        }
        assert.is.not(arnOf(second), arnOf(first))
      }),
  )
}

/** Before its last ten minutes botocore goes on where it is not given new ones; the JavaScript SDK does to the end. */
const LIVES = { boto3: 14 * 60, 'JavaScript SDK': NEAR_END_SECONDS } as const

for (const reader of ['boto3', 'JavaScript SDK'] as const) {
  credentialProcess(`an app with ${reader} goes on with what it has while the process fails`, () =>
    withApp(reader, LIVES[reader], async (stage, app) => {
      const before = await app.askOne({ app: 'kept' })
      assert.ok('arn' in before, JSON.stringify(before))
      const refusal = { status: 400, headers: {}, body: '{"errors":["invalid role name"]}' }
      stage.vault.intercept = ({ path }) => (path.endsWith('/login') ? refusal : undefined)
      assert.equal(await app.askOne({ app: 'kept' }), before)
      assert.match(
        JSON.stringify(await app.askOne({ app: 'fresh' })),
        shown(reader, /aws-iam-ra: identity: /),
      )
    }),
  )
}

credentialProcess.run()
