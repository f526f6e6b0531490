/** What annotations mean in this cluster: the operator's flags say so, or the settings, or how kiam and kube2iam run here. */
import { arnOf } from './role-arn.ts'
import { ALLOWED, PERMITTED, type Rules } from './namespace-rules.ts'
import { flagOf, type Running } from './running.ts'

export interface Wishes {
  readonly baseRoleArn?: string | undefined
  readonly defaultRole?: string | undefined
  readonly namespaceRules?: string | undefined
}

export interface Known {
  /** The data of the ConfigMap iam-ra/iam-ra-injection; undefined if there is none. */
  readonly settings: Readonly<Record<string, string>> | undefined
  readonly running: readonly Running[]
  readonly partition: string
  readonly account: string
  /** Annotations of every namespace. */
  readonly namespaces: readonly Readonly<Record<string, string>>[]
}

export interface Meaning extends Rules {
  /** Where `base` is from. */
  readonly baseFrom: string
  readonly rulesFrom: string
  /** Of pods without annotation, in kube2iam; empty if they have none. */
  readonly defaultRole: string
}

export function meaningOf(wishes: Wishes, known: Known): Meaning {
  const { settings = {}, running } = known
  const [base, baseFrom] = first(
    [wishes.baseRoleArn, '--base-role-arn'],
    [settings['base-role-arn'], 'the settings'],
    // kiam has the first name, kube2iam the second.
    [flagOf(running, 'role-base-arn', 'base-role-arn'), `${programs(running)}'s flags`],
    [`arn:${known.partition}:iam::${known.account}:role/`, 'this account'],
  )
  const [names, rulesFrom] = first(
    [wishes.namespaceRules, '--namespace-rules'],
    [settings['namespace-rules'], 'the settings'],
    [runningRules(running), `${programs(running)}'s flags`],
    [annotatedRules(known), "the namespaces' annotations"],
    ['kiam', 'the default'],
  )
  const defaultRole = wishes.defaultRole ?? settings['default-role'] ?? flagOf(running, 'default-role') ?? ''
  const format = settings['allowed-roles-format'] ?? flagOf(running, 'namespace-restriction-format') ?? 'glob'
  return {
    ...{ base, baseFrom, names, rulesFrom, defaultRole, format },
    defaultArn: defaultRole === '' ? '' : arnOf(base, defaultRole),
  }
}

function first(
  ...from: readonly (readonly [value: string | undefined, where: string])[]
): readonly [string, string] {
  const [value = '', where = ''] = from.find(([one]) => one !== undefined && one !== '') ?? []
  return [value, where]
}

function programs(running: readonly Running[]): string {
  return [...new Set(running.map(({ program }) => program))].join(' and ')
}

/** Without --namespace-restrictions, kube2iam allows every role everywhere. */
function runningRules(running: readonly Running[]): string | undefined {
  if (running.some(({ program }) => program === 'kiam')) return 'kiam'
  const kube2iam = running.filter(({ program }) => program === 'kube2iam')
  if (kube2iam.length === 0) return undefined
  const isRestricted = kube2iam.some(
    ({ flags }) => !['false', undefined].includes(flags['namespace-restrictions']),
  )
  return isRestricted ? 'kube2iam' : 'none'
}

function annotatedRules({ namespaces }: Known): string | undefined {
  if (namespaces.some((one) => PERMITTED in one)) return 'kiam'
  return namespaces.some((one) => ALLOWED in one) ? 'kube2iam' : undefined
}
