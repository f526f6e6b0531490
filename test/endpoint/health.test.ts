import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createHealth, type HealthOptions } from '../../src/endpoint/health.ts'
import { createRequestCounts } from '../../src/endpoint/request-counts.ts'
import type { Answer } from '../../src/endpoint/answer.ts'
import { IamRaError } from '../../src/errors.ts'
import type { RefreshStatus } from '../../src/renewal/status.ts'
import { VERSION } from '../../src/version.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'
import { CREDENTIALS, request } from './request.ts'

const health = suite('health')
const UNTRIED: RefreshStatus = { succeeded: 0, failed: 0 }
const failure = new IamRaError('REFUSED', 'exchange', 'AWS refuses arn:aws:iam::123456789012:role/reader', {
  hint: 'look at vault.internal',
})
const RENEWED: RefreshStatus = {
  credentials: CREDENTIALS,
  obtainedAtMs: FAKE_NOW_MS,
  nextRunAtMs: FAKE_NOW_MS + 1_234_567,
  succeeded: 3,
  failed: 2,
  failure,
}

function ask(target: string, given: Partial<HealthOptions> = {}, method = 'GET'): Answer {
  const handler = createHealth({
    status: () => UNTRIED,
    current: () => undefined,
    requests: () => [],
    ...given,
  })
  // The kubelet probes by the pod's address.
  return handler(request({ method, target, headers: [['Host', '10.1.2.3:9912']] }))
}

const answers: readonly [
  title: string,
  target: string,
  given: Partial<HealthOptions>,
  status: number,
  body: string,
][] = [
  ['live before the first run', '/livez', {}, 200, 'alive\n'],
  ['not ready before the first run', '/readyz', {}, 503, 'no credentials yet\n'],
  [
    'not ready after a first failure',
    '/readyz',
    { status: () => ({ succeeded: 0, failed: 1, failure }) },
    503,
    'no credentials yet: exchange REFUSED\n',
  ],
  [
    'ready while a renewal fails and the credentials are alive',
    '/readyz',
    { status: () => RENEWED, current: () => CREDENTIALS },
    200,
    'ready\n',
  ],
  [
    'not ready once they have ended',
    '/readyz',
    { status: () => RENEWED },
    503,
    'the credentials have expired: exchange REFUSED\n',
  ],
  ['live all the same', '/livez', { status: () => RENEWED }, 200, 'alive\n'],
  ['a query is let pass', '/livez?verbose', {}, 200, 'alive\n'],
]
for (const [title, target, given, status, body] of answers) {
  health(title, () => {
    for (const method of ['GET', 'HEAD']) {
      const answer = ask(target, given, method)
      assert.is(answer.status, status)
      assert.is(answer.body, body)
    }
  })
}

const refused: readonly [method: string, target: string, status: number][] = [
  ['POST', '/livez', 405],
  ['PUT', '/readyz', 405],
  ['DELETE', '/metrics', 405],
  ['GET', '/', 404],
  ['GET', '/healthz/', 404],
  ['GET', '/v1/credentials', 404],
  ['GET', '/latest/meta-data/iam/security-credentials/', 404],
  ['PUT', '/latest/api/token', 404],
]
for (const [method, target, status] of refused) {
  health(`${method} ${target}: ${status}`, () => {
    assert.is(ask(target, { current: () => CREDENTIALS }, method).status, status)
  })
}

health('metrics before the first run have no times', () => {
  const { body, headers } = ask('/metrics')
  assert.is(headers['Content-Type'], 'text/plain; version=0.0.4; charset=utf-8')
  const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  assert.equal(samples, [
    `aws_iam_ra_build_info{version="${VERSION}"} 1`,
    'aws_iam_ra_credentials_alive 0',
    'aws_iam_ra_renewals_total{result="success"} 0',
    'aws_iam_ra_renewals_total{result="failure"} 0',
  ])
  assert.not.match(body, /_timestamp_seconds|requests_total/)
})

health('metrics tell of renewals, times and requests', () => {
  const counts = createRequestCounts()
  counts.add('container', 200)
  counts.add('container', 200)
  counts.add('container', 401)
  counts.add('imds-session', 400)
  const { body } = ask('/metrics', {
    status: () => RENEWED,
    current: () => CREDENTIALS,
    requests: () => counts.list(),
  })
  const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  assert.equal(samples.slice(1), [
    'aws_iam_ra_credentials_alive 1',
    'aws_iam_ra_credentials_expiry_timestamp_seconds 1795266000.999',
    'aws_iam_ra_last_success_timestamp_seconds 1795262400',
    'aws_iam_ra_next_renewal_timestamp_seconds 1795263634.567',
    'aws_iam_ra_renewals_total{result="success"} 3',
    'aws_iam_ra_renewals_total{result="failure"} 2',
    'aws_iam_ra_requests_total{endpoint="container",status="200"} 2',
    'aws_iam_ra_requests_total{endpoint="container",status="401"} 1',
    'aws_iam_ra_requests_total{endpoint="imds-session",status="400"} 1',
  ])
})

health('every line of the metrics is of the text format, and each metric has its type before it', () => {
  const { body } = ask('/metrics', {
    status: () => RENEWED,
    requests: () => [{ endpoint: 'other', status: 404, count: 1 }],
  })
  assert.ok(body.endsWith('\n'))
  let type = ''
  for (const line of body.trimEnd().split('\n')) {
    type = /^# TYPE (aws_iam_ra_[a-z_]+) (?:gauge|counter)$/.exec(line)?.[1] ?? type
    if (line.startsWith('#')) assert.match(line, /^# (HELP aws_iam_ra_[a-z_]+ \S|TYPE )/)
    else
      assert.match(
        line,
        new RegExp(`^${type}(\\{[a-z]+="[^"\\\\]+"(,[a-z]+="[^"\\\\]+")*\\})? \\d+(\\.\\d+)?$`),
      )
  }
})

health('nothing of the credentials and nothing of the failure’s words is told', () => {
  const given: Partial<HealthOptions> = { status: () => RENEWED }
  const told = ['/livez', '/readyz', '/metrics'].map((target) => JSON.stringify(ask(target, given))).join('')
  for (const secret of [
    'ASIAEXAMPLE',
    'secret/key',
    'session/token',
    '123456789012',
    'vault.internal',
    'arn:',
  ]) {
    assert.not.ok(told.includes(secret), secret)
  }
})

health.run()
