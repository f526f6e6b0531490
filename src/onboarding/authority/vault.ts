/** Vault as the authority: its root or another certified a CA for each cluster, and a pod logs in with its own account's token. */
import { IamRaError } from '../../errors.ts'
import type { Runtime } from '../../run/runtime.ts'
import { vaultAddress } from '../../settings/addresses.ts'
import type { KubeContext } from '../kubernetes/kubectl.ts'
import { openVault, vaultCa, vaultNamespace } from '../vault/connection.ts'
import { mistake } from '../vault/error.ts'
import type { InputFiles } from '../vault/files.ts'
import type { Vault } from '../vault/vault.ts'
import type { Authority } from './authority.ts'
import { explaining } from './vault/client.ts'
import { setUpCluster, type ClusterWishes } from './vault/cluster.ts'
import { clusterOf, ROOT_MOUNT } from './vault/names.ts'
import type { Account, Reviewer } from './vault/reviewer.ts'
import { readRoot } from './vault/root.ts'
import { standings } from './vault/standing.ts'
import { setUpWorkload } from './vault/workload.ts'

export interface VaultRuntime
  extends Pick<Runtime, 'env' | 'home' | 'http' | 'clock' | 'random'>, InputFiles {
  warn(sentence: string): void
  readonly signal?: AbortSignal
}

/** All that commands take from their flags and know from AWS; each method says in its error if it lacks something. */
export interface VaultWishes extends Omit<ClusterWishes, 'address' | 'vaultNamespace'> {
  readonly installation: string
  /** PEM of the installation's trust anchor; for all but `init`. */
  readonly anchor?: string | undefined
  /** Of the root. Default: `iam-ra <installation>`. */
  readonly commonName?: string | undefined
  /** Of the root. Default: 10. */
  readonly years?: number | undefined
  /** For `k8s onboard --arns operator`: what the Secret is to have. */
  readonly arns?: Readonly<Record<string, string>> | undefined
  /** Vault's address as pods reach it. Default: VAULT_ADDR. */
  readonly vaultAddress?: string | undefined
  /** The kubeconfig's. Asked by `k8s setup` alone, if Vault is outside the cluster. */
  context?(): Promise<Pick<KubeContext, 'server' | 'ca'>>
  /** A token of Vault's reviewer; undefined if the account is not there yet. Asked if Vault lacks one. */
  reviewerToken?(account: Account): Promise<(() => Promise<string>) | undefined>
  /** Whether Vault gets a token although it has one: once. */
  readonly replaceReviewerToken?: boolean | undefined
}

const YEARS = 10

/** Vault is asked when it is first needed. */
export function openVaultAuthority(runtime: VaultRuntime, wishes: VaultWishes): Authority {
  const { clock } = runtime
  let opened: Promise<Vault> | undefined
  const open = async (): Promise<Vault> => await (opened ??= openVault(runtime).then(explaining))
  const anchor = (): string => wishes.anchor ?? unknown('trust anchor')
  let isAsked = false
  let requested: string | undefined
  const reviewer: Reviewer = {
    async find(account) {
      isAsked = true
      const request = await wishes.reviewerToken?.(account)
      return request === undefined ? undefined : async () => (requested = await request())
    },
    requested: () => requested,
  }
  return {
    mode: 'vault',
    async root() {
      const { rootMount = ROOT_MOUNT, commonName = `iam-ra ${wishes.installation}`, years = YEARS } = wishes
      const isNamed = wishes.commonName !== undefined
      return await readRoot(await open(), { mount: rootMount, commonName, isNamed, years }, clock.now())
    },
    async setUpCluster(cluster) {
      const address = podsAddress(wishes.vaultAddress ?? runtime.env['VAULT_ADDR'])
      const context = wishes.context ?? (() => unknown('kubeconfig context'))
      const vault = await open()
      return await setUpCluster(
        {
          ...{
            vault,
            wishes: { ...wishes, address, vaultNamespace: vaultNamespace(runtime) },
            files: runtime,
            anchor: anchor(),
          },
          ...{ installation: wishes.installation, vaultCa: await vaultCa(runtime) },
          ...{ nowMs: clock.now(), context, reviewer },
          // The plan after the last step must find nothing left to do.
          replacesToken: wishes.replaceReviewerToken === true && !isAsked,
        },
        cluster,
      )
    },
    async setUpWorkload(cluster, workload) {
      const vault = await open()
      const { random, signal } = runtime
      return await setUpWorkload(
        {
          ...{ vault, admitting: { clock, random, signal }, anchor: anchor() },
          ...{ nowMs: clock.now(), ca: await vaultCa(runtime), arns: wishes.arns, reviewer },
        },
        cluster,
        workload,
      )
    },
    standings: (cluster, workloads) => standings(open, cluster, workloads),
    leftovers(cluster) {
      const names = clusterOf(cluster)
      if (names === undefined) return []
      const { authMount, pkiMount, pkiRole } = names
      return [
        `Vault still has the logins of cluster ${cluster.name}: vault auth disable ${authMount}`,
        `Vault still has the CA of cluster ${cluster.name} and its key: vault secrets disable ${pkiMount}`,
        `Vault still has the policy of its pods: vault policy delete ${pkiRole}`,
      ]
    },
    close() {
      void opened?.then(
        (vault) => vault.close(),
        () => undefined,
      )
    },
  }
}

function podsAddress(text: string | undefined): URL {
  const checked = vaultAddress(text?.trim() ?? '')
  if ('value' in checked) return checked.value
  throw mistake(`Vault's address for pods ${checked.wrong}`, {
    hint: `set --vault-address, or else VAULT_ADDR, to ${checked.expected}`,
  })
}

/** A caller's bug. */
function unknown(what: string): never {
  throw new IamRaError('INTERNAL', 'internal', `Vault's authority was opened without the ${what}`)
}
