/** Requests as readers send them, and credentials to answer with. */
import { createEndpoint, type Endpoint, type EndpointOptions } from '../../src/endpoint/endpoint.ts'
import type { Answer, EndpointRequest } from '../../src/endpoint/answer.ts'
import { createRequestCounts, type RequestCounts } from '../../src/endpoint/request-counts.ts'
import type { SessionCredentials } from '../../src/credentials.ts'
import { fakeClock, FAKE_NOW_MS, type FakeClock } from '../support/fake-runtime.ts'

export const PORT = 9911
export const TOKEN = 'an-authorization-token'

export const CREDENTIALS: SessionCredentials = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'secret/key+of=example',
  sessionToken: 'session/token+of=example==',
  expiresAtMs: FAKE_NOW_MS + 3_600_999,
  arn: 'arn:aws:sts::123456789012:assumed-role/reader/4f2a',
  roleArn: 'arn:aws:iam::123456789012:role/teams/a/reader',
  sessionName: '4f2a',
}

export interface Sent {
  readonly method?: string
  readonly target?: string
  /** Beside Host, which is the port's own unless it is given here. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
}

export function request({ method = 'GET', target = '/', headers = [] }: Sent): EndpointRequest {
  const named = headers.some(([name]) => name.toLowerCase() === 'host')
  const all = named ? headers : [['Host', `127.0.0.1:${PORT}`] as const, ...headers]
  return { method, target, headers: all.flat(), port: PORT, address: '127.0.0.1' }
}

export interface TestEndpoint {
  readonly clock: FakeClock
  readonly counts: RequestCounts
  readonly endpoint: Endpoint
  ask(sent: Sent): Answer
  /** A session of IMDSv2, as the header that carries it. */
  session(ttlSeconds?: number): readonly [name: string, value: string]
}

export function endpoint(given: Partial<EndpointOptions> = {}): TestEndpoint {
  const clock = fakeClock()
  const counts = createRequestCounts()
  const made = createEndpoint({
    current: () => CREDENTIALS,
    authorizationToken: TOKEN,
    imdsV1: false,
    sessionKey: new Uint8Array(32).fill(7),
    clock,
    counts,
    ...given,
  })
  const ask = (sent: Sent): Answer => made.loopback(request(sent))
  return {
    clock,
    counts,
    endpoint: made,
    ask,
    session(ttlSeconds = 21_600) {
      const headers = [['X-aws-ec2-metadata-token-ttl-seconds', String(ttlSeconds)] as const]
      return ['X-aws-ec2-metadata-token', ask({ method: 'PUT', target: '/latest/api/token', headers }).body]
    },
  }
}
