/**
 * The shipped file with keys of a real Vault's AWS secrets engine. Relays before Vault and before moto keep what was said,
 * so that a test knows every secret, and can meddle.
 */
import { setTimeout as delay } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import type { Servers } from '../e2e/harness.ts'
import { createSessionStore, type IssuedSession } from '../rig/emulators/sessions.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { startGateway, type Gateway } from '../rig/servers/gateway.ts'
import { MOUNT, startVaultAwsAccount, type VaultAwsAccount } from './vault-aws-account.ts'
import { addPodLogins } from './vault-aws-pod.ts'

/** To a run it looks like the emulated stage; `rolesAnywhere` is moto, which is all of AWS here. */
export interface ShippedScene extends Servers {
  readonly account: VaultAwsAccount
  readonly vault: Gateway
  readonly aws: Gateway
  /** What Vault gave so far, in its order. */
  given(): readonly GivenKeys[]
  /** Accessors of Vault's tokens: who leaves none behind changes nothing of them. */
  tokens(): Promise<readonly string[]>
  /** Takes back what runs left, by their nature or by a failure. */
  revokeAll(): Promise<void>
  close(): Promise<void>
}

export interface GivenKeys extends IssuedSession {
  /** Empty where nothing was leased. */
  readonly leaseId: string
}

const S3_READ = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'

/** @param leaseSeconds of an IAM user's keys; they can be renewed up to 20 minutes */
export async function startShippedScene(leaseSeconds: number): Promise<ShippedScene> {
  const account = await startVaultAwsAccount()
  const server = account.vault
  const vault = await startGateway(server.url)
  const aws = await startGateway(account.moto.url)
  const cluster = await addPodLogins(account, { pod: {}, stranger: { token_policies: ['default'] } })
  for (const mount of ['aws', MOUNT]) {
    await server.write(`${mount}/config/lease`, { lease: `${leaseSeconds}s`, lease_max: '20m' })
    await server.write(`${mount}/roles/readonly`, { credential_type: 'iam_user', policy_arns: [S3_READ] })
    await server.write(`${mount}/roles/assumed`, {
      credential_type: 'assumed_role',
      role_arns: [EXAMPLE.roleArn],
    })
  }
  const given = (): readonly GivenKeys[] => vault.answers.flatMap(({ body }) => givenIn(body))
  return {
    account,
    vault,
    aws,
    rolesAnywhere: aws,
    sessions: {
      ...createSessionStore(),
      get issued() {
        return given()
      },
    },
    token: () => cluster.token(),
    given,
    tokens: async () => (await server.list('auth/token/accessors')).toSorted(),
    async revokeAll() {
      for (const mount of ['aws', MOUNT]) await server.write(`sys/leases/revoke-prefix/${mount}/creds`, {})
      await account.untilNoUsers()
    },
    env: {
      VAULT_ADDR: vault.url,
      VAULT_AUTH_METHOD: 'jwt',
      VAULT_ROLE: 'pod',
      VAULT_AWS_PATH: 'aws/creds/readonly',
      AWS_ENDPOINT_URL_STS: aws.url,
      AWS_REGION: EXAMPLE.region,
    },
    async close() {
      await Promise.all([vault.close(), aws.close(), account.close()])
    },
  }
}

function givenIn(body: string): readonly GivenKeys[] {
  if (!body.includes('"access_key"')) return []
  const { data, lease_id: leaseId } = JSON.parse(body) as {
    data: { access_key: string; secret_key: string; session_token?: string | null; arn?: string | null }
    lease_id: string
  }
  return [
    {
      accessKeyId: data.access_key,
      secretAccessKey: data.secret_key,
      sessionToken: data.session_token ?? '',
      assumedRoleArn: data.arn ?? '',
      leaseId: data.session_token ? '' : leaseId,
      // Nobody asks these of them.
      ...{ assumedRoleId: '', account: EXAMPLE.account, expiresAtMs: 0 },
    },
  ]
}

/** The keys that Vault gave last. */
export function latest(scene: ShippedScene): GivenKeys {
  const keys = scene.given().at(-1)
  if (keys === undefined) throw new Error('Vault gave no keys')
  return keys
}

/** Of Vault's tokens and keys, all that came by. */
export function secretsOf(scene: ShippedScene): readonly string[] {
  return [
    ...scene.vault.requests.map(({ request }) => request.header('x-vault-token') ?? ''),
    ...scene.given().flatMap((one) => [one.accessKeyId, one.secretAccessKey, one.sessionToken]),
  ]
}

/** The assertion does not repeat what it found. */
export function sayNoSecret(said: string, secrets: readonly string[]): void {
  const known = secrets.filter((secret) => secret.length >= 8)
  assert.not.ok(
    known.some((secret) => said.includes(secret)),
    'a secret was said',
  )
}

/** Of what `until` waits for: a lease may have to end. */
const LONGEST_MS = 90_000

/** Asks again and again, with a pause in between. @throws Error where the answer stays no */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + LONGEST_MS
  while (performance.now() < end) {
    if (await holds()) return
    await delay(250)
  }
  throw new Error(`waited in vain until ${what}`)
}
