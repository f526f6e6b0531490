/** What the agent counts, in Prometheus' text format: nothing of any tenant, and nothing that a sender chose. */
import { metric } from '../endpoint/metrics.ts'
import { VERSION } from '../version.ts'

export type Counted = 'answers' | 'logins' | 'exchanges'

export interface Counts {
  add(what: Counted, label: string): void
  text(now: { readonly sessions: number; readonly tokens: number }): string
}

/** The label of each counter, and what it counts. */
const COUNTERS: Readonly<Record<Counted, readonly [label: string, help: string]>> = {
  answers: ['status', 'Requests for credentials answered.'],
  logins: ['result', 'Logins to Vault that verified a token.'],
  exchanges: ['result', 'Exchanges for a session.'],
}

export function createCounts(): Counts {
  const counts = new Map<Counted, Map<string, number>>()
  return {
    add(what, label) {
      const own = counts.get(what) ?? new Map<string, number>()
      counts.set(what, own.set(label, (own.get(label) ?? 0) + 1))
    },
    text({ sessions, tokens }) {
      const counters = Object.entries(COUNTERS).map(([what, [label, help]]) =>
        metric(
          `agent_${what}_total`,
          'counter',
          help,
          [...(counts.get(what as Counted) ?? [])].map(([name, value]) => ({
            labels: { [label]: name },
            value,
          })),
        ),
      )
      return [
        metric('build_info', 'gauge', 'Version of aws-iam-ra; always 1.', [
          { labels: { version: VERSION }, value: 1 },
        ]),
        metric('agent_sessions', 'gauge', 'Unexpired sessions that are kept.', [{ value: sessions }]),
        metric('agent_tokens', 'gauge', 'Verified tokens that are remembered, by hash.', [{ value: tokens }]),
        ...counters,
      ].join('')
    },
  }
}
