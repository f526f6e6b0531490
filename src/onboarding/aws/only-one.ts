/**
 * One trust anchor and one profile, although Roles Anywhere allows several with the same name: of operators who create one
 * at the same time, all but one remove their own.
 */
import type { Account } from './account.ts'

interface Made {
  readonly id: string
  readonly createdAt: string
}

export interface OnlyOne<T extends Made> {
  /** All of ours that have the name. The first one stays; every operator must see the same order. */
  list(): Promise<readonly T[]>
  create(): Promise<T>
  remove(one: T): Promise<void>
}

/** How long other operators have to remove theirs. */
const BOUND_MS = 10_000
const PAUSE_MS = 300

/** @returns the one that stays, which may have existed before */
export async function createOnlyOne<T extends Made>(
  { runtime: { clock, random }, interrupt }: Account,
  { list, create, remove }: OnlyOne<T>,
): Promise<T> {
  const [existing] = await list()
  if (existing !== undefined) return existing
  const own = await create()
  const startMs = clock.elapsed()
  for (;;) {
    const all = await list()
    const [first = own] = all
    // A list may be too old to show what was just created.
    if (first.id !== own.id && (all.some(({ id }) => id === own.id) || byAge(first, own) < 0)) {
      await remove(own)
      return first
    }
    // A run that was killed may have left one: the next plan removes it.
    if (all.length <= 1 || clock.elapsed() - startMs >= BOUND_MS) return own
    await clock.sleep(PAUSE_MS * (0.5 + random()), interrupt)
  }
}

/** The oldest first. */
export function byAge(a: Made, b: Made): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1
  return a.id < b.id ? -1 : 1
}
