/** The agent's core between tokens that a test makes, a Vault that knows them, and exchanges that it ends. */
import { createHash } from 'node:crypto'
import { createAgent, type Agent } from '../../src/agent/agent.ts'
import type { Caller } from '../../src/agent/caller.ts'
import { identityOf, type Identity } from '../../src/agent/identity.ts'
import type { Question } from '../../src/agent/question.ts'
import { parseArn, type Arn } from '../../src/aws/arn.ts'
import type { Obtained } from '../../src/credentials.ts'
import type { Answer } from '../../src/endpoint/answer.ts'
import { IamRaError } from '../../src/errors.ts'
import { fakeClock, recordingLogger, type FakeClock, type RecordingLogger } from '../support/fake-runtime.ts'

export const ROLE = 'arn:aws:iam::111122223333:role/team/app'
export const ANCHOR =
  'arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/11111111-2222-3333-4444-555555555555'
export const PROFILE =
  'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/66666666-7777-8888-9999-000000000000'
export const ISSUER = 'https://kubernetes.default.svc'
export const MINUTE = 60_000

export function arn(text: string): Arn {
  const parsed = parseArn(text)
  if (parsed === undefined) throw new Error('not an ARN')
  return parsed
}

export const OFFER = {
  anchor: arn(ANCHOR),
  profile: arn(PROFILE),
  durationSeconds: 3600,
  anchors: [arn(ANCHOR)],
  profiles: [arn(PROFILE)],
}

export const VAULT_AWAY = new IamRaError('UNAVAILABLE', 'identity', 'Vault answered 500', {
  retryable: true,
  status: 500,
})
export const VAULT_REFUSES = new IamRaError('REFUSED', 'identity', 'Vault refused the login', { status: 403 })

export interface TokenOptions {
  readonly namespace?: string
  readonly account?: string
  readonly uid?: string
  readonly pod?: string
  /** Seconds from now; null for none. */
  readonly lifeSeconds?: number | null
  /** Claims over all others; undefined takes one away. */
  readonly claims?: Readonly<Record<string, unknown>>
}

export interface Login {
  readonly caller: Caller
  /** Lets it end, if the scene holds logins. */
  end(error?: IamRaError): void
}

export interface Exchange {
  readonly token: string
  readonly identity: Identity
  readonly question: Question
  end(error?: IamRaError): void
}

export interface SceneOptions {
  readonly holdsLogins?: boolean
  readonly holdsExchanges?: boolean
  readonly lifeMs?: number
  readonly podRange?: string
  readonly random?: () => number
}

export interface Scene {
  readonly agent: Agent
  readonly clock: FakeClock
  readonly logger: RecordingLogger
  readonly logins: readonly Login[]
  readonly exchanges: readonly Exchange[]
  /** What Vault says of every login from now on; undefined for yes. */
  vault: IamRaError | undefined
  /** The same of exchanges. */
  aws: IamRaError | undefined
  token(options?: TokenOptions): string
  ask(token: string, options?: AskOptions): Promise<Answer>
}

export interface AskOptions {
  readonly query?: string
  readonly address?: string
  readonly target?: string
  readonly method?: string
  /** Over Host and Authorization. */
  readonly headers?: readonly string[]
}

let count = 0

export function scene(options: SceneOptions = {}): Scene {
  const clock = fakeClock(-1)
  const logger = recordingLogger()
  const logins: Login[] = []
  const exchanges: Exchange[] = []
  const agent = createAgent({
    settings: {
      podRanges: [
        { network: options.podRange ?? '10.0.0.0', prefix: 8, family: 'ipv4' },
        { network: 'fd00:10::', prefix: 32, family: 'ipv6' },
      ],
      offer: OFFER,
      token: { audience: 'iam-ra-agent', node: 'node-1', issuer: ISSUER },
    },
    hosts: ['169.254.170.23', '[fd00:ec2::23]'],
    runtime: { clock, random: options.random ?? (() => 0.5) },
    logger,
    logIn: (caller) =>
      new Promise((resolve, reject) => {
        const end = (error = one.vault): void => {
          if (error !== undefined) reject(error)
          else resolve(identityOf(metadataOf(caller), caller, 'demo'))
        }
        logins.push({ caller, end })
        if (options.holdsLogins !== true) end()
      }),
    exchange: (token, identity, question) =>
      new Promise((resolve, reject) => {
        const number = exchanges.length + 1
        const end = (error = one.aws): void => {
          if (error !== undefined) reject(error)
          else resolve(obtained(identity, question, number, clock.now() + (options.lifeMs ?? 60 * MINUTE)))
        }
        exchanges.push({ token, identity, question, end })
        if (options.holdsExchanges !== true) end()
      }),
  })
  const one: Scene = {
    agent,
    clock,
    logger,
    logins,
    exchanges,
    vault: undefined,
    aws: undefined,
    token: (wanted) => tokenOf(clock, wanted),
    ask: async (
      token,
      { query = `role=${ROLE}`, address = '10.0.0.1', target, method = 'GET', headers } = {},
    ) =>
      await agent.handler({
        method,
        target: target ?? `/v1/credentials?${query}`,
        headers: headers ?? ['Host', '169.254.170.23:9911', 'Authorization', token],
        port: 9911,
        address,
      }),
  }
  return one
}

function metadataOf({ namespace, account, uid }: Caller): Readonly<Record<string, string>> {
  return {
    service_account_namespace: namespace,
    service_account_name: account,
    service_account_uid: uid,
  }
}

/** Keys that say whose they are. */
export function secretOf({ namespace, account, uid }: Identity, question: Question): string {
  const asked = JSON.stringify([namespace, account, uid, question])
  return createHash('sha256').update(asked).digest('hex')
}

function obtained(identity: Identity, question: Question, number: number, expiresAtMs: number): Obtained {
  return {
    credentials: {
      accessKeyId: `ASIA${String(number).padStart(16, '0')}`,
      secretAccessKey: secretOf(identity, question),
      sessionToken: `session-${number}`,
      expiresAtMs,
      roleArn: question.roleArn.text,
      sessionName: 'a',
    },
    certificate: { serialHex: `SERIAL${number}`, requestId: 'r' },
  }
}

function tokenOf(clock: FakeClock, options: TokenOptions = {}): string {
  const {
    namespace = 'frontend',
    account = 'app',
    uid = 'uid-1',
    pod = 'app-1',
    lifeSeconds = 3600,
  } = options
  const nowSeconds = Math.floor(clock.now() / 1000)
  const claims = {
    aud: ['iam-ra-agent'],
    ...(lifeSeconds !== null && { exp: nowSeconds + lifeSeconds }),
    iat: nowSeconds,
    iss: ISSUER,
    jti: String((count += 1)),
    'kubernetes.io': {
      namespace,
      node: { name: 'node-1' },
      pod: { name: pod, uid: `${pod}-uid` },
      serviceaccount: { name: account, uid },
    },
    sub: `system:serviceaccount:${namespace}:${account}`,
    ...options.claims,
  }
  return jwt({ alg: 'RS256' }, claims)
}

export function jwt(head: object, claims: object): string {
  const [first, second] = [head, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  return `${first}.${second}.c2lnbmF0dXJl`
}

export interface Given {
  readonly AccessKeyId: string
  readonly SecretAccessKey: string
  readonly Token: string
  readonly Expiration: string
  readonly AccountId: string
}

/** @throws Error if it is a refusal */
export function given({ status, body }: Answer): Given {
  if (status !== 200) throw new Error(`answered ${status}: ${body}`)
  return JSON.parse(body) as Given
}
