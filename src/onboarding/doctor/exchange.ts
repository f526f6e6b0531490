/** The pod's whole way, from this machine: a token of the workload's account, and then the same steps as `check`. */
import { followSource } from '../../inspection/follow.ts'
import { createInspection } from '../../inspection/inspection.ts'
import { failedStep, type CheckStep } from '../../inspection/step.ts'
import type { Obtained } from '../../credentials.ts'
import type { InputFiles } from '../../run/input-file.ts'
import type { Logger } from '../../run/log.ts'
import type { Runtime } from '../../run/runtime.ts'
import { readArguments } from '../../settings/arguments.ts'
import { readInvocation } from '../../settings/read.ts'
import { vaultPki } from '../../settings/vault-pki.ts'
import { openSource, type SourceOf } from '../../sources/sources.ts'
import type { VaultCluster } from '../authority/vault/names.ts'
import type { Kubectl } from '../kubernetes/kubectl.ts'
import { commonName } from '../names.ts'
import type { Arns } from './cluster/objects.ts'
import type { Examination } from './examination.ts'
import { failed, ok } from './finding.ts'
import type { Bound } from '../aws/installation.ts'

interface ExchangeQuestion {
  readonly bound: Bound
  readonly arns: Arns
  readonly place: VaultCluster
  readonly audience: string
  /** Of the auth mount. */
  readonly authRole: string
  /** Whether the pod's token goes to the node agent, which then goes this way for it. */
  readonly isForAgent: boolean
  readonly kubectl: Kubectl
  readonly runtime: Runtime
  readonly interrupt: AbortSignal
  onStep(step: CheckStep): void
}

/** The least that the API server issues. */
const TOKEN_SECONDS = 600
const DEADLINE_SECONDS = 60

export async function examineExchange(exam: Examination, question: ExchangeQuestion): Promise<void> {
  const { bound, audience, kubectl } = question
  const { namespace, account } = bound.binding
  const token = await exam.look('Exchange', 'token', {
    read: () => kubectl.token({ namespace, name: account }, audience, TOKEN_SECONDS),
    judge: () => [ok(`the cluster issued a token of ${namespace}/${account} for audience ${audience}`)],
  })
  if (token === undefined) return
  const settings = await exam.look('Exchange', 'settings', { read: () => readSettings(question) })
  if (settings === undefined) return
  const { obtained, steps } = await walk(settings, token, question)
  const error = failedStep(steps)?.error
  if (obtained === undefined || error !== undefined) {
    exam.say('Exchange', 'exchange', [
      failed(
        error?.message ?? 'the exchange failed',
        error?.hint ?? 'settle what the step above says, then run this again',
      ),
    ])
    return
  }
  const isRevoked = steps.some(({ found }) => found['revoked'] === true)
  exam.say('Exchange', 'exchange', [
    ok(
      `a pod gets credentials; these are dropped, and the Vault token is ${isRevoked ? 'revoked' : 'left to expire'}`,
    ),
    ok(trail(bound, obtained)),
    ...(question.isForAgent ? [ok(AS_THE_AGENT)] : []),
  ])
}

/** A token of `kubectl create token` has no pod. */
const AS_THE_AGENT =
  'this went to Vault and AWS as the node agent does, not through an agent: it would refuse this token, which names no node'

function trail({ binding, role }: Bound, { credentials, certificate }: Obtained): string {
  const session = credentials.sessionName ?? certificate?.serialHex ?? ''
  return `CloudTrail will show CreateSession of rolesanywhere.amazonaws.com by CN=${commonName(binding)}, and what the pod does as ${role.name}/${session}, the serial of its certificate`
}

/** What the operator's own environment has to say on the way to Vault and AWS. */
const OWN = [
  ...['VAULT_ADDR', 'VAULT_CACERT', 'VAULT_TLS_SERVER_NAME', 'VAULT_NAMESPACE'],
  ...[
    'AWS_ENDPOINT_URL_ROLESANYWHERE',
    'AWS_CA_BUNDLE',
    'AWS_USE_FIPS_ENDPOINT',
    'AWS_USE_DUALSTACK_ENDPOINT',
  ],
  ...['HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'],
]

/** The settings of a pod, as `k8s onboard` prints them, but for the way to Vault. @throws IamRaError */
async function readSettings({
  bound,
  arns,
  place,
  authRole,
  audience,
  runtime,
}: ExchangeQuestion): Promise<SourceOf<'vault-pki'>> {
  const { cluster, namespace, account } = bound.binding
  const env = {
    ...Object.fromEntries(OWN.map((name) => [name, runtime.env[name]])),
    VAULT_AUTH_MOUNT: place.authMount,
    VAULT_ROLE: authRole,
    VAULT_PKI_MOUNT: place.pkiMount,
    VAULT_CERT_NAME: place.pkiRole,
    VAULT_CERT_CN: commonName(bound.binding),
    CERT_URI_SANS: `spiffe://${cluster}/ns/${namespace}/sa/${account}`,
    SERVICE_ACCOUNT_TOKEN_FILE: '/token',
    ROLE_ARN: arns.ROLE_ARN,
    ANCHOR_ARN: arns.TRUST_ANCHOR_ARN,
    PROFILE_ARN: arns.PROFILE_ARN,
  }
  const invocation = await readInvocation(
    readArguments([], []),
    (reader) => vaultPki(reader, DEADLINE_SECONDS),
    { ...runtime, env },
  )
  if ('shows' in invocation) throw new Error('a run without arguments shows nothing')
  const { settings } = invocation
  const tokenFile = `kubectl create token ${account} --namespace ${namespace} --audience ${audience}`
  return { ...settings, vault: { ...settings.vault, tokenFile } }
}

const SILENT: Logger = { step: nothing, info: nothing, warn: nothing, error: nothing }

function nothing(): void {
  // An inspection keeps what is said.
}

async function walk(
  settings: SourceOf<'vault-pki'>,
  token: string,
  { runtime, interrupt, onStep }: ExchangeQuestion,
): Promise<{ readonly obtained: Obtained | undefined; readonly steps: readonly CheckStep[] }> {
  const held = { ...runtime, memoryFiles: holding(token) }
  const inspection = createInspection(held, SILENT, DEADLINE_SECONDS * 1000, interrupt, onStep)
  const obtained = await followSource(await openSource(settings), inspection)
  return { obtained, steps: inspection.steps }
}

/** The token is never in a file. */
function holding(token: string): InputFiles {
  const bytes = Buffer.from(token)
  const status = { isFile: () => true, size: bytes.length }
  return {
    stat: () => Promise.resolve(status),
    open: () => {
      let at = 0
      return Promise.resolve({
        stat: () => Promise.resolve(status),
        read: (buffer, offset, length) => {
          const bytesRead = bytes.copy(buffer, offset, at, at + length)
          at += bytesRead
          return Promise.resolve({ bytesRead })
        },
        close: () => Promise.resolve(),
      })
    },
  }
}
