/**
 * Requests as fast as answers come, and how long each takes. Not autocannon: its histogram has whole milliseconds, and
 * one connection's answers here take less than a fifth of one; in rounds, alternating with the floor, it would take
 * seconds for each.
 */
import { quantile } from '../statistics.ts'
import { open, type Connection } from './connection.ts'

/** A request that is repeated. */
export interface Question {
  readonly method: 'GET' | 'PUT'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Of the answer; any other ends the bench. */
  readonly status: number
}

export const MODES = ['one', 'sixteen', 'new'] as const
/** One keep-alive connection, sixteen at once, or a new connection for each request, one after another. */
export type Mode = (typeof MODES)[number]

/** As many as ask at once. */
const CONNECTIONS: Readonly<Record<Mode, number>> = { one: 1, sixteen: 16, new: 1 }

export interface Timings {
  /** Milliseconds per request: to the end of its answer; with a new connection, starting before it is opened. */
  readonly latenciesMs: readonly number[]
  readonly seconds: number
}

/** @throws Error if an answer has another status, or a connection is closed without one */
export async function load(port: number, question: Question, mode: Mode, requests: number): Promise<Timings> {
  const text = requestText(port, question, mode)
  const latenciesMs: number[] = []
  let left = requests
  const reader = async (): Promise<void> => {
    let connection: Connection | undefined
    try {
      while (left > 0) {
        left -= 1
        const begun = performance.now()
        connection ??= await open(port)
        const written = mode === 'new' ? begun : performance.now()
        const { status, isLast } = await connection.ask(text)
        latenciesMs.push(performance.now() - written)
        if (status !== question.status)
          throw new Error(`${question.method} ${question.path} was answered with ${status}`)
        if (!isLast) continue
        connection.close()
        connection = undefined
      }
    } finally {
      connection?.close()
    }
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: CONNECTIONS[mode] }, reader))
  return { latenciesMs, seconds: (performance.now() - begun) / 1000 }
}

export function requestText(port: number, { method, path, headers }: Question, mode: Mode): string {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Accept: */*',
    ...(mode === 'new' ? ['Connection: close'] : []),
    ...(method === 'PUT' ? ['Content-Length: 0'] : []),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

export interface LoadResult {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** For several rounds together. @throws RangeError without requests */
export function loadResult(rounds: readonly Timings[]): LoadResult {
  const latencies = rounds.flatMap(({ latenciesMs }) => latenciesMs)
  const seconds = rounds.reduce((sum, round) => sum + round.seconds, 0)
  const rounded = (share: number): number => Math.round(quantile(latencies, share) * 1000) / 1000
  return {
    requests: latencies.length,
    perSecond: Math.round(latencies.length / seconds),
    p50Ms: rounded(0.5),
    p99Ms: rounded(0.99),
    maxMs: rounded(1),
  }
}
