/** `iam-ra destroy`: removes an installation from AWS. */
import { openVaultAuthority } from '../onboarding/authority/vault.ts'
import { readInstallation, type Installation } from '../onboarding/aws/installation.ts'
import { planDestroy } from '../onboarding/aws/plan-destroy.ts'
import { joined, type Plan } from '../onboarding/plan/step.ts'
import { installationOf, withAccount } from './account.ts'
import { change, type ChangeFlags } from './change.ts'
import type { OperatorContext } from './context.ts'
import { warn } from './report.ts'
import type { AccountFlags } from './route.ts'

export interface DestroyFlags extends AccountFlags, ChangeFlags {}

export async function destroy(context: OperatorContext, flags: DestroyFlags): Promise<number> {
  const name = installationOf(context, flags)
  return await withAccount(context, flags, (account) => {
    const plan = async (): Promise<Plan> => {
      const installation = await readInstallation(account, name)
      const notes = remains(context, installation)
      return joined(await planDestroy(account, installation), { steps: [], notes, problems: [] })
    }
    return change(context, { plan, stage: 'exchange', takesAway: true }, flags)
  })
}

/** What no step removes: the key of a CA may be needed for another installation, and the cluster is not asked. */
function remains({ runtime }: OperatorContext, { name, anchor, clusters }: Installation): readonly string[] {
  if (anchor === undefined) return []
  const authority = openVaultAuthority(
    {
      ...runtime,
      readFile: (path) => runtime.fs.readFile(path),
      warn: (sentence) => warn(runtime, sentence),
    },
    { installation: name },
  )
  return [
    ...clusters.flatMap((cluster) => [
      `cluster ${cluster.name} still has its objects: kubectl delete serviceaccount,configmap,pod,deployment,job --all-namespaces -l iam-ra/installation=${name},iam-ra/cluster=${cluster.name}`,
      ...authority.leftovers(cluster),
    ]),
    'the root is not deleted: in Vault it is the mount that iam-ra init used (pki-root by default), and another installation may trust it',
  ]
}
