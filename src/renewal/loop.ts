/** Runs each turn when it is due and sleeps in between, until woken or interrupted. */
import { IamRaError } from '../errors.ts'
import type { Clock } from '../run/runtime.ts'

export interface LoopOptions {
  readonly clock: Pick<Clock, 'sleep'>
  /** Called after each turn and each sleep. @returns how long to sleep; zero or less for a turn at once */
  pauseMs(): number
  turn(interrupt: AbortSignal): Promise<void>
}

export interface Loop {
  /** Ends a sleep, so that the pause is computed again. */
  wake(): void
  /** Resolves when `interrupt` is aborted with INTERRUPTED. @throws any other abort reason, and what a turn throws */
  run(interrupt: AbortSignal): Promise<void>
}

export function createLoop({ clock, pauseMs, turn }: LoopOptions): Loop {
  let nap = new AbortController()
  const wake = (): void => nap.abort()

  async function sleep(ms: number, interrupt: AbortSignal): Promise<void> {
    nap = new AbortController()
    interrupt.addEventListener('abort', wake, { once: true })
    try {
      await clock.sleep(ms, nap.signal)
    } catch (error) {
      if (!nap.signal.aborted) throw error
    } finally {
      interrupt.removeEventListener('abort', wake)
    }
  }

  return {
    wake,
    run: async (interrupt) => {
      try {
        for (;;) {
          interrupt.throwIfAborted()
          const ms = pauseMs()
          await (ms > 0 ? sleep(ms, interrupt) : turn(interrupt))
        }
      } catch (error) {
        if (!(error instanceof IamRaError) || error.code !== 'INTERRUPTED') throw error
      }
    },
  }
}
