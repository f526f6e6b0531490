/** What can go wrong between us and a server: each fault by its name, and what a server or a proxy does to cause it. */
import type { EmulatorResponse } from '../rig/emulators/http.ts'
import type { Step } from '../support/rehearsal.ts'
import type { Act, Exchange } from './proxy.ts'

const JSON_TYPE = { 'Content-Type': 'application/json' }
const PAGE_TYPE = { 'Content-Type': 'text/html; charset=utf-8' }

function answer(make: (exchange: Exchange) => Promise<EmulatorResponse> | EmulatorResponse): Act {
  return { kind: 'answer', make }
}

/** The status of the step's success. */
function success(step: Step): number {
  return step === 'exchange' ? 201 : 200
}

/** An error as the step's server words it. */
function errorBody(step: Step, ...texts: readonly string[]): string {
  return JSON.stringify(step === 'exchange' ? { message: texts.join(' ') } : { errors: texts })
}

function page(status: number, text = 'Sign in to continue'): Act {
  return answer(() => ({
    status,
    headers: PAGE_TYPE,
    body: `<!DOCTYPE html><html><body><h1>${text}</h1></body></html>`,
  }))
}

function status(code: number, headers: Readonly<Record<string, string>> = {}): Act {
  return answer(({ step }) => ({
    status: code,
    headers: { ...JSON_TYPE, ...headers },
    body: errorBody(step, 'an emulated fault'),
  }))
}

/** JSON that stands where the step's own should. */
function instead(body: string): Act {
  return answer(({ step }) => ({ status: success(step), headers: JSON_TYPE, body }))
}

function redirect(location: (exchange: Exchange) => string): Act {
  return answer((exchange) => ({ status: 307, headers: { Location: location(exchange) }, body: '' }))
}

/** The emulator's own answer, changed. */
function changed(change: (answer: EmulatorResponse) => Partial<EmulatorResponse>): Act {
  return answer(async (exchange) => {
    const original = await exchange.forward()
    return { ...original, ...change(original) }
  })
}

interface Answered {
  readonly auth: Record<string, unknown>
  readonly data: Record<string, unknown>
  readonly credentialSet: [{ assumedRoleUser: Record<string, unknown>; credentials: Record<string, unknown> }]
}

/** The emulator's own JSON with one member changed. */
function reshaped(change: (json: Answered) => void): Act {
  return changed(({ body }) => {
    const json = JSON.parse(body) as Answered
    change(json)
    return { body: JSON.stringify(json) }
  })
}

/** A server that repeats what it was sent, and what it was about to answer. */
function echo(respond: (step: Step, texts: readonly string[]) => EmulatorResponse): Act {
  return answer(async (exchange) => {
    const { body } = await exchange.forward()
    const { request, step } = exchange
    const sent = request.body.toString()
    const secret = request.header('x-vault-token') ?? /"jwt":"([^"]+)"/.exec(sent)?.[1] ?? ''
    return respond(step, [
      // First what is secret, since only so much of an error is shown; glued to a word its shape is not seen.
      `X-Vault-Token: ${secret}, got${secret}`,
      ...(step === 'exchange' ? [credentialsIn(body)] : [sent, sent.slice(0, 200), body]),
      `unexpected ${JSON.stringify(body)}`,
    ])
  })
}

function credentialsIn(body: string): string {
  const [set] = (JSON.parse(body) as Answered).credentialSet
  return JSON.stringify(set.credentials)
}

function echoed(code: number): Act {
  return echo((step, texts) => ({ status: code, headers: JSON_TYPE, body: errorBody(step, ...texts) }))
}

/** By name. Those of the connection are driven on the shipped file, the others in this process. */
export const CONNECTION_FAULTS = {
  'connection refused': { kind: 'refuse' },
  'reset before the headers': { kind: 'reset', at: 'head' },
  'reset after the headers': { kind: 'reset', at: 'body' },
  'no answer': { kind: 'hang', at: 'head' },
  'an answer that stops': { kind: 'hang', at: 'body' },
  'one byte a second': { kind: 'drip' },
  'TLS: unknown CA': { kind: 'tls', flaw: 'unknown CA' },
  'TLS: wrong name': { kind: 'tls', flaw: 'wrong name' },
  'TLS: expired': { kind: 'tls', flaw: 'expired' },
} as const satisfies Readonly<Record<string, Act>>

export const ANSWER_FAULTS = {
  'another content type': changed(({ headers }) => ({
    headers: { ...headers, 'content-type': 'text/plain' },
  })),
  'a byte order mark before the JSON': changed(({ body }) => (body === '' ? {} : { body: `\uFEFF${body}` })),
  '20 KiB of headers': changed(({ headers }) => ({ headers: { ...headers, 'X-Fill': 'x'.repeat(20_000) } })),
  // Of no account where there is no body, as after revoking.
  'a content encoding that is unknown': changed(({ headers }) => ({
    headers: { ...headers, 'Content-Encoding': 'compress' },
  })),
  'a page with 200': page(200),
  'a page with 403': page(403),
  'a page with 503': page(503),
  'JSON cut in half': changed(({ status: code, body }) => ({
    status: code === 204 ? 200 : code,
    body: body === '' ? '{"request_id":' : body.slice(0, body.length / 2),
  })),
  'an empty body': instead(''),
  'JSON: a list': instead('[]'),
  'JSON: null': instead('null'),
  'JSON: an empty object': instead('{}'),
  'JSON: every member of another type': instead(
    '{"request_id":7,"auth":[],"data":"x","warnings":{"a":1},"credentialSet":{"credentials":1}}',
  ),
  'JSON: nested 100,000 deep': instead(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
  'a body of 10 MB': instead(`{"data":"${'x'.repeat(10_000_000)}"}`),
  'a redirect to another host': redirect(({ other, request }) => other + request.target),
  'a redirect to another path': redirect(({ other }) => `${other}/ui/`),
  'a redirect to itself': redirect(({ self, request }) => self + request.target),
  'HTTP 400': status(400),
  'HTTP 401': status(401),
  'HTTP 403': status(403),
  'HTTP 404': status(404),
  'HTTP 408': status(408),
  'HTTP 412': status(412),
  'HTTP 429': status(429),
  'HTTP 429, Retry-After 2 s': status(429, { 'Retry-After': '2' }),
  'HTTP 429, Retry-After 600 s': status(429, { 'Retry-After': '600' }),
  'HTTP 500': status(500),
  'HTTP 502': status(502),
  'HTTP 503': status(503),
  'HTTP 400 that echoes': echoed(400),
  'HTTP 500 that echoes': echoed(500),
  'a page with 403 that echoes': echo((_step, texts) => ({
    status: 403,
    headers: PAGE_TYPE,
    body: `<html><body>${texts.join('<br>')}</body></html>`,
  })),
} as const satisfies Readonly<Record<string, Act>>

/** Valid JSON with one member that is wrong, which only the step itself can know. */
export const SHAPE_FAULTS = {
  login: {
    'JSON: the token is a number': reshaped(({ auth }) => (auth['client_token'] = 42)),
    'JSON: a line break in the token': reshaped(
      ({ auth }) => (auth['client_token'] = `${String(auth['client_token'])}\nX-Other: 1`),
    ),
    'JSON: the lease is a text': reshaped(({ auth }) => (auth['lease_duration'] = '5m')),
  },
  sign: {
    'JSON: the certificate is a number': reshaped(({ data }) => (data['certificate'] = 42)),
    'JSON: the certificate is no PEM': reshaped(({ data }) => (data['certificate'] = 'x'.repeat(400))),
    "JSON: another's certificate": reshaped(({ data }) => (data['certificate'] = data['issuing_ca'])),
  },
  exchange: {
    'JSON: no secret key': reshaped(({ credentialSet: [set] }) => delete set.credentials['secretAccessKey']),
    'JSON: a line break in the session token': reshaped(
      ({ credentialSet: [set] }) =>
        (set.credentials['sessionToken'] = `${String(set.credentials['sessionToken'])}\n[x]`),
    ),
    'JSON: an expiration that is past': reshaped(
      ({ credentialSet: [set] }) => (set.credentials['expiration'] = '2020-01-01T00:00:00Z'),
    ),
    "JSON: another role's session": reshaped(
      ({ credentialSet: [set] }) =>
        (set.assumedRoleUser['arn'] = 'arn:aws:sts::111122223333:assumed-role/admin/session'),
    ),
  },
  revoke: {},
} as const satisfies Readonly<Record<Step, Readonly<Record<string, Act>>>>
