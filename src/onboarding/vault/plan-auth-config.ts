/** The auth mount's config. Vault replaces it as a whole and never shows the reviewer's token, which could get lost. */
import type { Difference } from '../plan/difference.ts'
import { authConfig } from './resources.ts'
import type { ClusterSetup } from './setup.ts'
import type { State } from './state.ts'
import { planWrite, REVIEWER_TOKEN, type Plan, type Wishes, type Write } from './step.ts'

interface ConfigPlan extends Plan {
  readonly steps: readonly Write[]
}

export function planAuthConfig(setup: ClusterSetup, wishes: Wishes, state: State): ConfigPlan {
  const { path, wanted } = authConfig(setup, wishes.ca)
  const found = state.found.get(path)
  const { requested } = wishes
  const cure = requested?.cure ?? 'give --reviewer-token FILE'
  const isSet = found?.['token_reviewer_jwt_set'] === true
  // Keys for checking tokens restrict what is accepted; a write without them would drop them.
  const kept = Array.isArray(found?.['pem_keys']) ? { pem_keys: found['pem_keys'] } : {}
  const [write] = planWrite(path, wanted, found, kept)
  const verb = found === undefined ? 'create' : 'change'
  const base: Write = write ?? { kind: 'write', verb, path, differences: [], data: { ...wanted, ...kept } }
  const withToken = (difference: Difference, data: object): ConfigPlan => ({
    steps: [{ ...base, differences: [...base.differences, difference], data: { ...base.data, ...data } }],
    notes: [],
    problems: [],
  })
  const plain: ConfigPlan = { steps: write === undefined ? [] : [write], notes: [], problems: [] }

  if (setup.kubernetes.reviewer !== 'token') {
    const notes =
      setup.kubernetes.reviewer === 'clients'
        ? [
            'each client calls TokenReview with its own token, which needs system:auth-delegator and an audience of the API server',
          ]
        : []
    if (!isSet) return { ...plain, notes }
    return { ...withToken({ name: 'token_reviewer_jwt', before: '(set)', after: '(none)' }, {}), notes }
  }
  if (!isSet || wishes.replaceReviewerToken || (write !== undefined && wishes.reviewerToken)) {
    if (!wishes.reviewerToken) {
      if (requested !== undefined && !isSet) return plain
      return {
        ...plain,
        problems: [`${cure}: the reviewer is an account whose token Vault needs`],
      }
    }
    const before = isSet ? { before: '(set)' } : {}
    return withToken(
      {
        name: 'token_reviewer_jwt',
        ...before,
        after: `(from ${requested?.from ?? 'the file'}, never shown)`,
      },
      { token_reviewer_jwt: REVIEWER_TOKEN },
    )
  }
  if (write !== undefined) {
    return {
      ...plain,
      problems: [`${path} is replaced as a whole, which drops its reviewer token: ${cure} too`],
    }
  }
  return wishes.reviewerToken
    ? {
        ...plain,
        notes: [`${path} already has a reviewer token: --replace-reviewer-token replaces it with this one`],
      }
    : plain
}
