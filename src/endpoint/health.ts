/**
 * Answers the kubelet and Prometheus, on an address that the whole network may reach: nothing secret, and no text from
 * a server.
 */
import type { RefreshStatus } from '../renewal/status.ts'
import type { SessionCredentials } from '../credentials.ts'
import { refusal, textAnswer, type Answer, type Handler } from './answer.ts'
import { METRICS_TYPE, metricsText } from './metrics.ts'
import type { RequestCount } from './request-counts.ts'

export interface HealthOptions {
  status(): RefreshStatus
  /** The unexpired credentials. */
  current(): SessionCredentials | undefined
  /** How many requests got which status; empty if there is no endpoint. */
  requests(): readonly RequestCount[]
}

const ALIVE = textAnswer(200, 'alive\n')
const READY = textAnswer(200, 'ready\n')
const NOT_FOUND = textAnswer(404, 'try /livez, /readyz or /metrics\n')
const METHOD_NOT_ALLOWED = refusal(405, 'MethodNotAllowed', 'this path accepts GET and HEAD only', {
  Allow: 'GET, HEAD',
})

export function createHealth(options: HealthOptions): Handler {
  return ({ method, target }) => {
    const [path] = target.split('?', 1)
    const answer = path === undefined ? undefined : answerAt(path, options)
    if (answer === undefined) return NOT_FOUND
    return method === 'GET' || method === 'HEAD' ? answer() : METHOD_NOT_ALLOWED
  }
}

function answerAt(path: string, options: HealthOptions): (() => Answer) | undefined {
  switch (path) {
    case '/livez':
      return () => ALIVE
    case '/readyz':
      return () => (options.current() === undefined ? notReady(options.status()) : READY)
    case '/metrics':
      return () =>
        textAnswer(200, metricsText(options.status(), options.current() !== undefined, options.requests()), {
          'Content-Type': METRICS_TYPE,
        })
    default:
      return undefined
  }
}

/** The failure's stage and code only: its message may name hosts and roles. */
function notReady({ credentials, failure }: RefreshStatus): Answer {
  const state = credentials === undefined ? 'no credentials yet' : 'the credentials have expired'
  return textAnswer(
    503,
    failure === undefined ? `${state}\n` : `${state}: ${failure.stage} ${failure.code}\n`,
  )
}
