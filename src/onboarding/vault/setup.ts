/** Reads and checks a file like k8s/vault/setup.json, which says what Vault must have; reports every problem at once. */
import { parseArn } from '../../aws/arn.ts'
import type { IamRaError } from '../../errors.ts'
import { isRecord } from '../../text/json.ts'
import { omitUndefined } from '../../text/omit-undefined.ts'
import { anchorArn, arnConflicts, profileArn, roleArn, type ArnSetting } from '../../settings/arn.ts'
import { passwordKind, secretKind } from '../../text/secrets.ts'
import { mistake } from './error.ts'
import { createReader, type Reader } from './reader.ts'

/** Which account calls TokenReview: Vault's own in the cluster, one whose token Vault gets, or each client's. */
export const REVIEWERS = ['vault', 'token', 'clients'] as const
export const ARN_NAMES = ['role', 'anchor', 'profile'] as const
export type ArnName = (typeof ARN_NAMES)[number]

export interface Binding {
  readonly namespace: string
  /** In Vault's auth mount. */
  readonly role: string
  readonly accounts: readonly string[]
  readonly audience: string
  readonly tokenSeconds: number
  readonly tokenType: 'service' | 'batch'
  /** The role that the node agent logs in with, for the same accounts. */
  readonly agentRole?: string
  readonly arns: Readonly<Partial<Record<ArnName, string>>>
}

/** What the pods of a cluster need before any namespace is bound. */
export interface ClusterSetup {
  readonly cluster: string
  readonly kubernetes: {
    readonly mount: string
    readonly host: string
    readonly reviewer: (typeof REVIEWERS)[number]
    /** Relative to the setup file's directory. */
    readonly caFile?: string
    readonly issuer?: string
  }
  readonly pki: {
    readonly mount: string
    /** Its policy has the same name. */
    readonly role: string
    readonly commonName: string
    readonly seconds: number
    readonly issuingCertificates: readonly string[]
    readonly crlDistributionPoints: readonly string[]
  }
}

/** As a file has it. */
export interface Setup extends ClusterSetup {
  readonly kv: { readonly mount: string; readonly path: string }
  readonly operator: { readonly role: string; readonly account: string; readonly audience: string }
  readonly bindings: readonly Binding[]
}

export function hasBindings(setup: ClusterSetup): setup is Setup {
  return 'bindings' in setup
}

/** RFC 1123, as for namespaces. A cluster's name is also one label, so that a CN can be parsed from the right. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const ACCOUNT = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/
const ACCOUNTS = new RegExp(`^\\*$|${ACCOUNT.source}`)
export const PATH = /^[\w-]+(\/[\w-]+)*$/
export const NAME = /^[\w-]+$/
/** With a dot, so that no namespace can be named like it. */
const AGENT_ROLE = /^[\w-]+\.[\w-]*\w$/
/** Vault stores policy names in lower case, and has two of its own. */
const POLICY = /^(?!(default|root)$)[a-z\d_-]+$/
const POLICY_RULE = 'a lower-case name that a policy can also have, so not default or root'
/** Accepted by IssuerNames of k8s/aws/role.yaml: Roles Anywhere makes it a session tag, and IAM limits those. */
const AUTHORITY_NAME = /^[\w.:/=+@-]([\w .:/=+@-]{0,62}[\w.:/=+@-])?$/
const AUTHORITY_NAME_RULE = '1 to 64 ASCII letters, digits, inner spaces, and _ . : / = + - @'
const URL_SHAPE = /^https:\/\/[^\s/@]+(\/\S*)?$/
/** RFC 5280, ub-common-name. */
const LONGEST_NAME = 64

/** @throws IamRaError with a line for each problem */
export function parseSetup(text: string, file: string): Setup {
  const problems: string[] = []
  const reader = createReader(parseJson(text, file), '', problems)
  const setup = readSetup(reader)
  problems.push(...faultsAcross(setup))
  if (problems.length === 0) return setup
  throw mistake(`${file} is not a valid setup`, {
    problems,
    hint: 'start from k8s/vault/setup.json; docs/vault.md explains each member',
  })
}

/** Names and paths appear in the plan and in errors, so a secret in place of one is refused without showing it. */
function refuseSecrets(value: unknown, file: string): void {
  if (typeof value === 'object' && value !== null) {
    for (const one of Object.values(value)) refuseSecrets(one, file)
    return
  }
  const kind = typeof value === 'string' ? (secretKind(value) ?? passwordKind(value)) : undefined
  if (kind === undefined) return
  throw mistake(`${file} contains what looks like ${kind}, and nothing was sent`, {
    hint: 'remove it: the file only names paths and roles; give a token by --reviewer-token',
  })
}

function parseJson(text: string, file: string): Readonly<Record<string, unknown>> {
  // Some editors put a byte order mark before it.
  const json = text.replace(/^\uFEFF/, '')
  const refused = (what: string, hint: string): IamRaError => mistake(`${file} ${what}`, { hint })
  if (json.trim() === '') throw refused('is empty', 'start from k8s/vault/setup.json')
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    // The rest of the parser's message may quote the file.
    const [, line] = (error instanceof Error && /\bline (\d+)/.exec(error.message)) || []
    throw refused(
      `is not JSON${line === undefined ? '' : `: line ${line} is wrong, or the one before it`}`,
      'check for a missing or extra comma, quote or bracket; JSON has no comments',
    )
  }
  refuseSecrets(value, file)
  if (isRecord(value)) return value
  throw refused('is not a JSON object', 'begin it with { and give it the members of k8s/vault/setup.json')
}

function readSetup(reader: Reader): Setup {
  const kubernetes = reader.object('kubernetes')
  const pki = reader.object('pki')
  const kv = reader.object('kv')
  const operator = reader.object('operator')
  const [caFile, issuer] = [
    kubernetes.optional('caFile', /./),
    kubernetes.optional('issuer', /^https?:\/\/\S+$/),
  ]
  const setup: Setup = {
    cluster: reader.text('cluster', LABEL, 'one DNS label'),
    kubernetes: {
      mount: kubernetes.text('mount', PATH, 'a path such as kubernetes'),
      host: kubernetes.text('host', URL_SHAPE, "the API server's https address as Vault reaches it"),
      reviewer: kubernetes.choice('reviewer', REVIEWERS),
      ...(caFile === undefined ? {} : { caFile }),
      ...(issuer === undefined ? {} : { issuer }),
    },
    pki: {
      mount: pki.text('mount', PATH, 'a path such as pki'),
      role: pki.text('role', POLICY, POLICY_RULE),
      commonName: pki.text('commonName', AUTHORITY_NAME, AUTHORITY_NAME_RULE),
      seconds: pki.duration('ttl'),
      issuingCertificates: pki.texts('issuingCertificates', /^https?:\/\/\S+$/, 'URLs'),
      crlDistributionPoints: pki.texts('crlDistributionPoints', /^https?:\/\/\S+$/, 'URLs'),
    },
    kv: {
      mount: kv.text('mount', PATH, 'a path such as secret'),
      path: kv.text('path', PATH, 'a path such as iam-ra'),
    },
    operator: {
      role: operator.text('role', POLICY, POLICY_RULE),
      account: operator.text('account', ACCOUNT, 'a service account of each namespace'),
      audience: operator.text('audience', /^\S+$/, 'an audience such as vault'),
    },
    bindings: reader.objects('bindings').map(readBinding),
  }
  for (const one of [reader, kubernetes, pki, kv, operator]) one.end()
  return setup
}

const ARN_MEMBERS: Readonly<Record<ArnSetting, ArnName>> = {
  ROLE_ARN: 'role',
  ANCHOR_ARN: 'anchor',
  PROFILE_ARN: 'profile',
}

function readBinding(reader: Reader): Binding {
  const arns = reader.has('arns') ? reader.object('arns') : undefined
  const arn = (name: ArnName, check: (text: string) => object): Partial<Record<ArnName, string>> => {
    const text = arns?.optional(name, /./)
    if (text === undefined) return {}
    if (!('value' in check(text))) arns?.problem(name, `an ARN of the ${name}`)
    return { [name]: text }
  }
  const binding: Binding = {
    namespace: reader.text('namespace', LABEL, 'a namespace; each has its own binding'),
    role: reader.text('role', NAME, 'a name such as the namespace'),
    accounts: reader.texts('accounts', ACCOUNTS, 'service accounts, or * alone'),
    audience: reader.text('audience', /^\S+$/, 'an audience such as vault'),
    tokenSeconds: reader.duration('tokenTtl'),
    tokenType: reader.choice('tokenType', ['service', 'batch']),
    ...omitUndefined({ agentRole: reader.optional('agentRole', AGENT_ROLE) }),
    arns: { ...arn('role', roleArn), ...arn('anchor', anchorArn), ...arn('profile', profileArn) },
  }
  for (const { setting, wrong, expected } of arnConflicts({
    role: parseArn(binding.arns.role ?? ''),
    anchor: parseArn(binding.arns.anchor ?? ''),
    profile: parseArn(binding.arns.profile ?? ''),
  })) {
    arns?.conflict(ARN_MEMBERS[setting], wrong, expected)
  }
  reader.end()
  arns?.end()
  return binding
}

function faultsAcross({ cluster, kubernetes, pki, kv, operator, bindings }: Setup): string[] {
  const faults: string[] = []
  if (pki.mount === kv.mount) faults.push('pki.mount and kv.mount are the same path')
  if (operator.role === pki.role) faults.push('operator.role and pki.role name the same policy')
  if (kubernetes.reviewer === 'token' && kubernetes.caFile === undefined) {
    faults.push(
      'kubernetes.caFile is needed with the reviewer token: Vault is not in the cluster and does not know its CA',
    )
  }
  for (const role of repeated([operator.role, ...allRoles(bindings)])) {
    faults.push(`the role ${role} appears twice`)
  }
  for (const namespace of repeated(bindings.map(({ namespace }) => namespace))) {
    faults.push(`the namespace ${namespace} has two bindings: give it one, with all of its accounts`)
  }
  for (const { namespace, accounts } of bindings) {
    if (accounts.length === 0) faults.push(`${namespace} has no accounts`)
    if (accounts.length > 1 && accounts.includes('*'))
      faults.push(`${namespace} has other accounts besides *`)
    if (accounts.includes(operator.account)) {
      faults.push(`${namespace} binds the operator's own account ${operator.account}, which is not a pod's`)
    }
    for (const account of accounts) {
      const name = `${account}.${namespace}.${cluster}`
      if (name.length > LONGEST_NAME)
        faults.push(`${name} is longer than a common name may be (64 characters)`)
    }
  }
  return faults
}

/** In Vault's auth mount. */
export function allRoles(bindings: readonly Binding[]): string[] {
  return bindings.flatMap(({ role, agentRole }) => (agentRole === undefined ? [role] : [role, agentRole]))
}

/** A value that is wrong by itself is empty here, and already a problem. */
function repeated(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.filter((one, at) => one !== '' && names.indexOf(one) !== at))
}
