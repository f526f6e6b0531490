/** That `check` goes the way of a run, for each source: the same requests in the same order, wherever the way ends. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { main } from '../../src/aws-iam-ra.ts'
import type { HttpRequest } from '../../src/net/http.ts'
import type { CredentialsSource } from '../../src/sources/sources.ts'
import type { ScriptedAnswer } from '../support/fake-runtime.ts'
import { SESSION } from '../support/session-answer.ts'
import { rehearse, STEPS, type Rehearsal, type Step } from '../support/rehearsal.ts'

type Kind = CredentialsSource['kind']

/** What each source is told and answered besides what the emulators know. */
interface Scene {
  /** Its steps by the names of the rehearsal, where the keys of Vault's AWS engine are a sign too. */
  readonly asks: readonly Step[]
  readonly without: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly meddle: Rehearsal['meddle']
}

const KEYS = join(import.meta.dirname, '..', 'keys')
const OF_VAULT = ['VAULT_ADDR', 'VAULT_ROLE', 'SERVICE_ACCOUNT_TOKEN_FILE']
const OF_PKI = ['VAULT_CERT_NAME', 'VAULT_CERT_CN']
const OF_ROLES_ANYWHERE = ['ROLE_ARN', 'ANCHOR_ARN', 'PROFILE_ARN', 'AWS_ENDPOINT_URL_ROLESANYWHERE']

function keys(members: object, leaseId: string): ScriptedAnswer {
  const data = {
    access_key: 'AKIAEXAMPLE000000001',
    secret_key: 'canary/secret+access0key',
    ...members,
  }
  return {
    status: 200,
    body: { request_id: 'a0b1', lease_id: leaseId, lease_duration: 3600, renewable: true, data },
  }
}

const LEASED = keys({ security_token: null }, 'aws/creds/readonly/lease')
const OF_STS = keys(
  { security_token: 'canary/session+token==', ttl: 3600, arn: 'arn:aws:sts::111122223333:assumed-role/a/b' },
  '',
)
const IDENTITY: ScriptedAnswer = {
  status: 200,
  body: '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/vault-x</Arn><UserId>x</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
}

const THROUGH_VAULT_AWS = {
  asks: ['login', 'sign', 'revoke'],
  without: [...OF_PKI, ...OF_ROLES_ANYWHERE],
  env: { VAULT_AWS_PATH: 'aws/creds/readonly', AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:9' },
} as const

/** A source that has no scene here does not compile. */
const SCENES: Readonly<Record<Kind, Scene>> = {
  'vault-pki': { asks: STEPS, without: [], env: {}, meddle: () => undefined },
  'mounted-certificate': {
    asks: ['exchange'],
    without: [...OF_VAULT, ...OF_PKI],
    env: {
      CERTIFICATE_FILE: join(KEYS, 'p256.pem'),
      PRIVATE_KEY_FILE: join(KEYS, 'p256-sec1.pem'),
      CERTIFICATE_CHAIN_FILE: join(KEYS, 'intermediate.pem'),
    },
    meddle: (step) => (step === 'exchange' ? SESSION : undefined),
  },
  'vault-aws': { ...THROUGH_VAULT_AWS, meddle: (step) => (step === 'sign' ? OF_STS : undefined) },
}

const LEASE_SCENE: Scene = {
  ...THROUGH_VAULT_AWS,
  // First the keys, then whose they are.
  meddle: (step, count) => (step !== 'sign' ? undefined : count === 1 ? LEASED : IDENTITY),
}

/** @param failing is refused each time */
async function requests(argv: readonly string[], scene: Scene, failing?: Step): Promise<string[]> {
  const rehearsal = await rehearse()
  try {
    for (const name of scene.without) Reflect.deleteProperty(rehearsal.env, name)
    Object.assign(rehearsal.env, scene.env)
    rehearsal.meddle = (step, count) =>
      step === failing ? { status: 403, body: { errors: ['no'] } } : scene.meddle(step, count)
    const code = await main({ ...rehearsal.runtime, argv }, new AbortController().signal)
    const shown = rehearsal.wire.requests.map(shapeOf)
    assert.is(code === 0, failing === undefined || failing === 'revoke', shown.join('\n'))
    return shown
  } finally {
    await rehearsal.close()
  }
}

/** What of a request is the same in each run: no key, token, signature or moment. */
function shapeOf({ method, url, headers, body = '' }: HttpRequest): string {
  const members = body.startsWith('{') ? Object.keys(JSON.parse(body) as object) : [body]
  return [method, url.pathname + url.search, Object.keys(headers).sort(), members.sort()].join(' ')
}

const REVOKED = /^POST \/v1\/auth\/token\/revoke-self /
const REACHED = /^GET \/ user-agent/

const way = suite('the way of a check')

for (const kind of Object.keys(SCENES) as Kind[]) {
  const scene = SCENES[kind]

  way(`from ${kind} is that of a run`, async () => {
    const run = await requests([], scene)
    assert.ok(run.length >= scene.asks.length)
    assert.equal(await requests(['check'], scene), run)
  })

  for (const step of scene.asks) {
    way(`from ${kind} ends where a run does when ${step} is refused`, async () => {
      const run = await requests([], scene, step)
      const [check, more] = split(await requests(['check'], scene, step), run.length)
      assert.equal(check, run)
      // Without a certificate a run asks nothing of AWS, and a check whether it can be reached.
      const isReached = kind === 'vault-pki' && (step === 'login' || step === 'sign')
      assert.is(more.length, isReached ? 1 : 0)
      assert.ok(more.every((shape) => REACHED.test(shape)))
    })
  }
}

way('from vault-aws with a lease is that of a run, and then ends what a run keeps', async () => {
  const run = await requests([], LEASE_SCENE)
  const [check, more] = split(await requests(['check'], LEASE_SCENE), run.length)
  assert.equal(check, run)
  assert.is(more.length, 1)
  assert.match(more[0] ?? '', REVOKED)
})

function split(all: readonly string[], at: number): readonly [string[], string[]] {
  return [all.slice(0, at), all.slice(at)]
}

way.run()
