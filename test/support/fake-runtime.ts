/** A Runtime that a test holds in its hands: time, network, randomness and output; files are real unless replaced. */
import * as fsPromises from 'node:fs/promises'
import type { IamRaError } from '../../src/errors.ts'
import type { HttpAnswer, HttpClient, HttpClientOptions, HttpRequest } from '../../src/net/http.ts'
import type { LogFields, Logger } from '../../src/run/log.ts'
import type { Bounds } from '../../src/run/deadline.ts'
import { memoryFiles } from '../../src/run/memory-files.ts'
import type { Clock, Runtime } from '../../src/run/runtime.ts'

export const FAKE_NOW_MS = Date.UTC(2026, 10, 21, 12)

export interface FakeClock extends Clock {
  /** Every sleep that was asked for, in milliseconds. */
  readonly sleeps: readonly number[]
  /** Moves the time and wakes, in their order, the sleepers whose time has come. */
  advance(ms: number): void
  /** Sets the wall clock alone, as NTP does: `elapsed` does not move. */
  setNow(epochMs: number): void
}

interface Sleeper {
  readonly dueMs: number
  wake(): void
}

/** @param passesUpToMs sleeps up to this long pass at once; longer ones, such as a deadline, wait for the time to move */
export function fakeClock(passesUpToMs = 30_000, nowMs = FAKE_NOW_MS): FakeClock {
  let elapsedMs = 0
  let offsetMs = nowMs
  const sleeps: number[] = []
  const sleepers = new Set<Sleeper>()
  const advance = (ms: number): void => {
    const untilMs = elapsedMs + ms
    const due = [...sleepers].filter((one) => one.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)
    for (const sleeper of due) {
      elapsedMs = Math.max(elapsedMs, sleeper.dueMs)
      sleeper.wake()
    }
    elapsedMs = untilMs
  }
  return {
    sleeps,
    advance,
    now: () => offsetMs + elapsedMs,
    elapsed: () => elapsedMs,
    setNow: (epochMs) => {
      offsetMs = epochMs - elapsedMs
    },
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      sleeps.push(ms)
      const slept = new Promise<void>((resolve, reject) => {
        const onAbort = (): void => {
          sleepers.delete(sleeper)
          reject(signal?.reason as Error)
        }
        const sleeper: Sleeper = {
          dueMs: elapsedMs + ms,
          wake: () => {
            sleepers.delete(sleeper)
            signal?.removeEventListener('abort', onAbort)
            resolve()
          },
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        sleepers.add(sleeper)
      })
      if (ms <= passesUpToMs) advance(ms)
      await slept
    },
  }
}

/** Bounds over a fake clock, for a step alone; a whole run takes the real createBounds. */
export function fakeBounds(clock: Clock, deadlineMs = 60_000, signal = new AbortController().signal): Bounds {
  const startMs = clock.elapsed()
  return { signal, deadlineMs, remainingMs: () => deadlineMs - (clock.elapsed() - startMs) }
}

/** What a scripted client does with a request: answers, fails, or hangs until the request's signal is aborted. */
export type ScriptedAnswer =
  | 'hang'
  | Error
  | {
      readonly status: number
      /** An object is sent as JSON. */
      readonly body?: string | object
      /** Names in lower case. */
      readonly headers?: Readonly<Record<string, string>>
    }

export interface ScriptedHttp {
  /** The Runtime's member. */
  readonly http: Runtime['http']
  readonly requests: readonly HttpRequest[]
  /** The options of each client that was made. */
  readonly clients: readonly HttpClientOptions[]
  /** How many clients are not closed yet. */
  open(): number
}

/** @param script the answers in their order, or a function that is asked for each request */
export function scriptedHttp(
  script: readonly ScriptedAnswer[] | ((request: HttpRequest) => ScriptedAnswer | Promise<ScriptedAnswer>),
): ScriptedHttp {
  const requests: HttpRequest[] = []
  const clients: HttpClientOptions[] = []
  let open = 0
  const next = (request: HttpRequest): ScriptedAnswer | Promise<ScriptedAnswer> => {
    if (typeof script === 'function') return script(request)
    return script[requests.length - 1] ?? new Error(`nothing is scripted for request ${requests.length}`)
  }
  const client = (): HttpClient => {
    let closed = false
    return {
      async request(request) {
        request.signal.throwIfAborted()
        requests.push(request)
        request.onSent?.()
        const answer = await next(request)
        if (answer instanceof Error) throw answer
        return answer === 'hang' ? await hang(request.signal) : httpAnswer(answer)
      },
      close() {
        if (!closed) open -= 1
        closed = true
      },
    }
  }
  return {
    requests,
    clients,
    open: () => open,
    http: (options) => {
      clients.push(options)
      open += 1
      return client()
    },
  }
}

function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

function httpAnswer({
  status,
  body = '',
  headers = {},
}: Exclude<ScriptedAnswer, string | Error>): HttpAnswer {
  return {
    status,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers,
    header: (name) => headers[name.toLowerCase()],
  }
}

export interface LoggedLine {
  readonly level: 'step' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: LogFields
}

export interface RecordingLogger extends Logger {
  readonly lines: readonly LoggedLine[]
  readonly errors: readonly IamRaError[]
  /** The messages of one level. */
  messages(level: LoggedLine['level']): string[]
}

export function recordingLogger(): RecordingLogger {
  const lines: LoggedLine[] = []
  const errors: IamRaError[] = []
  const record =
    (level: LoggedLine['level']) =>
    (message: string, fields: LogFields = {}): void => {
      lines.push({ level, message, fields })
    }
  return {
    lines,
    errors,
    messages: (level) => lines.filter((line) => line.level === level).map((line) => line.message),
    step: record('step'),
    info: record('info'),
    warn: record('warn'),
    error: (error) => {
      errors.push(error)
      record('error')(error.message)
    },
  }
}

export interface FakeRuntime extends Runtime {
  readonly clock: FakeClock
  /** All that was written to each. */
  readonly output: { readonly stdout: string; readonly stderr: string }
}

/** @param given members that replace the fake's; without `http`, any request fails the test */
export function fakeRuntime(
  given: Partial<Omit<Runtime, 'clock'>> & { readonly clock?: FakeClock } = {},
): FakeRuntime {
  const output = { stdout: '', stderr: '' }
  return {
    argv: [],
    env: {},
    home: '/home/app',
    random: () => 0.5,
    fs: fsPromises,
    memoryFiles,
    http: scriptedHttp([]).http,
    stdin: () => Promise.reject(new Error('no input was expected')),
    stdout: (text) => {
      output.stdout += text
    },
    stderr: (text) => {
      output.stderr += text
    },
    runChild: () => Promise.reject(new Error('no child process was expected')),
    ...given,
    clock: given.clock ?? fakeClock(),
    output,
  }
}
