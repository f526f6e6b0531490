/** Time that passes faster in waits. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../../../src/run/runtime.ts'

/** @param factor how many of its milliseconds pass in one of ours */
export function fastClock(factor: number): Clock {
  return {
    now: () => Date.now(),
    elapsed: () => performance.now() * factor,
    sleep: async (ms, signal) => {
      try {
        await delay(ms / factor, undefined, signal === undefined ? {} : { signal })
      } catch {
        throw signal?.reason as Error
      }
    },
  }
}
