/** Shows what a command is waiting for, on one line of the terminal that it redraws each second. */
import type { Clock } from '../run/runtime.ts'
import type { Terminal } from './terminal.ts'

export interface Progress {
  /** Shows this from now on. */
  awaits(what: string): void
  /** Removes the line. */
  end(): void
}

interface Place {
  readonly terminal: Pick<Terminal, 'live' | 'columns'>
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>
  stderr(text: string): void
}

const SECOND_MS = 1000
/** Back to the start of the line, and clear it. */
const CLEAR = '\r\u001b[K'

export function startProgress({ terminal, clock, stderr }: Place, first: string): Progress {
  if (!terminal.live) return { awaits: () => undefined, end: () => undefined }
  const stop = new AbortController()
  let [what, sinceMs] = [first, clock.elapsed()]
  const draw = (): void => {
    const line = `waiting for ${what} (${Math.floor((clock.elapsed() - sinceMs) / SECOND_MS)} s)`
    // A line that wraps cannot be redrawn.
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
