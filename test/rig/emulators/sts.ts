/** STS GetCallerIdentity over the query protocol. AWS STS API Reference, "GetCallerIdentity" and "Common Errors". */
import { randomUUID } from 'node:crypto'
import { queryMembers } from './canonical.ts'
import type { EmulatorRequest, EmulatorResponse, Handler } from './http.ts'
import type { SessionStore } from './sessions.ts'
import { verifySigV4, type SigV4Fault } from './sigv4.ts'
import { elements, queryRefusal, xmlAnswer } from './xml.ts'

export interface StsOptions {
  /** Epoch milliseconds. */
  now(): number
  readonly region: string
  readonly sessions: SessionStore
}

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'

const INVALID_TOKEN = [
  'InvalidClientTokenId',
  'The security token included in the request is invalid.',
] as const
const MISMATCH = [
  'SignatureDoesNotMatch',
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
] as const

const REFUSALS: Readonly<Record<SigV4Fault, readonly [code: string, message: string]>> = {
  missing: ['MissingAuthenticationToken', 'Request is missing Authentication Token'],
  malformed: ['IncompleteSignature', 'The request signature does not conform to AWS standards.'],
  scope: ['SignatureDoesNotMatch', 'Credential should be scoped to a valid region and service.'],
  skewed: ['SignatureDoesNotMatch', 'Signature expired or not yet current.'],
  'unknown-key': INVALID_TOKEN,
  'no-token': INVALID_TOKEN,
  'wrong-token': INVALID_TOKEN,
  expired: ['ExpiredToken', 'The security token included in the request is expired'],
  mismatch: MISMATCH,
}

export function createSts(options: StsOptions): Handler {
  return (request) => {
    const signer = verifySigV4(request, { ...options, service: 'sts' })
    if (typeof signer === 'string') return queryRefusal(NAMESPACE, 403, ...REFUSALS[signer])
    if (action(request) !== 'GetCallerIdentity') {
      return queryRefusal(NAMESPACE, 400, 'InvalidAction', 'Could not find the operation that was asked for.')
    }
    const result = elements([
      [
        'GetCallerIdentityResult',
        [
          ['Arn', signer.assumedRoleArn],
          ['UserId', signer.assumedRoleId],
          ['Account', signer.account],
        ],
      ],
      ['ResponseMetadata', [['RequestId', randomUUID()]]],
    ])
    return answer(
      200,
      `<GetCallerIdentityResponse xmlns="${NAMESPACE}">${result}</GetCallerIdentityResponse>`,
    )
  }
}

function action(request: EmulatorRequest): string | undefined {
  const form = request.method === 'POST' ? request.body.toString().replaceAll('+', '%20') : request.query
  return queryMembers(form).get('Action')
}

function answer(status: number, body: string): EmulatorResponse {
  return xmlAnswer(status, 'text/xml', { 'x-amzn-RequestId': randomUUID() }, body)
}
