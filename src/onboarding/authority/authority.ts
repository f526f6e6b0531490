/**
 * What signs the certificates of workloads. There is one file in this directory for each kind; everything else of
 * onboarding is the same for all of them.
 */
import type { Cluster } from '../aws/owned.ts'
import type { Identity } from '../names.ts'
import type { KubeObject, PodSource } from '../kubernetes/objects.ts'
import type { Plan } from '../plan/step.ts'

/** As `--ca-mode` and the tag of the trust anchor have it. */
export type CaMode = 'vault'

/** The root that the trust anchor trusts. */
export interface Root {
  /** As it is shown, such as `CN=iam-ra default`. */
  readonly subject: string
  /** What creates it; no steps if it exists. */
  readonly plan: Plan
  /** After the steps. @returns PEM @throws IamRaError */
  read(): Promise<string>
}

export interface ClusterSetUp {
  readonly plan: Plan
  /** For the trust anchor's tag of the cluster. */
  readonly words: readonly string[]
  /** To be applied to the cluster. */
  readonly objects: readonly KubeObject[]
}

export interface WorkloadSetUp {
  readonly plan: Plan
  /** The CN of the CA that signs the workload's certificate, for the trust policy; empty if the anchor's root does. */
  readonly issuer: string
  /** How a pod gets its certificate. */
  readonly source: PodSource
  /** What the workload needs in its namespace, besides what every kind has. */
  readonly objects: readonly KubeObject[]
}

/** What a workload can get here; `unknown` if this operator may not look. */
export interface Standing {
  readonly state: 'ok' | 'wrong' | 'unknown'
  /** Why not, in a few words. */
  readonly why?: string
}

export interface Authority {
  readonly mode: CaMode
  /** For `init`. @throws IamRaError */
  root(): Promise<Root>
  /** For `k8s setup`. @throws IamRaError */
  setUpCluster(cluster: Pick<Cluster, 'name' | 'namespace'>): Promise<ClusterSetUp>
  /** For `k8s onboard`. @throws IamRaError */
  setUpWorkload(cluster: Cluster, workload: Identity & { readonly workload: string }): Promise<WorkloadSetUp>
  /** For `k8s list`: one for each workload, in their order. @throws IamRaError */
  standings(
    cluster: Cluster,
    workloads: readonly (Identity & { readonly issuer?: string })[],
  ): Promise<readonly Standing[]>
  /** What `k8s teardown` leaves, each with the command that removes it. */
  leftovers(cluster: Cluster): readonly string[]
  close(): void
}
