/** The commands that move a namespace, in their order. */
import { shellWord } from '../../text/shell-word.ts'
import { named } from './askers.ts'
import type { Facts, NamespaceFacts, NamespacePlan } from './plan.ts'
import type { RolePlan } from './roles.ts'

/** The ConfigMap that injected containers mount. */
export const VAULT_CA = 'vault-ca'
const RESTARTED = ['Deployment', 'StatefulSet', 'DaemonSet']

export interface Around {
  readonly roles: readonly RolePlan[]
  /** Keys of the settings. */
  readonly unset: readonly string[]
}

export function commandsOf(
  facts: Facts,
  { annotations, hasVaultCa }: NamespaceFacts,
  { name, enabled, workloads }: Omit<NamespacePlan, 'commands'>,
  { roles, unset, mode }: Around & { readonly mode: string },
): readonly string[] {
  const own = roles.filter(({ role }) => role !== undefined).map(({ arn }) => arn)
  const isOurs = workloads.some(
    ({ lacks, roleArn }) => lacks.includes('vault') || (lacks.includes('role') && own.includes(roleArn)),
  )
  const asked = workloads.map(({ roleArn }) => roleArn)
  const owners = roles.filter(({ arn, commands }) => asked.includes(arn) && commands.length > 0)
  const space = shellWord(name)
  const { migrate } = facts
  const isWaiting = owners.length > 0
  const hasMode = annotations['iam-ra/mode'] === mode || facts.settings.found?.['mode'] === mode
  const restarted = workloads
    .filter(({ kind }) => RESTARTED.includes(kind))
    .map((one) => named(one).toLowerCase())
  return [
    ...(isOurs ? [`${migrate} --k8s-namespace ${space} --apply`] : []),
    ...owners.map(({ arn }) => `# the commands of role ${arn}, by its owner`),
    ...(unset.length > 0 || isWaiting ? [`${migrate} --print settings | kubectl apply -f -`] : []),
    ...(hasVaultCa ? [] : [createCa(facts, space)]),
    ...(hasMode ? [] : [`kubectl annotate namespace ${space} iam-ra/mode=${mode}`]),
    ...(enabled ? [] : [`kubectl label namespace ${space} iam-ra/injection=enabled`]),
    ...(enabled || restarted.length === 0
      ? []
      : [`kubectl -n ${space} rollout restart ${restarted.map(shellWord).join(' ')}`]),
  ]
}

function createCa({ printCa }: Facts, space: string): string {
  const create = `kubectl -n ${space} create configmap ${VAULT_CA} --from-file=ca.crt`
  return printCa === undefined ? create : `${printCa} | ${create}=/dev/stdin`
}
