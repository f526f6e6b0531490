/**
 * CreateSession: the certificate in, session credentials out.
 * https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html
 */
import { IamRaError } from '../errors.ts'
import { foreignText, kindOfBody, looksLikePage } from '../text/redact.ts'
import { isRecord, parseJsonObject } from '../text/json.ts'
import type { HttpAnswer, HttpClient } from '../net/http.ts'
import { comeBack, meaningOf } from '../net/status.ts'
import { whileHeld, type Held } from '../run/outlived.ts'
import { retry, type RetryContext } from '../run/retry.ts'
import type { Runtime } from '../run/runtime.ts'

import type { IssuedCertificate, SessionCredentials } from '../credentials.ts'
import { VERSION } from '../version.ts'
import { wireHost } from '../net/wire-name.ts'
import { connect, connectionFailure, rolesAnywhere } from '../aws/connection.ts'
import { explainRefusal } from './refusal.ts'
import { signRequest } from '../aws/sigv4-x509.ts'
import { isThrottling } from '../aws/throttling.ts'
import { isSessionOf, parseAssumedRole } from '../aws/assumed-role.ts'
import { KEY_SHAPES, LEAST_LIFE_MS, memberReader } from '../aws/key-members.ts'
import type { ExchangeSettings } from './settings.ts'

export interface ExchangeContext extends RetryContext {
  readonly runtime: Pick<Runtime, 'fs' | 'http' | 'clock' | 'random'>
}

const PATH = '/sessions'

/** @throws IamRaError of stage exchange; OUTLIVED if the certificate expired before AWS accepted it */
export async function createSession(
  settings: ExchangeSettings,
  certificate: IssuedCertificate,
  context: ExchangeContext,
): Promise<SessionCredentials> {
  const { runtime, bounds, logger } = context
  const { clock } = runtime
  const held: Held = {
    stage: 'exchange',
    ended: 'the certificate expired before AWS accepted it',
    hint: 'raise CERT_TTL, or max_ttl of the PKI role',
    hasEnded: () => clock.now() >= certificate.notAfterMs,
    // AWS does not say that it expired, or says so as if the certificate had never been valid.
    isRefused: ({ code }) => code === 'REFUSED',
  }
  const http = await connect(settings, runtime)
  try {
    const credentials = await retry('CreateSession', 'exchange', context, (timeoutMs) =>
      whileHeld(held, async () => {
        const answer = await post(http, settings, certificate, clock.now(), timeoutMs, bounds.signal)
        return judge(answer, settings, certificate, clock.now())
      }),
    )
    logger.step('exchanged for session credentials', {
      stage: 'exchange',
      role: credentials.arn,
      expires: new Date(credentials.expiresAtMs).toISOString(),
    })
    return credentials
  } finally {
    http.close()
  }
}

async function post(
  http: HttpClient,
  settings: ExchangeSettings,
  certificate: IssuedCertificate,
  nowMs: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const url = new URL(PATH, settings.endpoint)
  const body = JSON.stringify({
    profileArn: settings.profileArn.text,
    roleArn: settings.roleArn.text,
    trustAnchorArn: settings.anchorArn.text,
    ...(settings.durationSeconds === undefined ? {} : { durationSeconds: settings.durationSeconds }),
    ...(settings.sessionName === undefined ? {} : { roleSessionName: settings.sessionName }),
  })
  const headers = await signRequest(
    { host: wireHost(url), path: PATH, body, region: settings.region, nowMs },
    certificate,
  )
  try {
    return await http.request({
      method: 'POST',
      url,
      headers: { ...headers, accept: 'application/json', 'user-agent': `aws-iam-ra/${VERSION}` },
      body,
      timeoutMs,
      signal,
    })
  } catch (error) {
    throw connectionFailure(rolesAnywhere(settings), error)
  }
}

function judge(
  answer: HttpAnswer,
  settings: ExchangeSettings,
  certificate: IssuedCertificate,
  nowMs: number,
): SessionCredentials {
  const { status, body } = answer
  const json = parseJsonObject(body)
  const server = `Roles Anywhere at ${settings.endpoint.origin}`
  if (status === 201 && json !== undefined) return parseSession(json, settings, nowMs)
  const { type, text } = restJsonError(answer, json)
  const meaning = meaningOf(status, { isThrottled: isThrottling(type) })
  if (meaning === 'redirect') {
    throw new IamRaError(
      'REDIRECT_REFUSED',
      'exchange',
      `${server} answered with a redirect, which AWS never does`,
      {
        status,
        hint: 'check for a proxy in between, then check AWS_ENDPOINT_URL_ROLESANYWHERE',
      },
    )
  }
  const page = looksLikePage(body) ? ' with a page instead of JSON' : ''
  // Without AWS's full stop, because the sentence continues.
  const said = text === '' ? page : `: ${text.replace(/\.$/, '')}`
  const sentence = `${server} answered ${status}${type === '' ? '' : ` ${type}`}${said}`
  const later = { ...comeBack(answer, nowMs), said: text === '' ? [] : [text] }
  if (meaning === 'throttled') {
    throw new IamRaError('THROTTLED', 'exchange', sentence, {
      ...later,
      hint: 'AWS allows 10 CreateSession calls per second per region: set START_SPREAD for large jobs, or have the quota raised',
    })
  }
  if (meaning === 'unavailable') {
    throw new IamRaError('UNAVAILABLE', 'exchange', sentence, {
      ...later,
      hint: 'check the AWS health dashboard for the region, then check for a proxy in between',
    })
  }
  if (meaning === 'success' || json === undefined) {
    throw new IamRaError(
      'ANSWER_INVALID',
      'exchange',
      `${server} answered ${status} with ${kindOfBody(body)} that is not a CreateSession response`,
      { status, hint: 'check for a proxy in between, then check AWS_ENDPOINT_URL_ROLESANYWHERE' },
    )
  }
  throw explainRefusal(
    { status, type, text, sentence, serverDate: answer.header('date') },
    settings,
    certificate,
    nowMs,
  )
}

/** AWS restJson1: the type is in a header or in the body, decorated; the text is in `message` or `Message`. */
function restJsonError(
  answer: HttpAnswer,
  json: Record<string, unknown> | undefined,
): { readonly type: string; readonly text: string } {
  const raw = answer.header('x-amzn-errortype') ?? json?.['__type'] ?? json?.['code']
  const type = typeof raw === 'string' ? (raw.split(':')[0] ?? '').replace(/^.*#/, '') : ''
  const message = json?.['message'] ?? json?.['Message']
  return {
    type: /^\w{1,64}$/.test(type) ? type : '',
    text: typeof message === 'string' ? foreignText(message) : '',
  }
}

function parseSession(
  json: Record<string, unknown>,
  settings: ExchangeSettings,
  nowMs: number,
): SessionCredentials {
  const set = json['credentialSet']
  const first: unknown = Array.isArray(set) ? set[0] : undefined
  const entry = isRecord(first) ? first : {}
  const credentials = isRecord(entry['credentials']) ? entry['credentials'] : {}
  const user = isRecord(entry['assumedRoleUser']) ? entry['assumedRoleUser'] : {}
  const invalid = (why: string): IamRaError =>
    new IamRaError(
      'ANSWER_INVALID',
      'exchange',
      `Roles Anywhere at ${settings.endpoint.origin} answered with success, but ${why}`,
      { hint: 'check for a proxy in between, then check AWS_ENDPOINT_URL_ROLESANYWHERE' },
    )
  const key = memberReader(credentials, invalid)
  const accessKeyId = key('accessKeyId', KEY_SHAPES.accessKeyId)
  const secretAccessKey = key('secretAccessKey', KEY_SHAPES.secretAccessKey)
  const sessionToken = key('sessionToken', KEY_SHAPES.sessionToken)
  const expiration = key('expiration', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/)
  const expiresAtMs = Date.parse(expiration)
  if (Number.isNaN(expiresAtMs)) throw invalid('expiration is not a date')
  if (expiresAtMs <= nowMs + LEAST_LIFE_MS) {
    throw invalid(`expiration (${expiration}) is in the past by this machine's clock: check the node's clock`)
  }
  const assumed = parseAssumedRole(user['arn'])
  if (assumed === undefined) throw invalid('assumedRoleUser.arn is missing or is not an assumed-role ARN')
  if (!isSessionOf(assumed, settings.roleArn))
    throw invalid(`assumedRoleUser.arn names another role (${foreignText(assumed.arn)})`)
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiresAtMs,
    arn: assumed.arn,
    roleArn: settings.roleArn.text,
    sessionName: assumed.sessionName,
  }
}
