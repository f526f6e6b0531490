/** How doctor gets at the account, Vault and the cluster. What cannot be read becomes something that it says. */
import { IamRaError } from '../../errors.ts'
import { openAccount, type Account } from '../../onboarding/aws/account.ts'
import { BOUND_MS } from '../../onboarding/doctor/examination.ts'
import type { VaultWay } from '../../onboarding/doctor/vault/examine.ts'
import { openKubectl, type KubeContext, type Kubectl } from '../../onboarding/kubernetes/kubectl.ts'
import type { KubeObject } from '../../onboarding/kubernetes/objects.ts'
import { openVault } from '../../onboarding/vault/connection.ts'
import type { OperatorContext } from '../context.ts'
import type { ClusterFlags } from '../k8s/cluster.ts'
import { warn } from '../report.ts'
import type { AccountFlags } from '../route.ts'

export interface Opened {
  close(): void
}

export interface PodName {
  readonly namespace: string
  readonly name: string
}

/** Less than a check has, so that its own error is shown. */
const KUBECTL_MS = BOUND_MS * 0.9

export function kubectlFor({ runtime, interrupt }: OperatorContext, flags: ClusterFlags): Kubectl {
  const limits = { requestSeconds: KUBECTL_MS / 2000, runMs: KUBECTL_MS }
  return openKubectl(runtime, { context: flags.context, kubeconfig: flags.kubeconfig, interrupt, limits })
}

/** Asks no server. */
export async function readContext(kubectl: Kubectl): Promise<KubeContext | IamRaError> {
  return await kubectl.context().catch(asFinding)
}

export async function readPod(
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

export async function accountFor(
  { runtime, interrupt }: OperatorContext,
  { region, profile }: AccountFlags,
  opened: Opened[],
): Promise<Account> {
  const account = await openAccount(runtime, { region, profile, interrupt, patienceMs: BOUND_MS / 2 })
  opened.push(account)
  return account
}

/** Undefined if the environment names no Vault. */
export function vaultOf({ runtime }: OperatorContext, opened: Opened[]): VaultWay | undefined {
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
