/** Time that passes only when everyone waits: the next sleeper is woken once all that the last one set off has run. */
import type { Clock } from '../../src/run/runtime.ts'

interface Sleeper {
  readonly dueMs: number
  /** Sleepers of one moment wake in the order in which they lay down. */
  readonly order: number
  wake: (() => void) | undefined
}

export interface VirtualClock extends Clock {
  /** Lets time pass until nobody sleeps, or up to a moment. */
  run(untilMs?: number): Promise<void>
}

/** @param startMs what the wall clock shows at the beginning */
export function virtualClock(startMs = 0): VirtualClock {
  const heap: Sleeper[] = []
  let elapsedMs = 0
  let count = 0
  return {
    now: () => startMs + elapsedMs,
    elapsed: () => elapsedMs,
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(signal.reason as Error)
          return
        }
        const sleeper: Sleeper = { dueMs: elapsedMs + ms, order: (count += 1), wake: resolve }
        push(heap, sleeper)
        if (signal === undefined) return
        const onAbort = (): void => {
          sleeper.wake = undefined
          reject(signal.reason as Error)
        }
        signal.addEventListener('abort', onAbort, { once: true })
        sleeper.wake = () => {
          signal.removeEventListener('abort', onAbort)
          resolve()
        }
      }),
    async run(untilMs = Number.POSITIVE_INFINITY) {
      await Promise.resolve()
      await settled()
      for (let next = heap[0]; next !== undefined && next.dueMs <= untilMs; next = heap[0]) {
        pop(heap)
        if (next.wake === undefined) continue
        elapsedMs = Math.max(elapsedMs, next.dueMs)
        next.wake()
        await settled()
      }
    },
  }
}

/** Called from a promise's continuation, Node runs the tick once no other continuation is left to run. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}

function isBefore(a: Sleeper, b: Sleeper): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
}

/** A binary heap, the earliest at its head: tens of thousands sleep at once. */
function push(heap: Sleeper[], sleeper: Sleeper): void {
  let at = heap.length
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || !isBefore(sleeper, parent)) break
    heap[at] = parent
    at = above
  }
  heap[at] = sleeper
}

function pop(heap: Sleeper[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    const left = heap[2 * at + 1]
    const right = heap[2 * at + 2]
    if (left === undefined) break
    const isRight = right !== undefined && isBefore(right, left)
    const child = isRight ? right : left
    if (!isBefore(child, last)) break
    heap[at] = child
    at = 2 * at + (isRight ? 2 : 1)
  }
  heap[at] = last
}
