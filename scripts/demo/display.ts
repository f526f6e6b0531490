/** Shows steps with their times: live and in colour on a terminal, otherwise as plain lines. */

export interface Display {
  heading(text: string): void
  /** A step has started. */
  begin(text: string): void
  /** The step is finished; `text` replaces the one from `begin`. */
  done(text?: string, details?: readonly string[]): void
  note(text: string): void
  /** Removes a step that never finished. */
  stop(): void
  failed(reason: string): void
}

const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'

export function createDisplay(out: NodeJS.WriteStream): Display {
  const live = out.isTTY
  const colour = (code: number, text: string): string =>
    live && process.env['NO_COLOR'] === undefined ? `\u001B[${code}m${text}\u001B[0m` : text
  const eraseLine = (): void => {
    if (live) out.write('\r\u001B[2K')
  }
  let running:
    | { readonly text: string; readonly startMs: number; readonly timer: NodeJS.Timeout | undefined }
    | undefined
  const spin = (text: string): NodeJS.Timeout => {
    let frame = 0
    const draw = (): void => {
      frame = (frame + 1) % FRAMES.length
      eraseLine()
      out.write(`${colour(36, FRAMES[frame] ?? '')} ${text}`)
    }
    draw()
    return setInterval(draw, 80).unref()
  }
  const end = (): number => {
    clearInterval(running?.timer)
    eraseLine()
    const ms = running === undefined ? 0 : performance.now() - running.startMs
    running = undefined
    return ms
  }
  return {
    heading: (text) => out.write(`\n${colour(1, text)}\n`),
    begin: (text) => {
      running = { text, startMs: performance.now(), timer: live ? spin(text) : undefined }
    },
    done: (text, details = []) => {
      const said = text ?? running?.text ?? ''
      const ms = end()
      out.write(`${colour(32, '✓')} ${said} ${colour(2, `(${ms.toFixed(0)} ms)`)}\n`)
      for (const detail of details) out.write(`    ${colour(2, detail)}\n`)
    },
    note: (text) => {
      eraseLine()
      out.write(`${colour(33, '!')} ${text}\n`)
    },
    stop: () => void end(),
    failed: (reason) => {
      end()
      out.write(`${colour(31, '✗')} ${reason}\n`)
    },
  }
}
