/** `iam-ra doctor`: goes through AWS, Vault, the cluster and the pod, and says what does not fit and what settles it. */
import { IamRaError } from '../errors.ts'
import { openAccount, type Account } from '../onboarding/aws/account.ts'
import { examineAws } from '../onboarding/doctor/aws/examine.ts'
import { examineCluster } from '../onboarding/doctor/cluster/examine.ts'
import { commandsFor } from '../onboarding/doctor/commands.ts'
import { BOUND_MS, createExamination, type Examination } from '../onboarding/doctor/examination.ts'
import { examineExchange } from '../onboarding/doctor/exchange.ts'
import type { Group } from '../onboarding/doctor/finding.ts'
import { examinePods, LABEL } from '../onboarding/doctor/pod/examine.ts'
import { podOf } from '../onboarding/doctor/pod/pod.ts'
import type { Wanted } from '../onboarding/doctor/scope.ts'
import { audienceOf } from '../onboarding/doctor/vault/auth.ts'
import { examineVault, type VaultWay } from '../onboarding/doctor/vault/examine.ts'
import { openKubectl, type KubeContext, type Kubectl } from '../onboarding/kubernetes/kubectl.ts'
import type { KubeObject } from '../onboarding/kubernetes/objects.ts'
import { openVault } from '../onboarding/vault/connection.ts'
import { installationOf } from './account.ts'
import type { OperatorContext } from './context.ts'
import { jsonReport, textReport, type DoctorReport } from './doctor-report.ts'
import { FOUND } from './exits.ts'
import { checkNames } from './k8s/choose.ts'
import type { ClusterFlags } from './k8s/cluster.ts'
import { warn } from './report.ts'
import type { AccountFlags } from './route.ts'

export interface DoctorFlags extends AccountFlags, ClusterFlags {
  readonly cluster?: string
  readonly workload?: string
  readonly pod?: PodName
  readonly 'k8s-namespace'?: string
  readonly exchange?: boolean
  readonly json?: boolean
}

export interface PodName {
  readonly namespace: string
  readonly name: string
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

interface Opened {
  close(): void
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
  const { runtime, interrupt } = context
  const installation = installationOf(context, flags)
  const asked = { commands: commandsFor(installation), nowMs: runtime.clock.now() }
  const kubectl = kubectlFor(context, flags)
  const [place, pod] = await Promise.all([readContext(kubectl), readPod(kubectl, flags.pod)])
  const where = place instanceof IamRaError ? undefined : place
  const wanted = wantedBy(flags, pod)
  const aws = await examineAws(exam, {
    ...{ ...asked, installation, wanted },
    open: () => accountFor(context, flags, opened),
  })
  const vault = await examineVault(exam, {
    ...asked,
    aws,
    context: where,
    server: vaultOf(context, opened),
  })
  sayContext(exam, place, flags)
  const workloads = await examineCluster(exam, {
    ...asked,
    aws,
    kubectl,
    context: where,
  })
  const [one, ...more] = workloads
  const first = firstFault(exam)
  if (first !== undefined || one === undefined) {
    const sentence = first === undefined ? 'no workload of the cluster was looked at' : `${first} comes first`
    exam.say('Pod', 'pod', [{ state: 'skipped', sentence }])
    if (flags.exchange === true) exam.say('Exchange', 'exchange', [{ state: 'skipped', sentence }])
    return
  }
  if (pod instanceof IamRaError)
    exam.say('Pod', 'pod', [{ state: 'failed', sentence: pod.message, hint: pod.hint ?? '' }])
  else await examinePods(exam, { ...asked, kubectl, workloads, pod, vault })
  if (flags.exchange !== true) return
  if (vault === undefined || more.length > 0) {
    const sentence =
      vault === undefined
        ? 'it needs VAULT_ADDR and a token'
        : '--workload and --k8s-namespace say whose way to go'
    exam.say('Exchange', 'exchange', [{ state: 'skipped', sentence }])
    return
  }
  const { place: at, roles } = vault
  await examineExchange(exam, {
    ...{ bound: one.bound, arns: one.arns, place: at, kubectl, runtime, interrupt },
    audience: audienceOf(roles.get(one.bound.binding.namespace)),
    onStep: report.step,
  })
}

function firstFault({ lines }: Examination): Group | undefined {
  return lines.find(({ state }) => state === 'failed')?.group
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

/** Less than a check has, so that its own error is shown. */
const KUBECTL_MS = BOUND_MS * 0.9

function kubectlFor({ runtime, interrupt }: OperatorContext, flags: DoctorFlags): Kubectl {
  const limits = { requestSeconds: KUBECTL_MS / 2000, runMs: KUBECTL_MS }
  return openKubectl(runtime, { context: flags.context, kubeconfig: flags.kubeconfig, interrupt, limits })
}

/** Asks no server. */
async function readContext(kubectl: Kubectl): Promise<KubeContext | IamRaError> {
  return await kubectl.context().catch(asFinding)
}

async function readPod(
  kubectl: Kubectl,
  named: PodName | undefined,
): Promise<KubeObject | IamRaError | undefined> {
  if (named === undefined) return undefined
  const { namespace, name } = named
  const found = await kubectl.get({ kind: 'pod', name, namespace }).catch(asFinding)
  return (
    found ??
    new IamRaError('REFUSED', 'cluster', `there is no pod ${namespace}/${name}`, {
      hint: `list them: kubectl get pods --namespace ${namespace}`,
    })
  )
}

function asFinding(error: unknown): IamRaError {
  if (error instanceof IamRaError && error.stage === 'cluster') return error
  throw error
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

async function accountFor(
  { runtime, interrupt }: OperatorContext,
  { region, profile }: DoctorFlags,
  opened: Opened[],
): Promise<Account> {
  const account = await openAccount(runtime, { region, profile, interrupt, patienceMs: BOUND_MS / 2 })
  opened.push(account)
  return account
}

/** Undefined if the environment names no Vault. */
function vaultOf({ runtime }: OperatorContext, opened: Opened[]): VaultWay | undefined {
  const address = runtime.env['VAULT_ADDR']?.trim() ?? ''
  if (address === '') return undefined
  return {
    address,
    async open() {
      const vault = await openVault({
        ...runtime,
        readFile: (path) => runtime.fs.readFile(path),
        warn: (sentence) => warn(runtime, sentence),
      })
      opened.push(vault)
      return vault
    },
  }
}
