/**
 * CreateSession: the certificate in, session credentials out.
 * https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html
 */
import { IamRaError } from '../errors.ts'
import { foreignText, kindOfBody, looksLikePage } from '../text/redact.ts'
import { isRecord, parseJsonObject } from '../text/json.ts'
import { serverDateMs, type HttpAnswer, type HttpClient } from '../net/http.ts'
import type { Logger } from '../run/log.ts'
import { retry, retryAfterMs } from '../run/retry.ts'
import type { Bounds } from '../run/deadline.ts'
import type { Runtime } from '../run/runtime.ts'

import type { IssuedCertificate, SessionCredentials } from '../credentials.ts'
import { VERSION } from '../version.ts'
import { wireHost } from '../net/wire-name.ts'
import { connect, connectionFailure, rolesAnywhere, type AwsConnection } from '../aws/connection.ts'
import { explainRefusal } from './refusal.ts'
import { signRequest } from '../aws/sigv4-x509.ts'
import { isThrottled } from '../aws/throttling.ts'
import type { Arn } from '../aws/arn.ts'

export interface ExchangeSettings extends AwsConnection {
  readonly roleArn: Arn
  readonly anchorArn: Arn
  readonly profileArn: Arn
  /** 900–43200. Absent: the profile's own. */
  readonly durationSeconds?: number
  /** Absent: AWS takes the certificate's serial. */
  readonly sessionName?: string
}

export interface ExchangeContext {
  readonly runtime: Pick<Runtime, 'fs' | 'http' | 'clock' | 'random'>
  readonly bounds: Bounds
  readonly logger: Logger
}

const PATH = '/sessions'

/** @throws IamRaError of stage exchange; OUTLIVED where the certificate ended before AWS took it */
export async function createSession(
  settings: ExchangeSettings,
  certificate: IssuedCertificate,
  context: ExchangeContext,
): Promise<SessionCredentials> {
  const { runtime, bounds, logger } = context
  const http = await connect(settings, runtime)
  try {
    const credentials = await retry('CreateSession', 'exchange', context, async (timeoutMs) => {
      if (runtime.clock.now() >= certificate.notAfterMs) throw outlived()
      const answer = await post(http, settings, certificate, runtime.clock.now(), timeoutMs, bounds.signal)
      try {
        return judge(answer, settings, certificate, runtime.clock.now())
      } catch (error) {
        // It ended on the way: AWS does not say so, or says it as if the certificate had never been good.
        const isRefused = error instanceof IamRaError && error.code === 'REFUSED'
        throw isRefused && runtime.clock.now() >= certificate.notAfterMs ? outlived() : error
      }
    })
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

function outlived(): IamRaError {
  return new IamRaError('OUTLIVED', 'exchange', 'the certificate ended before AWS took it', {
    hint: 'raise CERT_TTL, or max_ttl of the PKI role',
  })
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
  if (status === 201 && json !== undefined) return parseSession(json, settings, certificate, nowMs)
  if (status >= 300 && status < 400) {
    throw new IamRaError(
      'REDIRECT_REFUSED',
      'exchange',
      `${server} answered with a redirect, which AWS never does`,
      {
        status,
        hint: 'look for a proxy in between, and at AWS_ENDPOINT_URL_ROLESANYWHERE',
      },
    )
  }
  const { type, text } = restJsonError(answer, json)
  const page = looksLikePage(body) ? ' with a page instead of JSON' : ''
  // Without AWS's full stop, since the sentence goes on.
  const said = text === '' ? page : `: ${text.replace(/\.$/, '')}`
  const sentence = `${server} answered ${status}${type === '' ? '' : ` ${type}`}${said}`
  const wait = retryAfterMs(answer.header('retry-after'), serverDateMs(answer) ?? nowMs)
  const later = { status, retryable: true, retryAfterMs: wait }
  if (isThrottled(status, type)) {
    throw new IamRaError('THROTTLED', 'exchange', sentence, {
      ...later,
      hint: 'CreateSession allows 10 a second per region: set START_SPREAD for large jobs, or have the quota raised',
    })
  }
  if (status === 408 || status === 412 || status >= 500) {
    throw new IamRaError('UNAVAILABLE', 'exchange', sentence, {
      ...later,
      hint: 'see the AWS health dashboard of the region, and look for a proxy in between',
    })
  }
  if (status < 400 || json === undefined) {
    throw new IamRaError(
      'ANSWER_INVALID',
      'exchange',
      `${server} answered ${status} with ${kindOfBody(body)} that is not an answer of CreateSession`,
      { status, hint: 'look for a proxy in between, and at AWS_ENDPOINT_URL_ROLESANYWHERE' },
    )
  }
  throw explainRefusal(
    { status, type, text, sentence, serverDate: answer.header('date') },
    settings,
    certificate,
    nowMs,
  )
}

/** AWS restJson1: the type in a header or in the body, decorated; the text in `message` or `Message`. */
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

/** What ends sooner is of no use to the app. */
const LEAST_LIFE_MS = 1000

/** Every member that we use is checked: an answer of the wrong shape must not become a credentials file. */
function parseSession(
  json: Record<string, unknown>,
  settings: ExchangeSettings,
  certificate: IssuedCertificate,
  nowMs: number,
): SessionCredentials {
  const set = json['credentialSet']
  const first: unknown = Array.isArray(set) ? set[0] : undefined
  const entry = isRecord(first) ? first : {}
  const credentials = isRecord(entry['credentials']) ? entry['credentials'] : {}
  const user = isRecord(entry['assumedRoleUser']) ? entry['assumedRoleUser'] : {}
  const invalid = (member: string, why: string): IamRaError =>
    new IamRaError(
      'ANSWER_INVALID',
      'exchange',
      `Roles Anywhere at ${settings.endpoint.origin} answered with success, but ${member} ${why}`,
      { hint: 'look for a proxy in between, and at AWS_ENDPOINT_URL_ROLESANYWHERE' },
    )
  const key = (member: string, shape: RegExp): string => {
    const value = credentials[member]
    if (typeof value !== 'string' || value === '') throw invalid(member, 'is missing')
    if (!shape.test(value)) throw invalid(member, 'has characters that it never has')
    return value
  }
  const accessKeyId = key('accessKeyId', /^\w{16,128}$/)
  const secretAccessKey = key('secretAccessKey', /^[\w+/=]{16,256}$/)
  const sessionToken = key('sessionToken', /^[\w+/=-]{16,16384}$/)
  const expiration = key('expiration', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/)
  const expiresAtMs = Date.parse(expiration)
  if (Number.isNaN(expiresAtMs)) throw invalid('expiration', 'is no date')
  if (expiresAtMs <= nowMs + LEAST_LIFE_MS) {
    throw invalid(
      'expiration',
      `(${expiration}) is past by this machine's clock: check the clock of the node`,
    )
  }
  const assumedRoleArn = user['arn']
  if (
    typeof assumedRoleArn !== 'string' ||
    !/^arn:[\w-]+:sts::\d{12}:assumed-role\/[\w+=,.@-]+\/[\w+=,.@-]+$/.test(assumedRoleArn)
  ) {
    throw invalid('assumedRoleUser.arn', 'is missing or no ARN of an assumed role')
  }
  const [role, roleName, sessionName = certificate.serialHex.toLowerCase()] = assumedRoleArn.split('/')
  const { partition, account, resource } = settings.roleArn
  // sts drops the role's path from the ARN.
  if (role !== `arn:${partition}:sts::${account}:assumed-role` || roleName !== resource.split('/').at(-1)) {
    throw invalid('assumedRoleUser.arn', `is of another role (${foreignText(assumedRoleArn)})`)
  }
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiresAtMs,
    arn: assumedRoleArn,
    roleArn: settings.roleArn.text,
    sessionName,
  }
}
