/** The service accounts that ask, and what each is bound as. */
import { createHash } from 'node:crypto'
import { shellWord } from '../../text/shell-word.ts'
import type { Binding } from '../aws/bindings.ts'
import type { Installation } from '../aws/installation.ts'
import { commonNameFault, workloadFault, type Identity } from '../names.ts'
import { named, type Asker } from './askers.ts'
import { blocks, differs, type Finding } from './finding.ts'
import { patched } from './pod-findings.ts'
import type { RoleArn } from './role-arn.ts'

export interface Asked {
  readonly asker: Asker
  /** Undefined if the annotation makes no ARN. */
  readonly role: RoleArn | undefined
}

interface Place {
  readonly installation: Installation
  readonly cluster: string
  readonly region: string
  readonly anchorId: string
}

export function identityOf({ cluster }: Pick<Place, 'cluster'>, { namespace, account }: Asker): Identity {
  return { cluster, namespace, account }
}

export function bindingOf(facts: Place, identity: Identity, issuer: string): Binding {
  return {
    ...identity,
    workload: workloadOf(identity.account),
    issuer,
    anchor: { region: facts.region, id: facts.anchorId },
  }
}

/** What the binding is called: an account that asks by annotation is bound once, for all that runs as it. */
function workloadOf(account: string): string {
  if (workloadFault(account) === undefined) return account
  const start = account.replaceAll('.', '-').slice(0, MOST_START).replace(/-+$/, '')
  return `${start}-${createHash('sha256').update(account).digest('hex').slice(0, 8)}`
}

/** A name may have 49 characters. */
const MOST_START = 40

/** Whether an account can stand for the workload alone. */
export function identityFindings(facts: Place, asker: Asker, asked: readonly Asked[]): readonly Finding[] {
  const identity = identityOf(facts, asker)
  const same = asked.filter(
    ({ asker: other }) => other.namespace === asker.namespace && other.account === asker.account,
  )
  const arns = new Set(same.flatMap(({ role }) => role?.arn ?? []))
  const fault = commonNameFault(identity)
  const bound = facts.installation.roles.flatMap((role) =>
    role.bindings.map((binding) => ({ role, binding })),
  )
  const here = bound.filter(
    ({ binding }) => binding.cluster === facts.cluster && binding.namespace === asker.namespace,
  )
  const elsewhere = here.find(({ role, binding }) => binding.account === asker.account && !arns.has(role.arn))
  const taken = here.find(
    ({ binding }) => binding.workload === workloadOf(asker.account) && binding.account !== asker.account,
  )
  return [
    ...(fault === undefined
      ? []
      : [blocks('account-name', `account ${asker.account} ${fault.wrong}; expected ${fault.expected}`)]),
    ...(arns.size > 1 ? [sharedFinding(asker, same)] : []),
    ...(arns.size === 1 && asker.account === 'default' ? [defaultFinding(asker)] : []),
    ...(elsewhere === undefined
      ? []
      : [
          blocks(
            'bound-elsewhere',
            `account ${asker.account} is bound to role ${elsewhere.role.role} already`,
            `iam-ra k8s offboard ${shellWord(elsewhere.binding.workload)} --cluster ${facts.cluster} --k8s-namespace ${asker.namespace}`,
          ),
        ]),
    ...(taken === undefined
      ? []
      : [
          blocks(
            'name-taken',
            `a workload named ${taken.binding.workload} is bound with account ${taken.binding.account}: bind account ${asker.account} under another name`,
            `iam-ra k8s onboard NAME --service-account ${asker.account} --role ROLE --cluster ${facts.cluster} --k8s-namespace ${asker.namespace} --no-sample-pod`,
          ),
        ]),
  ]
}

function sharedFinding(asker: Asker, same: readonly Asked[]): Finding {
  const own = same.find((one) => one.asker === asker)?.role?.arn
  const different = same.filter(({ role }) => role !== undefined && role.arn !== own)
  const others = [...new Set(different.map((one) => named(one.asker)))]
  const text = `runs as account ${asker.account}, as ${fewOf(others)} ${others.length > 1 ? 'do' : 'does'} with another role: to Vault and AWS they are one identity, so each could have both roles. Give it an account of its own (serviceAccountName)`
  return blocks('shared-account', text, ...ownAccount(asker))
}

/** A namespace may have hundreds, and each says this of all the others. */
const MOST_NAMED = 5

function fewOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMED
  const few = names.slice(0, MOST_NAMED).join(', ')
  return more > 0 ? `${few} and ${more} more` : few
}

function defaultFinding(asker: Asker): Finding {
  const text =
    'runs as account default, so every pod of the namespace without an account of its own can have the role: better give it one (serviceAccountName)'
  return differs('default-account', text, ...ownAccount(asker))
}

function ownAccount(asker: Asker): readonly string[] {
  const { namespace, name } = asker
  const patch = patched(asker, { spec: { serviceAccountName: name } })
  if (name === asker.account) return []
  return [`kubectl -n ${shellWord(namespace)} create serviceaccount ${shellWord(name)}`, ...patch]
}
