/** S3 ListBuckets. Amazon S3 API Reference, "ListBuckets" and "Error responses". */
import { randomBytes } from 'node:crypto'
import type { EmulatorResponse, Handler } from './http.ts'
import type { SessionStore } from './sessions.ts'
import { verifySigV4, type SigV4Fault } from './sigv4.ts'
import { elements, xmlAnswer } from './xml.ts'

export interface S3Options {
  /** Epoch milliseconds. */
  now(): number
  readonly region: string
  readonly sessions: SessionStore
  readonly buckets: readonly string[]
}

const REFUSALS: Readonly<Record<SigV4Fault, readonly [status: number, code: string, message: string]>> = {
  missing: [403, 'AccessDenied', 'Access Denied'],
  malformed: [400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed.'],
  scope: [400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed; its scope is wrong.'],
  skewed: [
    403,
    'RequestTimeTooSkewed',
    'The difference between the request time and the current time is too large.',
  ],
  'unknown-key': [
    403,
    'InvalidAccessKeyId',
    'The AWS Access Key Id you provided does not exist in our records.',
  ],
  'no-token': [
    403,
    'InvalidAccessKeyId',
    'The AWS Access Key Id you provided does not exist in our records.',
  ],
  'wrong-token': [400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.'],
  expired: [400, 'ExpiredToken', 'The provided token has expired.'],
  mismatch: [
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  ],
}

export function createS3(options: S3Options): Handler {
  return (request) => {
    const signer = verifySigV4(request, { ...options, service: 's3' })
    if (typeof signer === 'string') return refusal(...REFUSALS[signer])
    if (request.method !== 'GET' || request.path !== '/') {
      return refusal(501, 'NotImplemented', 'A header or operation that was asked for is not implemented.')
    }
    const result = elements([
      [
        'Owner',
        [
          ['ID', '75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a'],
          ['DisplayName', 'example'],
        ],
      ],
      [
        'Buckets',
        options.buckets.map((name) => [
          'Bucket',
          [
            ['Name', name],
            ['CreationDate', '2026-01-15T09:30:00.000Z'],
          ],
        ]),
      ],
    ])
    const xmlns = 'http://s3.amazonaws.com/doc/2006-03-01/'
    return answer(200, `<ListAllMyBucketsResult xmlns="${xmlns}">${result}</ListAllMyBucketsResult>`)
  }
}

function refusal(status: number, code: string, message: string): EmulatorResponse {
  const requestId = randomId()
  const members = elements([
    ['Code', code],
    ['Message', message],
    ['RequestId', requestId],
  ])
  return answer(status, `<Error>${members}</Error>`, requestId)
}

function answer(status: number, body: string, requestId = randomId()): EmulatorResponse {
  return xmlAnswer(status, 'application/xml', { 'x-amz-request-id': requestId }, body)
}

function randomId(): string {
  return randomBytes(8).toString('hex').toUpperCase()
}
