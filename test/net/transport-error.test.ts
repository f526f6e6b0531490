import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  proxyError,
  transportError,
  TransportError,
  transportFailure,
} from '../../src/net/transport-error.ts'

const errors = suite('transport errors')

const HTTPS = new URL('https://vault.example:8200')
const HTTP = new URL('http://vault.example:8200')

function failed(code: string, message = 's3cr3t'): Error {
  return Object.assign(new Error(message), { code })
}

/** [code, message of the library, fault, our words]; `s3cr3t` stands for what a library may quote. */
const known: readonly (readonly [string, string, string, string])[] = [
  ['ECONNREFUSED', 's3cr3t', 'unreachable', 'the connection was refused'],
  ['ConnectionRefused', 's3cr3t', 'unreachable', 'the connection was refused'],
  ['ENOTFOUND', 's3cr3t', 'unreachable', 'its host name does not resolve'],
  ['EAI_AGAIN', 's3cr3t', 'unreachable', 'DNS does not answer'],
  ['EHOSTUNREACH', 's3cr3t', 'unreachable', 'there is no route to it'],
  ['ESOMETHING', 's3cr3t', 'unreachable', 'the connection failed (ESOMETHING)'],
  ['CERT_HAS_EXPIRED', 's3cr3t', 'tls', 'its certificate has expired'],
  [
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    '',
    'tls',
    'its certificate is signed by a CA that is not trusted here',
  ],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'IP: s3cr3t', 'tls', 'its certificate does not match the host name'],
  ['INVALID_PURPOSE', '', 'tls', 'its certificate is not valid for server authentication'],
  ['CERT_REVOKED', '', 'tls', 'TLS failed (CERT_REVOKED)'],
  ['CA_MD_TOO_WEAK', '', 'tls', 'TLS failed (CA_MD_TOO_WEAK)'],
  [
    'EPROTO',
    'write EPROTO …:wrong version number:…',
    'tls',
    'it does not speak TLS here (plain HTTP on this port?)',
  ],
  ['ERR_SSL_WRONG_VERSION_NUMBER', '', 'tls', 'it does not speak TLS here (plain HTTP on this port?)'],
  ['EPROTO', '…:tlsv1 alert protocol version:…', 'tls', 'it does not speak TLS 1.2 or newer'],
  ['EPROTO', 's3cr3t', 'tls', 'TLS failed (EPROTO)'],
  [
    'ERR_SSL_TLSV1_ALERT_CERTIFICATE_REQUIRED',
    '',
    'tls',
    'it requires a client certificate, which aws-iam-ra does not support',
  ],
  ['ERR_BORINGSSL', 'Invalid CA', 'tls', 'the CA certificate cannot be parsed'],
  ['HPE_INVALID_CONSTANT', 's3cr3t', 'not-http', 'it does not answer in HTTP (https on this port?)'],
  ['HPE_SOMETHING', 's3cr3t', 'not-http', 'its answer is malformed (HPE_SOMETHING)'],
  ['HPE_INVALID_HEADER_TOKEN', 's3cr3t', 'not-http', 'a header of its answer is malformed'],
  ['HPE_HEADER_OVERFLOW', 's3cr3t', 'too-large', 'the headers of its answer are larger than 1 MiB'],
]

for (const [code, message, fault, words] of known) {
  errors(`say of ${code} ${message.replace('s3cr3t', '')}that ${words}`, () => {
    const error = transportError(failed(code, message), HTTPS)
    assert.equal([error.fault, error.code, error.message], [fault, code, words])
  })
}

errors('of TLS have a reason, which the advice is chosen by, where one is known', () => {
  const reasons = (codes: readonly string[]): unknown[] => [
    ...new Set(codes.map((code) => transportError(failed(code, ''), HTTPS).reason)),
  ]
  assert.equal(reasons(['CERT_HAS_EXPIRED']), ['expired'])
  assert.equal(reasons(['CERT_NOT_YET_VALID']), ['not-yet-valid'])
  assert.equal(reasons(['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH']), ['other-name'])
  assert.equal(reasons(['SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE']), ['untrusted'])
  assert.equal(reasons(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_HTTP_REQUEST']), ['plain-http'])
  assert.equal(reasons(['ERR_SSL_UNSUPPORTED_PROTOCOL']), ['old-tls'])
  assert.equal(reasons(['EPROTO', 'CERT_REVOKED', 'ECONNREFUSED', 'HPE_INVALID_CONSTANT']), [undefined])
})

errors('guess https where a plain connection is reset', () => {
  assert.is(transportError(failed('ECONNRESET'), HTTPS).message, 'the connection was reset')
  assert.is(
    transportError(failed('ECONNRESET'), HTTP).message,
    'the connection was reset (https on this port?)',
  )
})

errors('pass through what is known already, and name what has no code', () => {
  const error = new TransportError('proxy', 'PROXY_403', 'no')
  assert.is(transportError(error, HTTPS), error)
  assert.is(transportError(new Error('s3cr3t'), HTTPS).message, 'the connection failed (UNKNOWN)')
})

const failure = (error: TransportError): ReturnType<typeof transportFailure> =>
  transportFailure('identity', 'Vault at https://vault:8200', error, 'set VAULT_CACERT')

errors('become failures of the stage, which name the server and keep the cause', () => {
  const cause = transportError(failed('ERR_TLS_CERT_ALTNAME_INVALID'), HTTPS)
  const error = failure(cause)
  assert.is(
    error.message,
    'no TLS connection to Vault at https://vault:8200: its certificate does not match the host name',
  )
  assert.equal([error.code, error.stage, error.hint], ['TLS', 'identity', 'set VAULT_CACERT'])
  assert.is(error.cause, cause)
})

errors('of a certificate out of its time lead to the clock and the renewal, not to another CA', () => {
  for (const code of ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])
    assert.match(failure(transportError(failed(code), HTTPS)).hint ?? '', /^renew .* this node's clock/)
})

const failures: readonly (readonly [TransportError, string, boolean, string])[] = [
  [
    new TransportError('tls', 'X', 'why'),
    'TLS',
    false,
    'no TLS connection to Vault at https://vault:8200: why',
  ],
  [new TransportError('timeout', 'X', 'why'), 'TIMEOUT', true, 'Vault at https://vault:8200: why'],
  [new TransportError('too-large', 'X', 'why'), 'ANSWER_INVALID', false, 'Vault at https://vault:8200: why'],
  [new TransportError('not-http', 'X', 'why'), 'ANSWER_INVALID', false, 'Vault at https://vault:8200: why'],
  [new TransportError('cut-short', 'X', 'why'), 'UNREACHABLE', true, 'Vault at https://vault:8200: why'],
  [
    new TransportError('unreachable', 'X', 'why'),
    'UNREACHABLE',
    true,
    'no connection to Vault at https://vault:8200: why',
  ],
  [
    new TransportError('proxy', 'X', 'why'),
    'UNREACHABLE',
    true,
    'no connection to Vault at https://vault:8200: why',
  ],
]

for (const [cause, code, retryable, message] of failures) {
  errors(`of the fault ${cause.fault} ${retryable ? 'may' : 'do not'} pass by themselves`, () => {
    const error = failure(cause)
    assert.equal([error.code, error.retryable, error.message], [code, retryable, message])
    assert.type(error.hint, 'string')
  })
}

errors('of a proxy pass by themselves unless it refuses or is not what it should be', () => {
  const retryable = (code: string): boolean => failure(new TransportError('proxy', code, 'why')).retryable
  for (const code of [
    'PROXY_408',
    'PROXY_429',
    'PROXY_500',
    'PROXY_502',
    'PROXY_503',
    'ECONNREFUSED',
    'ENOTFOUND',
  ]) {
    assert.is(retryable(code), true, code)
  }
  for (const code of [
    // A page of its own in the place of a tunnel, and redirects.
    'PROXY_200',
    'PROXY_302',
    'PROXY_400',
    'PROXY_401',
    'PROXY_403',
    'PROXY_407',
    'PROXY_600',
    'HPE_INVALID_CONSTANT',
    'HPE_HEADER_OVERFLOW',
    'CERT_HAS_EXPIRED',
    'EPROTO',
  ]) {
    assert.is(retryable(code), false, code)
  }
})

errors('say of a proxy that it is the proxy', () => {
  const error = proxyError(failed('ECONNREFUSED'), new URL('http://proxy.example:3128'))
  assert.equal([error.fault, error.code], ['proxy', 'ECONNREFUSED'])
  assert.is(
    failure(error).message,
    'no connection to Vault at https://vault:8200: the proxy cannot be reached: the connection was refused',
  )
})

errors.run()
