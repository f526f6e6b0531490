/** The service account whose token a Vault outside the cluster asks the API server with. */
import type { Cluster } from '../../aws/owned.ts'
import { decodeClaims } from '../../../identity/service-account.ts'
import { REVIEWER } from '../../kubernetes/manifests/cluster.ts'
import type { Plan, Step } from '../../plan/step.ts'
import type { Data } from '../../vault/difference.ts'
import type { Wishes } from '../../vault/step.ts'
import type { Vault } from '../../vault/vault.ts'

export interface ReviewerWork {
  readonly vault: Vault
  readonly reviewer: Reviewer
}

/** The cluster's side of it. */
export interface Reviewer {
  /** Asked only if Vault is to get a token. @returns what requests one; undefined if the account is not there yet */
  find(account: Account): Promise<(() => Promise<string>) | undefined>
  /** What this run has requested. */
  requested(): string | undefined
}

export interface Account {
  readonly namespace: string
  readonly name: string
}

type ClusterName = Pick<Cluster, 'name' | 'namespace'>

export function reviewerOf({ namespace }: Pick<Cluster, 'namespace'>): Account {
  return { namespace, name: REVIEWER }
}

/** For the plan's words. */
export function requestedFrom({ namespace, name }: Account): NonNullable<Wishes['requested']> {
  const from = `service account ${namespace}/${name}`
  return {
    from,
    cure: `apply the objects that iam-ra k8s setup prints, ${from} among them, and run it again`,
  }
}

export function missingNote(cluster: ClusterName): string {
  const { from } = requestedFrom(reviewerOf(cluster))
  return `Vault has no reviewer token yet, so no pod can log in: ${from} is missing. Apply the objects that iam-ra k8s setup prints; the next k8s setup or k8s onboard gives Vault a token`
}

/** What the operator has to do about the token. @param token undefined if this run has requested none */
export function expiryNotes(cluster: ClusterName, token: string | undefined): readonly string[] {
  if (token === undefined) return []
  const { expiresAtMs } = decodeClaims(token)
  if (expiresAtMs === undefined) return []
  const at = `${new Date(expiresAtMs).toISOString().slice(0, 16)}Z`
  return [
    `Vault's reviewer token expires at ${at}, and then no pod can log in: replace it in time with iam-ra k8s setup ${cluster.name} --replace-reviewer-token`,
  ]
}

/**
 * Gives Vault the token that the cluster could not issue before its account was there.
 * @param path of the auth mount's config
 */
export async function planReviewerToken(
  { vault, reviewer }: ReviewerWork,
  cluster: ClusterName,
  path: string,
  config: Data,
): Promise<Plan> {
  if (config['disable_local_ca_jwt'] !== true || config['token_reviewer_jwt_set'] === true) {
    return { steps: [], notes: expiryNotes(cluster, reviewer.requested()), problems: [] }
  }
  const account = reviewerOf(cluster)
  const request = await reviewer.find(account)
  if (request === undefined) return { steps: [], notes: [missingNote(cluster)], problems: [] }
  const after = `(from ${requestedFrom(account).from}, never shown)`
  const step: Step = {
    shown: { verb: 'change', what: path, differences: [{ name: 'token_reviewer_jwt', after }] },
    async apply() {
      // A write replaces the whole config.
      const { token_reviewer_jwt_set: _, ...kept } = (await vault.read(path)) ?? config
      await vault.write(path, { ...kept, token_reviewer_jwt: await request() })
      return `changed ${path}`
    },
  }
  return { steps: [step], notes: [], problems: [] }
}
