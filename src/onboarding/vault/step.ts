/** The parts of a plan for Vault. */
import type { Difference } from '../plan/difference.ts'
import type * as plan from '../plan/step.ts'
import type { AuthorityStep, AuthorityWishes } from './authority.ts'
import { differences, type Data } from './difference.ts'

export interface Write {
  readonly kind: 'write'
  readonly verb: 'create' | 'change'
  readonly path: string
  readonly differences: readonly Difference[]
  /** May contain ACCESSOR and REVIEWER_TOKEN, which are filled in when it is sent. */
  readonly data: Data
}

export type Step =
  Write | { readonly kind: 'authority'; readonly mount: string; readonly step: AuthorityStep }

export type Plan = plan.Plan<Step>

/** What is wanted in this run, besides the setup. */
export interface Wishes extends AuthorityWishes {
  /** The API server's CA, PEM. */
  readonly ca?: string
  /** Whether a token for Vault's reviewer was given. */
  readonly reviewerToken: boolean
  /** Whether it replaces the one that Vault has. */
  readonly replaceReviewerToken: boolean
  /** In words of the plan, if the token is not from a file. Without one, a config that has none is then written all the same. */
  readonly requested?: { readonly from: string; readonly cure: string }
}

/** Placeholder for the accessor of an auth mount that does not exist yet. */
export const ACCESSOR = '<accessor>'

/** Placeholder for the reviewer's token, which is not part of a plan. */
export const REVIEWER_TOKEN = '<the reviewer token>'

/** @param kept sent too although it is as it should be, because Vault would drop it otherwise */
export function planWrite(path: string, wanted: Data, found: Data | undefined, kept: Data = {}): Write[] {
  const differing = differences(wanted, found)
  if (differing.length === 0) return []
  const verb = found === undefined ? 'create' : 'change'
  return [{ kind: 'write', verb, path, differences: differing, data: { ...wanted, ...kept } }]
}
