/** What a plan for Vault is made of. */
import type { Difference } from '../plan/difference.ts'
import type * as plan from '../plan/step.ts'
import type { AuthorityStep, AuthorityWishes } from './authority.ts'
import { differences, type Data } from './difference.ts'

export interface Write {
  readonly kind: 'write'
  readonly verb: 'create' | 'change'
  readonly path: string
  readonly differences: readonly Difference[]
  /** May hold ACCESSOR and REVIEWER_TOKEN, which are put in when it is sent. */
  readonly data: Data
}

export type Step =
  Write | { readonly kind: 'authority'; readonly mount: string; readonly step: AuthorityStep }

export type Plan = plan.Plan<Step>

/** What is wanted this time, beside the set-up. */
export interface Wishes extends AuthorityWishes {
  /** Of the API server, PEM. */
  readonly ca?: string
  /** A token for Vault's reviewer is at hand. */
  readonly reviewerToken: boolean
  /** It goes in the place of the one that Vault has. */
  readonly replaceReviewerToken: boolean
}

/** Stands for the accessor of an auth mount that is not there yet. */
export const ACCESSOR = '<accessor>'

/** Stands for the reviewer's token, which is no part of a plan. */
export const REVIEWER_TOKEN = '<the reviewer token>'

/** @param kept sent along though it is as it should be, since Vault would drop it otherwise */
export function planWrite(path: string, wanted: Data, found: Data | undefined, kept: Data = {}): Write[] {
  const differing = differences(wanted, found)
  if (differing.length === 0) return []
  const verb = found === undefined ? 'create' : 'change'
  return [{ kind: 'write', verb, path, differences: differing, data: { ...wanted, ...kept } }]
}
