import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { leaseCredentials } from '../../src/vault-aws/lease-credentials.ts'
import type { VaultAwsSettings } from '../../src/vault-aws/settings.ts'
import type { Obtained } from '../../src/credentials.ts'
import type { VaultAnswer } from '../../src/vault/answer.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { errorText } from '../support/error-text.ts'
import {
  fakeBounds,
  fakeRuntime,
  FAKE_NOW_MS,
  recordingLogger,
  scriptedHttp,
  type FakeRuntime,
  type RecordingLogger,
  type ScriptedHttp,
} from '../support/fake-runtime.ts'
import { arn } from '../exchange/fixture.ts'
import {
  ASSUMED_ROLE,
  IAM_USER,
  refused,
  scriptedSession,
  vaultAnswer,
  type ScriptedSession,
  type SessionScript,
} from './vault-session.ts'

const USER = 'arn:aws:iam::111122223333:user/vault-app'
const known = { status: 200, body: `<Arn>${USER}</Arn>` }
const unavailable = (): IamRaError =>
  new IamRaError('UNAVAILABLE', 'exchange', 'Vault answered 502', { retryable: true, status: 502 })

interface Scene {
  readonly obtained: Promise<Obtained>
  readonly session: ScriptedSession
  readonly wire: ScriptedHttp
  readonly logger: RecordingLogger
  readonly runtime: FakeRuntime
}

/** @param read what Vault does at each read, the last one again and again */
function obtain(
  read: readonly (VaultAnswer | Error)[],
  changes: Partial<VaultAwsSettings> = {},
  script: SessionScript & { readonly sts?: Parameters<typeof scriptedHttp>[0] } = {},
): Scene {
  const wire = scriptedHttp(script.sts ?? [known])
  const runtime = fakeRuntime({ http: wire.http })
  const logger = recordingLogger()
  const session = scriptedSession(runtime.clock, {
    ...script,
    read: () => {
      const answer = read[Math.min(session.reads.length, read.length) - 1]
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('no answer')
      return answer
    },
  })
  const sts = { region: 'eu-west-1', endpoint: new URL('https://sts.eu-west-1.amazonaws.com') }
  const settings = { path: 'cloud/aws dev/creds/app', sts, ...changes }
  const obtained = leaseCredentials(settings, session, { runtime, bounds: fakeBounds(runtime.clock), logger })
  return { obtained, session, wire, logger, runtime }
}

const user = suite("keys of an IAM user out of Vault's AWS engine")

user('come by GET, are settled at AWS, and end with their lease', async () => {
  const { obtained, session, wire, logger } = obtain([vaultAnswer(IAM_USER)])
  const { credentials, lease, certificate } = await obtained
  assert.equal(credentials, {
    accessKeyId: IAM_USER.access_key,
    secretAccessKey: IAM_USER.secret_key,
    expiresAtMs: FAKE_NOW_MS + 300_000,
    arn: USER,
  })
  assert.ok(lease)
  assert.is(certificate, undefined)
  assert.is(session.reads[0]?.path, 'cloud/aws%20dev/creds/app')
  assert.equal(session.reads[0]?.query, {})
  assert.is(session.counts.ends, 0)
  assert.is(wire.requests.length, 1)
  assert.equal(logger.messages('warn'), [])
  assert.not.match(JSON.stringify(logger.lines), /canary|AKIA/)
})

user('end with the Vault token where that lives shorter', async () => {
  const { obtained } = obtain([vaultAnswer(IAM_USER)], {}, { lifeMs: 60_000 })
  assert.is((await obtained).credentials.expiresAtMs, FAKE_NOW_MS + 60_000)
})

user('that AWS does not know before the deadline are given back', async () => {
  const sts = (): { status: number; body: string } => ({
    status: 403,
    body: '<Code>InvalidClientTokenId</Code>',
  })
  const { obtained, session, wire } = obtain([vaultAnswer(IAM_USER)], {}, { sts })
  const error = await rejectsWithCode(obtained, 'DEADLINE')
  assert.match(error.message, /AWS does not recognize the new keys yet/)
  assert.is(session.counts.ends, 1)
  assert.is(wire.open(), 0)
})

user('whose token ends while AWS gets to know them are asked for anew', async () => {
  const scene: Scene = obtain(
    [vaultAnswer(IAM_USER)],
    {},
    {
      lifeMs: 30_000,
      sts: () => {
        scene.runtime.clock.advance(30_000)
        return known
      },
    },
  )
  await rejectsWithCode(scene.obtained, 'OUTLIVED')
  assert.is(scene.session.counts.ends, 1)
})

user('of a batch token that fail live on, which is said', async () => {
  const sts = [{ status: 200, body: '<html>' }]
  const { obtained, logger } = obtain([vaultAnswer(IAM_USER)], {}, { isBatch: true, sts })
  await rejectsWithCode(obtained, 'ANSWER_INVALID')
  assert.match(logger.messages('warn')[0] ?? '', /keys stay valid until 2026-11-21T12:05:00.000Z/)
})

user('are not taken where ROLE_ARN asks for a role', async () => {
  const roleArn = arn('arn:aws:iam::111122223333:role/app')
  const { obtained, session, wire } = obtain([vaultAnswer(IAM_USER)], { roleArn })
  const error = await rejectsWithCode(obtained, 'ANSWER_INVALID')
  assert.match(error.message, /belong to an IAM user, not to ROLE_ARN/)
  assert.match(error.hint ?? '', /credential_type=assumed_role .* cloud\/aws dev\/roles\/app/)
  assert.is(session.counts.ends, 1)
  assert.is(wire.requests.length, 0)
})

user.run()

const role = suite("keys of STS out of Vault's AWS engine")

role('end when AWS says so, need no lease, and leave no token', async () => {
  const { obtained, session, wire } = obtain(
    [vaultAnswer(ASSUMED_ROLE, 600)],
    {
      path: 'aws/sts/app',
      roleArn: arn('arn:aws:iam::111122223333:role/team/app'),
      durationSeconds: 1800,
      sessionName: 'pod',
    },
    { lifeMs: 60_000 },
  )
  assert.equal(await obtained, {
    credentials: {
      accessKeyId: ASSUMED_ROLE.access_key,
      secretAccessKey: ASSUMED_ROLE.secret_key,
      sessionToken: ASSUMED_ROLE.session_token,
      expiresAtMs: FAKE_NOW_MS + 1_799_000,
      arn: ASSUMED_ROLE.arn,
      roleArn: 'arn:aws:iam::111122223333:role/team/app',
      sessionName: 'pod',
    },
  })
  assert.equal(session.reads[0]?.query, {
    role_arn: 'arn:aws:iam::111122223333:role/team/app',
    ttl: '1800s',
    role_session_name: 'pod',
  })
  assert.is(session.counts.ends, 1)
  assert.is(wire.requests.length, 0)
})

role('of an older Vault have security_token and their life in the lease', async () => {
  const data = { ...ASSUMED_ROLE, session_token: undefined, ttl: undefined, arn: undefined }
  const { credentials, lease } = await obtain([vaultAnswer(data, 600)]).obtained
  assert.is(credentials.sessionToken, ASSUMED_ROLE.security_token)
  assert.is(credentials.expiresAtMs, FAKE_NOW_MS + 600_000)
  assert.is(credentials.arn, undefined)
  assert.is(lease, undefined)
})

for (const other of ['arn:aws:iam::111122223333:role/other', 'arn:aws:iam::999922223333:role/app']) {
  role(`of another role than ${other} are not taken for it`, async () => {
    const { obtained } = obtain([vaultAnswer(ASSUMED_ROLE)], { roleArn: arn(other) })
    const error = await rejectsWithCode(obtained, 'ANSWER_INVALID')
    assert.match(
      error.message,
      /keys belong to arn:aws:sts::111122223333:assumed-role\/app\/pod, not to ROLE_ARN/,
    )
  })
}

role.run()

const reading = suite("a read of Vault's AWS engine")

reading('that Vault cannot answer now is tried again', async () => {
  const { obtained, session } = obtain([unavailable(), unavailable(), vaultAnswer(ASSUMED_ROLE)])
  await obtained
  assert.is(session.reads.length, 3)
})

reading('that is refused is explained, and ends the token', async () => {
  const { obtained, session } = obtain([refused(403, 'permission denied')])
  const error = await rejectsWithCode(obtained, 'REFUSED')
  assert.match(error.hint ?? '', /allow read on cloud\/aws dev\/creds\/app/)
  assert.is(session.reads.length, 1)
  assert.is(session.counts.ends, 1)
})

reading('that the token does not live to see begins again with a login', async () => {
  const { obtained, session } = obtain([unavailable()], {}, { lifeMs: 100 })
  await rejectsWithCode(obtained, 'OUTLIVED')
  assert.is(session.counts.ends, 1)
})

for (const [title, answer, said] of [
  ['no keys', vaultAnswer({ value: 'canary' }), /access_key is missing/],
  ['half a key', vaultAnswer({ ...IAM_USER, secret_key: '' }), /secret_key is missing/],
  [
    'a key with a line break',
    vaultAnswer({ ...IAM_USER, secret_key: 'canary\ncanary-canary' }),
    /characters/,
  ],
  [
    'a strange session token',
    vaultAnswer({ ...ASSUMED_ROLE, session_token: 'canary "x"' }),
    /session_token has/,
  ],
  ["no lease of a user's keys", vaultAnswer(IAM_USER, -1), /lease_id is missing/],
  ['no life', vaultAnswer({ ...ASSUMED_ROLE, ttl: undefined }, -1), /ttl is missing/],
] as const) {
  reading(`whose answer has ${title} fails without showing it`, async () => {
    const { obtained, session } = obtain([answer])
    const error = await rejectsWithCode(obtained, 'ANSWER_INVALID')
    assert.match(error.message, said)
    assert.match(error.hint ?? '', /VAULT_AWS_PATH/)
    assert.not.match(errorText(error), /canary/)
    assert.is(session.counts.ends, 1)
  })
}

reading('hands warnings of Vault on, once each', async () => {
  const warnings = ['TTL of "9h" exceeded', 'TTL of "9h" exceeded']
  const { obtained, logger } = obtain([{ ...vaultAnswer(ASSUMED_ROLE), warnings }])
  await obtained
  assert.equal(logger.messages('warn'), ['Vault on the AWS credentials: TTL of "9h" exceeded'])
})

reading.run()
