/** What a check says: one line, with the next thing to do if something is wrong. */

export type Group = 'AWS' | 'Vault' | 'Cluster' | 'Agent' | 'Pod' | 'Exchange'

/** `unknown` if this operator may not look; `skipped` if something else comes first. Neither is a verdict. */
export type State = 'ok' | 'warning' | 'failed' | 'unknown' | 'skipped'

export interface Finding {
  readonly state: State
  /** Without a capital or a full stop. */
  readonly sentence: string
  /** The command that settles it, or what to do instead. */
  readonly hint?: string
}

export interface Line extends Finding {
  readonly group: Group
  /** JSON shows it, so that a name never changes its meaning. */
  readonly check: string
}

export const ok = (sentence: string): Finding => ({ state: 'ok', sentence })
export const failed = (sentence: string, hint: string): Finding => ({ state: 'failed', sentence, hint })
export const warning = (sentence: string, hint: string): Finding => ({ state: 'warning', sentence, hint })
export const skipped = (sentence: string): Finding => ({ state: 'skipped', sentence })
export const unknown = (sentence: string, hint?: string): Finding =>
  hint === undefined ? { state: 'unknown', sentence } : { state: 'unknown', sentence, hint }

/** @returns the faults; if there are none, what is as it should be, after the warnings */
export function faultsOr(findings: readonly Finding[], fine: string): readonly Finding[] {
  return findings.some(({ state }) => state === 'failed') ? findings : [...findings, ok(fine)]
}

/** `a`, `a and b`, or `a, b and 3 more`. */
export function listed(names: readonly string[]): string {
  const [first = '', second = '', ...more] = names
  if (names.length <= 1) return first
  return more.length === 0 ? `${first} and ${second}` : `${first}, ${second} and ${more.length} more`
}

const DAY_MS = 86_400_000
/** Long enough to have a certificate signed by people. */
const SOON_DAYS = 60

/** When a certificate expires, as a clause, and whether that is past or soon. */
export function expiry(
  notAfter: Date,
  nowMs: number,
): { readonly clause: string; readonly when: 'past' | 'soon' | 'later' } {
  const days = Math.floor((notAfter.getTime() - nowMs) / DAY_MS)
  const day = notAfter.toISOString().slice(0, 10)
  if (days < 0) return { clause: `expired on ${day}`, when: 'past' }
  return days < SOON_DAYS
    ? { clause: `expires on ${day}, in ${days} days`, when: 'soon' }
    : { clause: `expires on ${day}`, when: 'later' }
}
