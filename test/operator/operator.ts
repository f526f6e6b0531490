/** The operator's program in the test's hands: its runtime, its terminal, and what it wrote. */
import { main } from '../../src/operator/main.ts'
import type { ROUTES } from '../../src/operator/routes.ts'
import type { RunProgram } from '../../src/run/program.ts'
import type { Runtime } from '../../src/run/runtime.ts'
import type { Question, Reply } from '../../src/terminal/ask.ts'
import { paintsFor } from '../../src/terminal/colour.ts'
import type { Terminal } from '../../src/terminal/terminal.ts'
import { fakeRuntime } from '../support/fake-runtime.ts'

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What was asked, and what Enter alone would have meant. */
  readonly asked: readonly Pick<Question, 'text' | 'initial'>[]
}

export interface Given {
  readonly env?: Readonly<Record<string, string>>
  readonly http?: Runtime['http']
  readonly home?: string
  /** What somebody at a terminal answers. Default there is no terminal. */
  readonly replies?: readonly Reply[]
  readonly routes?: typeof ROUTES
  readonly interrupt?: AbortSignal
  readonly colour?: boolean
  /** Default none is to be run. */
  readonly run?: RunProgram
}

export async function operate(argv: readonly string[], given: Given = {}): Promise<Outcome> {
  const { replies, routes, interrupt = new AbortController().signal, colour = false, ...rest } = given
  const { run = nothingRuns, ...runtime } = rest
  const asked: Pick<Question, 'text' | 'initial'>[] = []
  const terminal: Terminal = {
    interactive: replies !== undefined,
    live: replies !== undefined,
    columns: 80,
    paints: paintsFor(colour, {}),
    ask: async ({ text, initial }) => {
      asked.push({ text, initial })
      const reply = replies?.[asked.length - 1]
      if (reply === undefined) throw new Error(`nobody answers: ${text}`)
      return reply
    },
  }
  const fake = fakeRuntime({ argv, ...runtime })
  const code = await main(
    {
      ...fake,
      terminal,
      written: async () => undefined,
      writeFile: async (path) => {
        throw new Error(`nothing is to be written: ${path}`)
      },
      run,
    },
    interrupt,
    routes,
  )
  return { code, ...fake.output, asked }
}

const nothingRuns: RunProgram = async (command) => {
  throw new Error(`nothing is to be run: ${command}`)
}
