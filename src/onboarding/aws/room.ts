/** How many more workloads a role has room for: the trust policy has a quota, and so do the tags. */
import { commonName } from '../names.ts'
import type { Binding } from './bindings.ts'
import { derivePolicy, policySize, type Owner } from './trust-policy.ts'

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const MOST_TAGS = 50

/** A workload of usual length, for a role that has none yet. */
const USUAL: Binding = {
  ...{
    cluster: 'prod-cluster',
    namespace: 'payments',
    workload: 'payment-service',
    account: 'payment-service',
  },
  ...{ anchor: { region: 'eu-central-1', id: '00000000-0000-0000-0000-000000000000' }, issuer: '' },
}

export interface Filled {
  /** Of the role, all of them. */
  readonly tagCount: number
  readonly policy: string
  readonly bindings: readonly Binding[]
}

/** @returns about how many more workloads fit, whose names have the average length of those that are bound */
export function roomIn(owner: Owner, { tagCount, policy, bindings }: Filled, quota: number): number {
  if (bindings.length === 0) {
    const first = derivePolicy(owner, [USUAL], policy) ?? policy
    if (policySize(first) > quota) return 0
    return 1 + roomIn(owner, { tagCount: tagCount + 1, policy: first, bindings: [USUAL] }, quota)
  }
  const characters = bindings.reduce((sum, one) => sum + commonName(one).length + SEPARATORS, 0)
  const names = Math.floor((quota - policySize(policy)) / (characters / bindings.length))
  return Math.max(0, Math.min(names, MOST_TAGS - tagCount))
}

/** Two quotes and a comma. */
const SEPARATORS = 3
