/** `iam-ra doctor`: goes through AWS, Vault, the cluster and the pod, and says what does not fit and what settles it. */
import { IamRaError } from '../../errors.ts'
import { AGENT_AUDIENCE, agentRoleName } from '../../onboarding/doctor/agent/agent.ts'
import { examineAgent } from '../../onboarding/doctor/agent/examine.ts'
import { examineAws } from '../../onboarding/doctor/aws/examine.ts'
import { examineCluster } from '../../onboarding/doctor/cluster/examine.ts'
import type { WorkloadObjects } from '../../onboarding/doctor/cluster/objects.ts'
import { commandsFor } from '../../onboarding/doctor/commands.ts'
import { createExamination, type Examination } from '../../onboarding/doctor/examination.ts'
import { examineExchange } from '../../onboarding/doctor/exchange.ts'
import { failed, skipped } from '../../onboarding/doctor/finding.ts'
import { examinePods, LABEL } from '../../onboarding/doctor/pod/examine.ts'
import { podOf } from '../../onboarding/doctor/pod/pod.ts'
import type { Wanted } from '../../onboarding/doctor/scope.ts'
import { audienceOf } from '../../onboarding/doctor/vault/auth.ts'
import { examineVault, type VaultFacts } from '../../onboarding/doctor/vault/examine.ts'
import type { KubeContext, Kubectl } from '../../onboarding/kubernetes/kubectl.ts'
import type { KubeObject } from '../../onboarding/kubernetes/objects.ts'
import { installationOf } from '../account.ts'
import type { OperatorContext } from '../context.ts'
import { jsonReport, textReport, type DoctorReport } from './report.ts'
import { FOUND } from '../exits.ts'
import { checkNames } from '../k8s/choose.ts'
import type { ClusterFlags } from '../k8s/cluster.ts'
import type { AccountFlags } from '../route.ts'
import { accountFor, kubectlFor, readContext, readPod, vaultOf, type Opened, type PodName } from './ways.ts'

export interface DoctorFlags extends AccountFlags, ClusterFlags {
  readonly cluster?: string
  readonly workload?: string
  readonly pod?: PodName
  readonly 'k8s-namespace'?: string
  readonly exchange?: boolean
  readonly json?: boolean
}

export async function doctor(context: OperatorContext, flags: DoctorFlags): Promise<number> {
  const { runtime, interrupt } = context
  checkNames({ cluster: flags.cluster, workload: flags.workload, namespace: flags['k8s-namespace'] })
  const report =
    flags.json === true ? jsonReport(runtime.stdout) : textReport(runtime.stdout, runtime.clock.now)
  const exam = createExamination({ clock: runtime.clock, interrupt, onLine: report.line })
  const opened: Opened[] = []
  try {
    await examine(context, flags, { exam, report, opened })
  } finally {
    for (const one of opened) one.close()
  }
  report.end(exam.lines)
  return exam.lines.some(({ state }) => state === 'failed') ? FOUND : 0
}

interface Work {
  readonly exam: Examination
  readonly report: DoctorReport
  /** What is to be closed at the end. */
  readonly opened: Opened[]
}

async function examine(
  context: OperatorContext,
  flags: DoctorFlags,
  { exam, report, opened }: Work,
): Promise<void> {
  const { runtime } = context
  const installation = installationOf(context, flags)
  const asked = { commands: commandsFor(installation), nowMs: runtime.clock.now() }
  const kubectl = kubectlFor(context, flags)
  const [place, pod] = await Promise.all([readContext(kubectl), readPod(kubectl, flags.pod)])
  const where = place instanceof IamRaError ? undefined : place
  const aws = await examineAws(exam, {
    ...{ ...asked, installation, wanted: wantedBy(flags, pod) },
    open: () => accountFor(context, flags, opened),
  })
  const vault = await examineVault(exam, {
    ...{ ...asked, aws, context: where },
    server: vaultOf(context, opened),
  })
  sayContext(exam, place, flags)
  const workloads = await examineCluster(exam, { ...asked, aws, kubectl, context: where })
  const asking = await examineAgent(exam, { aws, kubectl, workloads, vault })
  const first = exam.lines.find(({ state }) => state === 'failed')?.group
  if (first !== undefined || workloads.length === 0) {
    const sentence = first === undefined ? 'no workload of the cluster was looked at' : `${first} comes first`
    exam.say('Pod', 'pod', [skipped(sentence)])
    if (flags.exchange === true) exam.say('Exchange', 'exchange', [skipped(sentence)])
    return
  }
  if (pod instanceof IamRaError) exam.say('Pod', 'pod', [failed(pod.message, pod.hint ?? '')])
  else await examinePods(exam, { ...asked, kubectl, workloads, pod, vault })
  if (flags.exchange === true) await goTheWay(context, { exam, report, kubectl, workloads, asking, vault })
}

interface Way extends Pick<Work, 'exam' | 'report'> {
  readonly kubectl: Kubectl
  readonly workloads: readonly WorkloadObjects[]
  /** Those that ask the node agent. */
  readonly asking: readonly WorkloadObjects[]
  readonly vault: VaultFacts | undefined
}

async function goTheWay(
  { runtime, interrupt }: OperatorContext,
  { exam, report, kubectl, workloads, asking, vault }: Way,
): Promise<void> {
  const [one, ...more] = workloads
  if (one === undefined || vault === undefined || more.length > 0) {
    const sentence =
      vault === undefined
        ? 'it needs VAULT_ADDR and a token'
        : '--workload and --k8s-namespace say whose way to go'
    exam.say('Exchange', 'exchange', [skipped(sentence)])
    return
  }
  const { bound, arns } = one
  const { namespace } = bound.binding
  const isForAgent = asking.includes(one)
  await examineExchange(exam, {
    ...{ bound, arns, kubectl, runtime, interrupt, place: vault.place },
    isForAgent,
    authRole: isForAgent ? agentRoleName(namespace) : namespace,
    audience: isForAgent ? AGENT_AUDIENCE : audienceOf(vault.roles.get(namespace)),
    onStep: report.step,
  })
}

/** A pod that is named says which workload is meant, by its label or its account. */
function wantedBy(flags: DoctorFlags, pod: KubeObject | IamRaError | undefined): Wanted {
  const { cluster, workload, pod: named } = flags
  const namespace = named?.namespace ?? flags['k8s-namespace']
  if (pod === undefined || pod instanceof IamRaError) return { cluster, workload, namespace }
  const labelled = workload ?? pod.metadata.labels?.[LABEL]
  return {
    cluster,
    namespace,
    ...(labelled === undefined ? { account: podOf(pod).account } : { workload: labelled }),
  }
}

/** What nobody asked for by a flag need not be there. */
function sayContext(exam: Examination, place: KubeContext | IamRaError, flags: DoctorFlags): void {
  if (!(place instanceof IamRaError)) return
  const isAsked = flags.context !== undefined || flags.kubeconfig !== undefined || flags.pod !== undefined
  const sentence = isAsked ? place.message : `${place.message}: this is no verdict on the cluster`
  exam.say('Cluster', 'context', [
    { state: isAsked ? 'failed' : 'skipped', sentence, hint: place.hint ?? '' },
  ])
}
