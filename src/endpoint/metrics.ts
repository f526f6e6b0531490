/** The state of renewals and requests, in Prometheus' text format 0.0.4. */
import type { RefreshStatus } from '../renewal/status.ts'
import { VERSION } from '../version.ts'
import type { RequestCount } from './request-counts.ts'

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

export function metricsText(
  status: RefreshStatus,
  alive: boolean,
  requests: readonly RequestCount[],
): string {
  return [
    metric('build_info', 'gauge', 'Version of aws-iam-ra; always 1.', [
      { labels: { version: VERSION }, value: 1 },
    ]),
    metric('credentials_alive', 'gauge', 'Whether unexpired credentials are available.', [
      { value: alive ? 1 : 0 },
    ]),
    metric(
      'credentials_expiry_timestamp_seconds',
      'gauge',
      'When the credentials in use expire.',
      atTime(status.credentials?.expiresAtMs),
    ),
    metric(
      'last_success_timestamp_seconds',
      'gauge',
      'When the credentials in use were obtained.',
      atTime(status.obtainedAtMs),
    ),
    metric(
      'next_renewal_timestamp_seconds',
      'gauge',
      'When the next renewal is due.',
      atTime(status.nextRunAtMs),
    ),
    metric('renewals_total', 'counter', 'Runs to obtain credentials, including the first.', [
      { labels: { result: 'success' }, value: status.succeeded },
      { labels: { result: 'failure' }, value: status.failed },
    ]),
    metric(
      'requests_total',
      'counter',
      'Credential requests answered.',
      requests.map(({ endpoint, status: code, count }) => ({
        labels: { endpoint, status: String(code) },
        value: count,
      })),
    ),
  ].join('')
}

/** No sample if the time is unknown: zero would be a time. */
function atTime(epochMs: number | undefined): readonly Sample[] {
  return epochMs === undefined ? [] : [{ value: epochMs / 1000 }]
}

/** Labels hold our own words only, so nothing in them needs escaping. */
export function metric(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  samples: readonly Sample[],
): string {
  if (samples.length === 0) return ''
  const full = `aws_iam_ra_${name}`
  const lines = samples.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text}"`)
    return `${full}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`
  })
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join('')}`
}
