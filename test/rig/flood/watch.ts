/** The app's reader and the kubelet's probe beside a flood: whether each was answered, and how long that took. */
import http from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

export interface Watched {
  readonly asked: number
  /** Those that got another status, another body or none. */
  readonly failed: number
  /** Those that took longer than who asks waits. */
  readonly late: number
  readonly medianMs: number
  readonly longestMs: number
  /** Of the failures, what came instead. */
  readonly reasons: readonly string[]
}

export interface Question {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Of the whole answer: what a reader waits before it gives up. */
  readonly patienceMs: number
  /** Between an answer and the next question. */
  readonly pauseMs: number
  isRight(status: number, body: string): boolean
}

/** How long after a reader would have given up an answer still counts as late and not as none. */
const BEYOND_MS = 20_000

/** Asks until the signal, and once at least; each on a connection of its own, as SDKs and the kubelet do. */
export async function watch(question: Question, until: AbortSignal): Promise<Watched> {
  const times: number[] = []
  const reasons: string[] = []
  do {
    const begun = performance.now()
    try {
      const { status, body } = await ask(question)
      if (!question.isRight(status, body)) reasons.push(`status ${status}`)
    } catch (error) {
      reasons.push((error as NodeJS.ErrnoException).code ?? String(error))
    }
    times.push(performance.now() - begun)
    await delay(question.pauseMs)
  } while (!until.aborted)
  times.sort((a, b) => a - b)
  return {
    asked: times.length,
    failed: reasons.length,
    late: times.filter((ms) => ms > question.patienceMs).length,
    medianMs: Math.round(times[Math.floor(times.length / 2)] ?? 0),
    longestMs: Math.round(times.at(-1) ?? 0),
    reasons: [...new Set(reasons)],
  }
}

function ask({ host, port, path, headers, patienceMs }: Question): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(patienceMs + BEYOND_MS)
    const request = http.request({ host, port, path, headers, agent: false, signal }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    request.on('error', reject)
    request.end()
  })
}

/** AWS's SDKs wait a second or two for the container endpoint. */
const SDK_PATIENCE_MS = 1000
/** timeoutSeconds of the liveness probe in k8s/sidecar. */
const PROBE_PATIENCE_MS = 5000

/** An SDK that has no credentials yet: it asks by the container endpoint. */
export function appQuestion(port: number, token: string): Question {
  return {
    host: '127.0.0.1',
    port,
    path: '/v1/credentials',
    headers: { Authorization: token },
    patienceMs: SDK_PATIENCE_MS,
    pauseMs: 50,
    isRight: (status, body) => status === 200 && body.includes('"SecretAccessKey":"'),
  }
}

export function probeQuestion(host: string, port: number): Question {
  return {
    host,
    port,
    path: '/livez',
    headers: { 'User-Agent': 'kube-probe/1.36', Connection: 'close' },
    patienceMs: PROBE_PATIENCE_MS,
    pauseMs: 200,
    isRight: (status, body) => status === 200 && body === 'alive\n',
  }
}
