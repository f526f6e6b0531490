/** One runner of readers.ts as a process that stays up: a question is a line of JSON on its stdin, the answer one on its stdout. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { cleanEnv } from '../../../rig/processes/clean-env.ts'
import { specOf, type ReaderName } from './readers.ts'

export interface Question {
  readonly ask: 'version' | 'credentials' | 'use' | 'sections' | 'providers'
  /** All that the app is told. */
  readonly env?: Readonly<Record<string, string>>
  /** Asks the app that was asked under this name before, where there was one. Default a new app. */
  readonly kept?: string
  /** So many new apps at once, where the runner can: the answer has `answers`. */
  readonly count?: number
  /** `use`: S3 is asked too. */
  readonly buckets?: boolean
  /** boto3 alone: how many seconds its credentials are to be taken for older than they are. */
  readonly ahead?: number
  /** `sections`: the file. */
  readonly path?: string
  /** `providers`: whose. */
  readonly profiles?: readonly string[]
}

/** What an SDK resolved. Secrets are digests. */
export interface Keys {
  readonly id: string
  readonly secret: string
  /** Null where there is none; empty where it is empty, and the SDK knows the two apart. */
  readonly token: string | null
  readonly account?: string
  readonly expires?: string | number
}

export interface Answer {
  readonly error?: string
  readonly version?: string
  readonly keys?: Keys
  readonly arn?: string
  readonly buckets?: readonly string[]
  readonly answers?: readonly Answer[]
  readonly sections?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly providers?: Readonly<Record<string, { readonly value: unknown } | { readonly error: string }>>
}

export interface Runner {
  ask(question: Question): Promise<Answer>
  end(): Promise<void>
}

/** A JVM's start, Python's imports and a reader's own retries of some seconds. */
const ANSWER_BOUND_MS = 90_000

/** It is started at its first question, and again after one that it did not survive, which is an answer too. */
export function startRunner(reader: ReaderName): Runner {
  let running: ReturnType<typeof spawnRunner> | undefined
  const ask = async (question: Question): Promise<Answer> => {
    running ??= spawnRunner(reader)
    const answer = await running.ask(question)
    if (answer !== undefined) return answer
    const { closed, said } = running
    running = undefined
    const [code, signal] = (await closed) as [number | null, string | null]
    return { error: `its process ended (${signal ?? `exit ${code}`}): ${said().slice(-500)}` }
  }
  let last: Promise<unknown> = Promise.resolve()
  return {
    // One after the other: the environment is the process's.
    ask(question) {
      const answer = last.then(() => ask(question))
      last = answer.catch(() => undefined)
      return answer
    },
    async end() {
      await last
      running?.end()
      await running?.closed
    },
  }
}

function spawnRunner(reader: ReaderName): {
  readonly closed: Promise<unknown[]>
  said(): string
  ask(question: Question): Promise<Answer | undefined>
  end(): void
} {
  const [command, ...args] = specOf(reader).command()
  const child = spawn(command, args, { env: cleanEnv({}), stdio: ['pipe', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said = (said + chunk).slice(-10_000)))
  child.stdin.on('error', () => undefined)
  const lines = linesOf(child.stdout)
  return {
    closed,
    said: () => said,
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`)
      const bound = setTimeout(() => child.kill('SIGKILL'), ANSWER_BOUND_MS)
      const line = await lines.next()
      clearTimeout(bound)
      return line.done === true ? undefined : (JSON.parse(line.value) as Answer)
    },
    end: () => child.stdin.end(),
  }
}

/** As runners put secrets. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** Not by node:readline, for which U+2028 ends a line too: files have it. */
async function* linesOf(stream: Readable): AsyncGenerator<string, undefined> {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = (rest + (chunk as string)).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  return undefined
}
