/** The operator's terminal, if there is one: stdin and stderr. Not stdout, on which commands print their result. */
import type { Question, Reply } from './ask.ts'
import { paintsFor, type Paints } from './colour.ts'

export interface Terminal {
  /** Whether the operator can be asked: stdin and stderr are both terminals. */
  readonly interactive: boolean
  /** Whether stderr is a terminal, on which a line can be redrawn. */
  readonly live: boolean
  /** At least 1, although some terminals report 0. */
  readonly columns: number
  readonly paints: Paints
  /** Only if `interactive`. */
  ask(question: Question): Promise<Reply>
}

/** The streams of a process, read only when they are needed because they take time to set up. */
export type Streams = Pick<NodeJS.Process, 'stdin' | 'stderr'>

const USUAL_COLUMNS = 80

export function systemTerminal(
  process: Streams,
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: (fd: number) => boolean,
): Terminal {
  const live = isTerminal(2)
  const paints = paintsFor(live, env)
  return {
    interactive: live && isTerminal(0),
    live,
    paints,
    get columns() {
      // A pty that was never sized reports 0.
      return process.stderr.columns || USUAL_COLUMNS
    },
    async ask(question) {
      const { askOn } = await import('./ask.ts')
      const { stdin, stderr } = process
      return await askOn(
        { stdin, stderr, columns: stderr.columns || USUAL_COLUMNS, colour: paints.on },
        question,
      )
    },
  }
}
