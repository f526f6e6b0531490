/** `iam-ra k8s onboard`: gives a workload a role, and prints its objects. */
import type { Authority, WorkloadSetUp } from '../../onboarding/authority/authority.ts'
import type { Account } from '../../onboarding/aws/account.ts'
import type { Binding } from '../../onboarding/aws/bindings.ts'
import { readInstallation, type Installation } from '../../onboarding/aws/installation.ts'
import type { Cluster } from '../../onboarding/aws/owned.ts'
import { planBinding } from '../../onboarding/aws/plan-binding.ts'
import { workloadNames, workloadObjects, type Arns } from '../../onboarding/kubernetes/manifests/workload.ts'
import type { KubeObject } from '../../onboarding/kubernetes/objects.ts'
import { joined, type Plan } from '../../onboarding/plan/step.ts'
import { installationOf, withAccount } from '../account.ts'
import { withAuthority } from '../authority.ts'
import { change } from '../change.ts'
import type { OperatorContext } from '../context.ts'
import type { AccountFlags } from '../route.ts'
import { boundTo, checkCommonName, checkNames, chooseCluster, chooseRole, requireAnchor } from './choose.ts'
import { checkCluster, deliver, isForeignAccount, refuseOthers, type ObjectFlags } from './cluster.ts'
import { letsOthersIn, type OthersFlags } from './others.ts'
import { readSampleWishes, type SampleFlags, type SampleWishes } from './sample.ts'
import { readWait, waitForSample } from './wait.ts'

export interface OnboardFlags extends AccountFlags, ObjectFlags, OthersFlags, SampleFlags {
  readonly role?: string
  readonly cluster?: string
  readonly 'k8s-namespace'?: string
  readonly 'service-account'?: string
  readonly wait?: string
}

/** What of the line and of AWS says which workload is meant; read once, before anything is planned. */
interface Meant {
  readonly workload: string
  readonly namespace: string
  readonly account: string
  readonly cluster: Cluster
  /** By which the operator calls it. */
  readonly role: string
  /** Whether workloads that only the role's tags name are let in too. */
  readonly settleOthers: boolean
}

export async function onboard(
  context: OperatorContext,
  flags: OnboardFlags,
  workload: string,
): Promise<number> {
  const name = installationOf(context, flags)
  const { 'k8s-namespace': namespace = 'default', 'service-account': serviceAccount = workload } = flags
  checkNames({ workload, namespace, account: serviceAccount, cluster: flags.cluster })
  const wishes = readSampleWishes(context, flags)
  const waitMs = readWait(flags)
  return await withAccount(context, flags, async (account) => {
    const first = await readInstallation(account, name)
    const cluster = chooseCluster(first, flags.cluster)
    const bound = chooseRole(first, flags.role, workload)
    const { role } = bound
    checkCommonName({ cluster: cluster.name, namespace, account: serviceAccount })
    await refuseOthers(context, flags, name, workloadNames(namespace, workload, serviceAccount).own)
    if (flags.apply === true) await checkCluster(context, flags, cluster)
    const place = { workload, namespace, cluster: cluster.name }
    const settleOthers = await letsOthersIn(context, flags, bound, place)
    const meant: Meant = { workload, namespace, account: serviceAccount, cluster, role, settleOthers }
    const arns = wishes.arns === 'operator' ? variables(arnsOf(first, role, workload)) : undefined
    const work = { installation: first, cluster: cluster.name, arns }
    return await withAuthority(context, flags, work, async (authority) => {
      let last: Planned | undefined
      const plan = async (): Promise<Plan> => {
        last = await planOnboarding(account, authority, await readInstallation(account, name), meant)
        return last.plan
      }
      const code = await change(context, { plan, stage: 'exchange' }, flags)
      if (last === undefined || flags['dry-run'] === true) return code
      const objects = await objectsOf(context, flags, { meant, planned: last, wishes })
      await deliver(context, flags, objects, {
        ...{
          installation: name,
          cluster: cluster.name,
          namespace,
          workload,
          account: serviceAccount,
          role,
        },
        roleArn: last.arns.role,
      })
      if (waitMs !== undefined) await waitForSample(context, flags, { objects, waitMs })
      return code
    })
  })
}

interface Planned {
  readonly plan: Plan
  readonly setUp: WorkloadSetUp
  readonly installation: string
  readonly arns: Arns
}

/** Empty where there is none: the plan has that as a problem. */
function arnsOf(installation: Installation, roleName: string, workload: string): Arns {
  const { arn: role, profiles } = chooseRole(installation, roleName, workload)
  return { anchor: installation.anchor?.arn ?? '', profile: profiles[0]?.arn ?? '', role }
}

function variables({ anchor, profile, role }: Arns): Readonly<Record<string, string>> {
  return { TRUST_ANCHOR_ARN: anchor, PROFILE_ARN: profile, ROLE_ARN: role }
}

async function planOnboarding(
  account: Account,
  authority: Authority,
  installation: Installation,
  { cluster, role: roleName, settleOthers, ...identity }: Meant,
): Promise<Planned> {
  const anchor = requireAnchor(installation)
  const role = chooseRole(installation, roleName, identity.workload)
  const [profile] = role.profiles
  const place = { ...identity, cluster: cluster.name }
  const setUp = await authority.setUpWorkload(cluster, place)
  const binding: Binding = {
    ...place,
    anchor: { region: account.region, id: anchor.id },
    issuer: setUp.issuer,
  }
  const quota = await account.iam.trustPolicyQuota()
  const { owner } = installation
  const moved = boundTo(installation, place).filter((one) => one.role.name !== role.name)
  const bindings = (): readonly Plan[] => [
    planBinding(account, owner, role, { bind: [binding], quota, settleOthers }),
    // After the new one: a run that stops in between leaves the workload with both, and the next one ends it.
    ...moved.map((one) => planBinding(account, owner, one.role, { unbind: [one.binding], quota })),
  ]
  const plan = joined(
    { steps: [], notes: [], problems: fitProblems(installation, role.role, profile?.arn, anchor.enabled) },
    setUp.plan,
    // Its issuer is not known then.
    ...(setUp.plan.problems.length > 0 ? [] : bindings()),
  )
  return {
    ...{ plan, setUp, installation: installation.name },
    arns: arnsOf(installation, roleName, identity.workload),
  }
}

/** What would be printed and not work. */
function fitProblems(
  { name }: Installation,
  role: string,
  profileArn: string | undefined,
  isAnchorEnabled: boolean,
): readonly string[] {
  return [
    ...(profileArn === undefined
      ? [`role ${role} has no profile: iam-ra role create ${role} with its policies creates it`]
      : []),
    ...(isAnchorEnabled
      ? []
      : [`the trust anchor of installation ${name} is disabled: iam-ra init enables it`]),
  ]
}

async function objectsOf(
  context: OperatorContext,
  flags: OnboardFlags,
  {
    meant,
    planned,
    wishes,
  }: { readonly meant: Meant; readonly planned: Planned; readonly wishes: SampleWishes },
): Promise<readonly KubeObject[]> {
  const { cluster, namespace, account } = meant
  const { installation, setUp, arns } = planned
  const { sample: kind, mode, image, certificateHours: hours } = wishes
  if (kind !== undefined && image === undefined) {
    context.runtime.stderr(
      'note: the image of aws-iam-ra is a placeholder: set yours with --image or IAM_RA_IMAGE\n',
    )
  }
  return [
    ...setUp.objects,
    ...workloadObjects({
      ...{ installation, arns, namespace, account, cluster: cluster.name },
      ...{ workload: meant.workload, role: meant.role, source: setUp.source },
      accountIsForeign: await isForeignAccount(context, flags, { installation, cluster, namespace, account }),
      sample: kind === undefined ? undefined : { kind, mode, image, hours },
    }),
  ]
}
