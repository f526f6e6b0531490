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

/** How long it waits for other operators to remove theirs. */
const BOUND_MS = 30_000
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
  let isRemoved = false
  for (;;) {
    const all = await list()
    const [first = own] = all
    // A list may be too old to show what was just created.
    const isListed = all.some(({ id }) => id === own.id)
    if (!isRemoved && first.id !== own.id && (isListed || byAge(first, own) < 0)) {
      await remove(own)
      isRemoved = true
    } else if (all.length <= 1 || clock.elapsed() - startMs >= BOUND_MS) {
      // If a run was killed here, the next plan removes what it left.
      return first
    } else {
      await clock.sleep(PAUSE_MS * (0.5 + random()), interrupt)
    }
  }
}

/** The oldest first. */
export function byAge(a: Made, b: Made): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1
  return a.id < b.id ? -1 : 1
}
