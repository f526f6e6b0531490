/** What is being waited for, on one line of a terminal that is drawn again each second. Elsewhere nothing. */
import type { Clock } from '../run/runtime.ts'
import type { Terminal } from './terminal.ts'

export interface Progress {
  /** From now on it is this that is waited for. */
  awaits(what: string): void
  /** Takes the line away. */
  end(): void
}

interface Place {
  readonly terminal: Pick<Terminal, 'live' | 'columns'>
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>
  stderr(text: string): void
}

const SECOND_MS = 1000
/** To the line's begin, and the rest of it empty. */
const CLEAR = '\r\u001b[K'

export function startProgress({ terminal, clock, stderr }: Place, first: string): Progress {
  if (!terminal.live) return { awaits: () => undefined, end: () => undefined }
  const stop = new AbortController()
  let [what, sinceMs] = [first, clock.elapsed()]
  const draw = (): void => {
    const line = `waiting for ${what} (${Math.floor((clock.elapsed() - sinceMs) / SECOND_MS)} s)`
    // One that wraps could not be drawn again.
    stderr(`${CLEAR}${line.slice(0, terminal.columns - 1)}`)
  }
  const run = async (): Promise<void> => {
    for (;;) {
      draw()
      await clock.sleep(SECOND_MS, stop.signal)
    }
  }
  run().catch(() => undefined)
  return {
    awaits(next) {
      if (next === what) return
      ;[what, sinceMs] = [next, clock.elapsed()]
      draw()
    },
    end() {
      stop.abort()
      stderr(CLEAR)
    },
  }
}
