/** Answers the kubelet and Prometheus: the agent is ready as long as it listens, whatever Vault does. */
import { refusal, textAnswer, type Answer, type Handler } from '../endpoint/answer.ts'
import { METRICS_TYPE } from '../endpoint/metrics.ts'
import type { Agent } from './agent.ts'

const ALIVE = textAnswer(200, 'alive\n')
const READY = textAnswer(200, 'ready\n')
const METHOD_NOT_ALLOWED = refusal(405, 'MethodNotAllowed', 'this path accepts GET and HEAD only', {
  Allow: 'GET, HEAD',
})

/** /livez, /readyz and /metrics. */
export function createAgentHealth(agent: Pick<Agent, 'metrics'>): Handler {
  const metrics = metricsOf(agent)
  return handlerOf({ '/livez': () => ALIVE, '/readyz': () => READY, '/metrics': metrics })
}

/** /metrics alone. */
export function createAgentMetrics(agent: Pick<Agent, 'metrics'>): Handler {
  return handlerOf({ '/metrics': metricsOf(agent) })
}

function metricsOf(agent: Pick<Agent, 'metrics'>): () => Answer {
  return () => textAnswer(200, agent.metrics(), { 'Content-Type': METRICS_TYPE })
}

function handlerOf(answers: Readonly<Record<string, () => Answer>>): Handler {
  const missing = textAnswer(404, `try ${Object.keys(answers).join(' or ')}\n`)
  return ({ method, target }) => {
    const [path = ''] = target.split('?', 1)
    const answer = Object.hasOwn(answers, path) ? answers[path] : undefined
    if (answer === undefined) return missing
    return method === 'GET' || method === 'HEAD' ? answer() : METHOD_NOT_ALLOWED
  }
}
