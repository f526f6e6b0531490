/**
 * The HTTP client in a process of its own, on Node or on Bun, since the shipped file is compiled with Bun: run as a
 * program it takes commands as JSON lines and answers in kind; `startClient` is the other end, for the tests.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import {
  createHttpClient,
  TransportError,
  type HttpClient,
  type HttpClientOptions,
} from '../../src/net/http.ts'
import { cleanEnv } from '../rig/processes/clean-env.ts'

export type RuntimeName = 'node' | 'bun'

export interface ClientOptions extends Omit<HttpClientOptions, 'proxy'> {
  readonly proxy?: string
}

export interface ClientRequest {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs?: number
  /** A header of the answer to report. */
  readonly reads?: string
  /** Aborts the request's signal before the call, or in the same tick after it. */
  readonly aborted?: 'before' | 'at once'
  /** A file to wait for, doing nothing else, from the moment that the request is said to be on its way. */
  readonly waitsFor?: string
}

export interface Outcome {
  readonly status?: number
  readonly body?: string
  readonly header?: string
  /** Whether the file that was waited for came. */
  readonly came?: boolean
  readonly fault?: string
  readonly code?: string
  readonly message?: string
  /** The name of an error that is no TransportError. */
  readonly other?: string
}

type Command =
  | { readonly do: 'open'; readonly client: number; readonly options: ClientOptions }
  | { readonly do: 'request'; readonly client: number; readonly id: number; readonly request: ClientRequest }
  | { readonly do: 'abort'; readonly id: number }
  | { readonly do: 'close'; readonly client: number }

interface Reply {
  readonly id: number
  readonly outcome: Outcome
}

export interface RemoteClient {
  request(request: ClientRequest): { readonly outcome: Promise<Outcome>; abort(): void }
  close(): void
}

export interface ClientProcess {
  open(options?: ClientOptions): RemoteClient
  /** @returns its exit code and what it wrote to stderr, once nothing is left that keeps it running */
  end(): Promise<{ readonly code: number | null; readonly stderr: string }>
}

export function startClient(name: RuntimeName, env: Readonly<Record<string, string>>): ClientProcess {
  const child = spawn(
    join(import.meta.dirname, '../../node_modules/.bin', name),
    [join(import.meta.dirname, 'http-client.ts')],
    { env: cleanEnv(env), stdio: 'pipe' },
  )
  const closed = once(child, 'close')
  const waiting = new Map<number, (outcome: Outcome) => void>()
  let stderr = ''
  let count = 0
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.on('close', () => {
    for (const settle of waiting.values()) settle({ other: `the client's process ended: ${stderr}` })
  })
  createInterface(child.stdout).on('line', (line) => {
    const { id, outcome } = JSON.parse(line) as Reply
    waiting.get(id)?.(outcome)
    waiting.delete(id)
  })
  const send = (command: Command): void => void child.stdin.write(`${JSON.stringify(command)}\n`)
  return {
    open(options = {}) {
      const client = (count += 1)
      send({ do: 'open', client, options })
      return {
        request(request) {
          const id = (count += 1)
          const outcome = new Promise<Outcome>((resolve) => waiting.set(id, resolve))
          send({ do: 'request', client, id, request })
          return { outcome, abort: () => send({ do: 'abort', id }) }
        },
        close: () => send({ do: 'close', client }),
      }
    },
    async end() {
      child.stdin.end()
      await closed
      return { code: child.exitCode, stderr }
    },
  }
}

class Stopped extends Error {
  override readonly name = 'Stopped'
}

async function serve(): Promise<void> {
  const clients = new Map<number, HttpClient>()
  const running = new Map<number, AbortController>()
  for await (const line of createInterface(process.stdin)) {
    const command = JSON.parse(line) as Command
    switch (command.do) {
      case 'open': {
        const { proxy, ...options } = command.options
        clients.set(
          command.client,
          createHttpClient({ ...options, ...(proxy === undefined ? {} : { proxy: new URL(proxy) }) }),
        )
        break
      }
      case 'request': {
        const stop = new AbortController()
        running.set(command.id, stop)
        if (command.request.aborted === 'before') stop.abort(new Stopped())
        void run(clients.get(command.client), command.request, stop.signal).then((outcome) => {
          process.stdout.write(`${JSON.stringify({ id: command.id, outcome } satisfies Reply)}\n`)
        })
        if (command.request.aborted === 'at once') stop.abort(new Stopped())
        break
      }
      case 'abort':
        running.get(command.id)?.abort(new Stopped())
        break
      case 'close':
        clients.get(command.client)?.close()
    }
  }
}

async function run(
  client: HttpClient | undefined,
  { url, method = 'POST', headers = {}, body, timeoutMs = 10_000, reads = 'x-none', waitsFor }: ClientRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  let came: boolean | undefined
  try {
    const answer = await client?.request({
      url: new URL(url),
      method,
      headers,
      timeoutMs,
      signal,
      ...(body === undefined ? {} : { body }),
      ...(waitsFor === undefined ? {} : { onSent: () => (came = awaitFile(waitsFor)) }),
    })
    const header = answer?.header(reads)
    return {
      status: answer?.status ?? 0,
      body: answer?.body ?? '',
      ...(header === undefined ? {} : { header }),
      ...(came === undefined ? {} : { came }),
    }
  } catch (error) {
    if (error instanceof TransportError) {
      return { fault: error.fault, code: error.code, message: error.message }
    }
    return { other: error instanceof Error ? error.name : String(error) }
  }
}

/** Holds the thread for 5 s at most: the loop of events stands still. */
function awaitFile(path: string): boolean {
  for (let count = 0; count < 500 && !existsSync(path); count += 1) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
  }
  return existsSync(path)
}

if (import.meta.main) await serve()
