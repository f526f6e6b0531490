/**
 * The identity of keys, polled until AWS recognizes them: a new IAM user's keys are not known everywhere at once.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html,
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
 */
import { IamRaError } from '../errors.ts'
import { foreignText, kindOfBody } from '../text/redact.ts'
import type { HttpAnswer, HttpClient } from '../net/http.ts'
import { comeBack, meaningOf } from '../net/status.ts'
import { retry, type RetryContext } from '../run/retry.ts'
import type { Runtime } from '../run/runtime.ts'
import { type AwsConnection, connect, connectionFailure } from './connection.ts'
import { VERSION } from '../version.ts'
import { wireHost } from '../net/wire-name.ts'
import { signWithKey, type AccessKey } from './sigv4.ts'
import { isThrottling } from './throttling.ts'

export interface IdentityContext extends RetryContext {
  readonly runtime: Pick<Runtime, 'fs' | 'http' | 'clock' | 'random'>
}

/** The query protocol's form; it answers in XML. */
const BODY = 'Action=GetCallerIdentity&Version=2011-06-15'
const FORM = 'application/x-www-form-urlencoded; charset=utf-8'

/**
 * Takes as long as AWS needs to recognize the keys, at most until the deadline.
 * @returns their ARN
 * @throws IamRaError of stage exchange
 */
export async function getCallerIdentity(
  settings: AwsConnection,
  key: AccessKey,
  context: IdentityContext,
): Promise<string> {
  const { runtime, bounds } = context
  const http = await connect(settings, runtime)
  try {
    return await retry('GetCallerIdentity', 'exchange', context, async (timeoutMs) => {
      const answer = await post(http, settings, key, runtime.clock.now(), timeoutMs, bounds.signal)
      return judge(answer, settings, [key.secretAccessKey, key.accessKeyId], runtime.clock.now())
    })
  } finally {
    http.close()
  }
}

async function post(
  http: HttpClient,
  settings: AwsConnection,
  key: AccessKey,
  nowMs: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const url = new URL('/', settings.endpoint)
  const headers = await signWithKey(
    {
      host: wireHost(url),
      path: '/',
      body: BODY,
      region: settings.region,
      service: 'sts',
      contentType: FORM,
      nowMs,
    },
    key,
  )
  try {
    return await http.request({
      method: 'POST',
      url,
      headers: { ...headers, 'user-agent': `aws-iam-ra/${VERSION}` },
      body: BODY,
      timeoutMs,
      signal,
    })
  } catch (error) {
    throw connectionFailure({ ...settings, name: 'STS', setting: 'AWS_ENDPOINT_URL_STS' }, error)
  }
}

/** An ARN has no characters that XML would encode. */
const ARN = /<Arn>\s*(arn:[\w-]+:(?:iam|sts)::\d{12}:[\w+=,.@:/-]+)\s*<\/Arn>/

function judge(
  answer: HttpAnswer,
  settings: AwsConnection,
  secrets: readonly string[],
  nowMs: number,
): string {
  const { status, body } = answer
  const server = `STS at ${settings.endpoint.origin}`
  const [, arn] = status === 200 ? (ARN.exec(body) ?? []) : []
  if (arn !== undefined) return arn
  const type = elementOf(body, 'Code')
  const text = foreignText(elementOf(body, 'Message'), secrets)
  const sentence = `${server} answered ${status}${type === '' ? '' : ` ${type}`}${text === '' ? '' : `: ${text.replace(/\.$/, '')}`}`
  const said = text === '' ? [] : [text]
  const later = { ...comeBack(answer, nowMs), said }
  const meaning = meaningOf(status, { isThrottled: isThrottling(type) })
  if (meaning === 'throttled') {
    throw new IamRaError('THROTTLED', 'exchange', sentence, {
      ...later,
      hint: 'set START_SPREAD for large jobs: STS limits calls for the whole account',
    })
  }
  if (meaning === 'unavailable') {
    throw new IamRaError('UNAVAILABLE', 'exchange', sentence, {
      ...later,
      hint: 'check the AWS health dashboard for the region, then check for a proxy in between',
    })
  }
  if (meaning !== 'refused' || type === '') {
    throw new IamRaError(
      'ANSWER_INVALID',
      'exchange',
      `${server} answered ${status} with ${kindOfBody(body)} that is not a GetCallerIdentity response`,
      { status, hint: 'check for a proxy in between, then check AWS_ENDPOINT_URL_STS' },
    )
  }
  if (type === 'InvalidClientTokenId') {
    throw new IamRaError('REFUSED', 'exchange', `${sentence}: AWS does not recognize the new keys yet`, {
      ...later,
      hint: `raise DEADLINE if this takes longer, and check that AWS_REGION (${settings.region}) and AWS_ENDPOINT_URL_STS are in the partition of Vault's keys`,
    })
  }
  const isClock = /signature (expired|not yet current)/i.test(text) || /RequestExpired/.test(type)
  throw new IamRaError('REFUSED', 'exchange', sentence, {
    status,
    said,
    hint: isClock
      ? "set the node's clock (NTP)"
      : `check AWS_REGION (${settings.region}), AWS_ENDPOINT_URL_STS, and the policy of the STS VPC endpoint if there is one`,
  })
}

/** The text of the first such element, with the five named entities resolved; empty if there is none. */
function elementOf(xml: string, name: string): string {
  const [, text = ''] = new RegExp(`<${name}>([^<]{0,2000})</${name}>`).exec(xml) ?? []
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity] ?? '')
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }
