/** The matrix step × fault, and what each cell must come to. docs/faults.md is made of it. */
import type { ErrorCode } from '../../src/errors.ts'
import { STEPS, type Step } from '../support/rehearsal.ts'
import { ANSWER_FAULTS, CONNECTION_FAULTS, SHAPE_FAULTS } from './faults.ts'
import type { Act } from './proxy.ts'

/** How a run takes a fault that lasts. */
export type Ending =
  /** It is none. */
  | 'passes'
  /** Tried again until DEADLINE, which then is the error's code. */
  | 'again'
  /** The run ends with it. */
  | 'at once'

export interface Meaning {
  readonly ending: Ending
  /** Of the error; DEADLINE where it is tried again. */
  readonly code?: ErrorCode
  /** Words of the sentence that name the cause. */
  readonly says: string
  /** The next thing to do, where it is the fault's own. */
  readonly hint?: RegExp
  /** How many requests of the step may come in all. */
  readonly requests: number
}

export interface Cell {
  readonly step: Step
  readonly fault: string
  readonly act: Act
  /** Driven on the shipped file, or in the tests' own process. */
  readonly driven: 'shipped' | 'in process'
  readonly meaning: Meaning
}

/** Exit codes by the step that fails; revoking that fails is a warning. */
export const EXITS: Readonly<Record<Step, number>> = { login: 3, sign: 4, exchange: 5, revoke: 0 }

/** DEADLINE of the shipped file's runs: as short as leaves a loaded machine the time for the steps before the fault. */
export const DEADLINE_SECONDS = 2

/** What retries come to at the least pause of 50 ms, all of DEADLINE long. */
const SHIPPED_REQUESTS = 1 + (DEADLINE_SECONDS * 1000) / 50

/**
 * With the default DEADLINE of 60 s and randomness always at a half: pauses of 0.25, 0.5, 1, 2, 4 and then 7.5 s, and at
 * the end half of what is left each time, down to 50 ms: nineteen.
 */
const IN_PROCESS_REQUESTS = 20

const PASSES: Meaning = { ending: 'passes', says: '', requests: 1 }

function again(says: string, requests = IN_PROCESS_REQUESTS): Meaning {
  return { ending: 'again', code: 'DEADLINE', says, requests }
}

function once(code: ErrorCode, says: string, requests = 1): Meaning {
  return { ending: 'at once', code, says, requests }
}

type ByServer = Meaning | ((step: Step) => Meaning)

/** The server's no: said once, with its status. */
function refused(code: number): ByServer {
  return (step) =>
    once(
      'REFUSED',
      step === 'login'
        ? `refused the login at auth/kubernetes as role iamanywhere (${code}`
        : `answered ${code}`,
    )
}

function unavailable(code: number, requests?: number): ByServer {
  return () => again(`answered ${code}`, requests)
}

/** `what` that is not the JSON that the step's server speaks. */
function notApi(what: string, code: number): ByServer {
  return (step) =>
    once(
      'ANSWER_INVALID',
      step === 'exchange'
        ? `answered ${code} with ${what} that is not a CreateSession response`
        : `with ${what} that is not Vault's JSON`,
    )
}

/** JSON without what the step needs of it. */
function lacking(vault: {
  readonly sign: Meaning
  readonly login: Meaning
  readonly revoke: Meaning
}): ByServer {
  return (step) => (step === 'exchange' ? NO_KEYS : vault[step])
}

const NO_KEYS = once('ANSWER_INVALID', 'accessKeyId is missing')
/** Behind the status of the step's success. */
function notJson(what: string): ByServer {
  return (step) => meaningOf(notApi(what, step === 'exchange' ? 201 : 200), step)
}

const NO_MEMBERS = lacking({
  login: once('ANSWER_INVALID', "Vault's login response has no token or no lease"),
  sign: once('ANSWER_INVALID', "Vault's answer to the request to sign has no certificate"),
  revoke: PASSES,
})

/** Vault's standby may name another node; AWS never redirects. */
function redirected(vault: Meaning): ByServer {
  return (step) =>
    step === 'exchange' ? once('REDIRECT_REFUSED', 'answered with a redirect, which AWS never does') : vault
}

/** Of a login: Vault may have issued a token that nobody here can know, which is a warning with its life. */
export const MAY_LEAVE_A_TOKEN: ReadonlySet<string> = new Set([
  'reset before the headers',
  'reset after the headers',
  'no answer',
  'an answer that stops',
  'one byte a second',
  'a page with 200',
  'JSON cut in half',
  'an empty body',
  'JSON: a list',
  'JSON: null',
  'JSON: an empty object',
  'JSON: every member of another type',
  'JSON: nested 100,000 deep',
  'a body of 10 MB',
  'JSON: the token is a number',
  'JSON: a line break in the token',
  'JSON: the lease is a text',
] satisfies readonly string[])

const NO_ANSWER = 'no complete answer'

const ASKED_TOO_LONG =
  'gave up after one attempt: DEADLINE of 60 s is used up; the server asked to wait 600 s'

/** What is said of the same at the revocation, which has its own two seconds and no second attempt. */
const AT_REVOKE: Readonly<Record<string, string>> = {
  [NO_ANSWER]: 'it did not answer in time',
  [ASKED_TOO_LONG]: 'answered 429',
}

const CONNECTION_MEANINGS: Readonly<Record<keyof typeof CONNECTION_FAULTS, ByServer>> = {
  'connection refused': again('the connection was refused', 0),
  'reset before the headers': again('the connection was reset', SHIPPED_REQUESTS),
  'reset after the headers': again('the connection was closed in the middle of the answer', SHIPPED_REQUESTS),
  // An attempt may take 15 s, so this DEADLINE has room for one.
  'no answer': again(NO_ANSWER, 1),
  'an answer that stops': again(NO_ANSWER, 1),
  'one byte a second': again(NO_ANSWER, 1),
  'TLS: unknown CA': {
    ...once('TLS', 'its certificate is signed by a CA that is not trusted here', 0),
    hint: /VAULT_CACERT|AWS_CA_BUNDLE/,
  },
  'TLS: wrong name': {
    ...once('TLS', 'its certificate does not match the host name', 0),
    hint: /VAULT_TLS_SERVER_NAME|AWS_ENDPOINT_URL/,
  },
  'TLS: expired': { ...once('TLS', 'its certificate has expired', 0), hint: /renew .* clock/ },
}

const ANSWER_MEANINGS: Readonly<Record<keyof typeof ANSWER_FAULTS, ByServer>> = {
  'another content type': PASSES,
  'a byte order mark before the JSON': PASSES,
  '20 KiB of headers': PASSES,
  'a content encoding that is unknown': (step) =>
    step === 'revoke'
      ? PASSES
      : once('ANSWER_INVALID', 'its answer is encoded as compress, which was not requested'),
  'a page with 200': notApi('a page', 200),
  'a page with 403': notApi('a page', 403),
  'a page with 503': again('answered 503'),
  'JSON cut in half': notJson('something'),
  'an empty body': notJson('an empty body'),
  'JSON: a list': notJson('something'),
  'JSON: null': notJson('something'),
  'JSON: an empty object': NO_MEMBERS,
  'JSON: every member of another type': NO_MEMBERS,
  'JSON: nested 100,000 deep': notJson('something'),
  'a body of 10 MB': once('ANSWER_INVALID', 'the answer is larger than 1 MiB'),
  'a redirect to another host': redirected({ ...PASSES, requests: 2 }),
  'a redirect to another path': redirected(once('REDIRECT_REFUSED', 'a redirect to another path')),
  'a redirect to itself': redirected(once('REDIRECT_REFUSED', 'a second redirect', 2)),
  'HTTP 400': refused(400),
  'HTTP 401': refused(401),
  'HTTP 403': refused(403),
  'HTTP 404': refused(404),
  'HTTP 408': unavailable(408),
  'HTTP 412': unavailable(412),
  'HTTP 429': unavailable(429),
  'HTTP 429, Retry-After 2 s': unavailable(429, 11),
  'HTTP 429, Retry-After 600 s': once('DEADLINE', ASKED_TOO_LONG),
  'HTTP 500': unavailable(500),
  'HTTP 502': unavailable(502),
  'HTTP 503': unavailable(503),
  'HTTP 400 that echoes': refused(400),
  'HTTP 500 that echoes': unavailable(500),
  'a page with 403 that echoes': notApi('a page', 403),
}

type ShapeMeanings = { readonly [S in Step]: Readonly<Record<keyof (typeof SHAPE_FAULTS)[S], Meaning>> }

const SHAPE_MEANINGS: ShapeMeanings = {
  login: {
    'JSON: the token is a number': once('ANSWER_INVALID', 'has no token or no lease'),
    'JSON: a line break in the token': once('ANSWER_INVALID', 'has no token or no lease'),
    'JSON: the lease is a text': once('ANSWER_INVALID', 'has no token or no lease'),
  },
  sign: {
    'JSON: the certificate is a number': once('ANSWER_INVALID', 'has no certificate'),
    'JSON: the certificate is no PEM': once(
      'ANSWER_INVALID',
      'the issued certificate is not a readable PEM certificate',
    ),
    "JSON: another's certificate": once(
      'CERTIFICATE_UNFIT',
      "the certificate's public key is not the one in the request",
    ),
  },
  exchange: {
    'JSON: no secret key': once('ANSWER_INVALID', 'secretAccessKey is missing'),
    'JSON: a line break in the session token': once('ANSWER_INVALID', 'sessionToken has invalid characters'),
    'JSON: an expiration that is past': once(
      'ANSWER_INVALID',
      'expiration (2020-01-01T00:00:00Z) is in the past',
    ),
    "JSON: another role's session": once('ANSWER_INVALID', 'names another role'),
  },
  revoke: {},
}

function meaningOf(given: ByServer, step: Step): Meaning {
  return typeof given === 'function' ? given(step) : given
}

/** A token that lives on is no reason to fail: it is tried once, and what stands in the way is a warning. */
function atRevoke({ ending, says, requests }: Meaning): Meaning {
  if (ending === 'passes') return { ending, says, requests }
  return {
    ending: 'at once',
    says: AT_REVOKE[says] ?? says,
    requests: Math.min(requests, ending === 'again' ? 1 : 2),
  }
}

function cells(
  step: Step,
  driven: Cell['driven'],
  acts: Readonly<Record<string, Act>>,
  meanings: Readonly<Record<string, ByServer>>,
): Cell[] {
  return Object.entries(acts).map(([fault, act]) => {
    const given = meanings[fault]
    if (given === undefined) throw new Error(`no meaning for ${fault}`)
    const meaning = meaningOf(given, step)
    return { step, fault, act, driven, meaning: step === 'revoke' ? atRevoke(meaning) : meaning }
  })
}

export const MATRIX: readonly Cell[] = STEPS.flatMap((step) => [
  ...cells(step, 'shipped', CONNECTION_FAULTS, CONNECTION_MEANINGS),
  ...cells(step, 'in process', ANSWER_FAULTS, ANSWER_MEANINGS),
  ...cells(step, 'in process', SHAPE_FAULTS[step], SHAPE_MEANINGS[step]),
])
