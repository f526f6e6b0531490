/** What went wrong below HTTP, in words for the user: Node and Bun name the same fault differently. */
import { codeOf, IamRaError, type Stage } from '../errors.ts'

export type TransportFault =
  'unreachable' | 'tls' | 'timeout' | 'too-large' | 'cut-short' | 'not-http' | 'proxy'

/** Why the TLS handshake failed, in words that follow the server's name. */
const TLS_WORDS = {
  expired: 'its certificate has expired',
  'not-yet-valid': 'its certificate is not valid yet',
  untrusted: 'its certificate is signed by a CA that is not trusted here',
  'other-name': 'its certificate does not match the host name',
  'not-for-servers': 'its certificate is not valid for server authentication',
  'plain-http': 'it does not speak TLS here (plain HTTP on this port?)',
  'old-tls': 'it does not speak TLS 1.2 or newer',
  'client-certificate': 'it requires a client certificate, which aws-iam-ra does not support',
  'unreadable-ca': 'the CA certificate cannot be parsed',
} as const

/** Hints are chosen by this; the text of a fault is for people only. */
export type TlsReason = keyof typeof TLS_WORDS

export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly fault: TransportFault
  /** The system's or the TLS library's code for it; `PROXY_` and the status if a proxy answered CONNECT. */
  readonly code: string
  /** Undefined if it is not a TLS fault, or one without a name here. */
  readonly reason: TlsReason | undefined

  constructor(fault: TransportFault, code: string, message: string, cause?: unknown, reason?: TlsReason) {
    super(message, { cause })
    this.fault = fault
    this.code = code
    this.reason = reason
  }
}

export function tlsError(reason: TlsReason, code: string = reason, cause?: unknown): TransportError {
  return new TransportError('tls', code, TLS_WORDS[reason], cause, reason)
}

const SYSTEM_CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ConnectionRefused: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'its host name does not resolve',
  EAI_AGAIN: 'DNS does not answer',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to its network',
  EADDRNOTAVAIL: 'there is no local address to reach it from',
  ETIMEDOUT: 'the connection timed out',
}

/** Results of a certificate's verification: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE_CODES: Readonly<Record<string, TlsReason>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'untrusted',
  CERT_UNTRUSTED: 'untrusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'other-name',
  HOSTNAME_MISMATCH: 'other-name',
  INVALID_PURPOSE: 'not-for-servers',
}

/** Reasons given by OpenSSL (Node, in the message of an EPROTO) and BoringSSL (Bun, in the code or the message). */
const LIBRARY_REASONS: readonly (readonly [RegExp, TlsReason])[] = [
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/, 'plain-http'],
  [/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/, 'old-tls'],
  [/CERTIFICATE_REQUIRED/, 'client-certificate'],
  [/KEY_USAGE/, 'not-for-servers'],
  // Bun's own code; Node skips what it cannot parse, and then trusts no CA.
  [/^ERR_BORINGSSL INVALID_CA$/, 'unreadable-ca'],
]

const NOT_HTTP = 'it does not answer in HTTP (https on this port?)'

/** What node:http's parser rejects in an HTTP answer: https://github.com/nodejs/llhttp */
const HTTP_FLAWS: Readonly<Record<string, string>> = {
  HPE_UNEXPECTED_CONTENT_LENGTH: 'its answer has more than one Content-Length',
  HPE_INVALID_CONTENT_LENGTH: 'the Content-Length of its answer is not a number',
  HPE_INVALID_TRANSFER_ENCODING: 'the Transfer-Encoding of its answer is malformed',
  HPE_INVALID_HEADER_TOKEN: 'a header of its answer is malformed',
  HPE_INVALID_CHUNK_SIZE: 'its answer has a malformed chunk',
  HPE_INVALID_VERSION: 'it answers in a version of HTTP other than 1.0 and 1.1',
  HPE_INVALID_STATUS: 'its answer has a malformed status',
}

/** The library's message is only searched for the reason, then dropped: a parser's may quote what came over the wire. */
export function transportError(error: Error, url: URL): TransportError {
  if (error instanceof TransportError) return error
  const code = codeOf(error) ?? 'UNKNOWN'
  if (isTlsCode(code)) {
    const said = `${code} ${error.message.toUpperCase().replaceAll(' ', '_')}`
    const reason = CERTIFICATE_CODES[code] ?? LIBRARY_REASONS.find(([shape]) => shape.test(said))?.[1]
    return reason === undefined
      ? new TransportError('tls', code, `TLS failed (${code})`, error)
      : tlsError(reason, code, error)
  }
  if (code === 'HPE_HEADER_OVERFLOW')
    return new TransportError('too-large', code, 'the headers of its answer are larger than 1 MiB', error)
  if (code.startsWith('HPE_')) {
    // HPE_INVALID_CONSTANT: it does not begin like an answer. Any other fault is within one.
    const flaw = code === 'HPE_INVALID_CONSTANT' ? NOT_HTTP : `its answer is malformed (${code})`
    return new TransportError('not-http', code, HTTP_FLAWS[code] ?? flaw, error)
  }
  const system = SYSTEM_CODES[code] ?? `the connection failed (${code})`
  // Many TLS servers drop a plain request without an answer.
  const guess = code === 'ECONNRESET' && url.protocol === 'http:' ? ' (https on this port?)' : ''
  return new TransportError('unreachable', code, `${system}${guess}`, error)
}

/** Until the tunnel is open, every fault is the proxy's. */
export function proxyError(error: Error, proxy: URL): TransportError {
  const { code, message } = transportError(error, proxy)
  return new TransportError('proxy', code, `the proxy cannot be reached: ${message}`, error)
}

function isTlsCode(code: string): boolean {
  return (
    code in CERTIFICATE_CODES ||
    /^(?:EPROTO$|ERR_(?:SSL|TLS|OSSL|BORINGSSL)|CERT_|CRL_|EE_|CA_|UNABLE_TO_|INVALID_CA$|PATH_LENGTH_)/.test(
      code,
    )
  )
}

export function isOutOfTime({ reason }: TransportError): boolean {
  return reason === 'expired' || reason === 'not-yet-valid'
}

/** What the user is told about a transport failure; `server` is for example `Vault at https://vault:8200`. */
export function transportFailure(
  stage: Stage,
  server: string,
  error: TransportError,
  tlsHint: string,
): IamRaError {
  const options = { cause: error }
  switch (error.fault) {
    case 'tls':
      return new IamRaError('TLS', stage, `no TLS connection to ${server}: ${error.message}`, {
        ...options,
        // If it has expired or is not valid yet, neither another CA nor another name would help.
        hint: isOutOfTime(error)
          ? "renew that server's certificate, and check this node's clock (NTP)"
          : tlsHint,
      })
    case 'timeout':
      return new IamRaError('TIMEOUT', stage, `${server}: ${error.message}`, {
        ...options,
        retryable: true,
        hint: "check for a network policy or firewall that drops packets, then the server's load",
      })
    case 'too-large':
    case 'not-http':
      return new IamRaError('ANSWER_INVALID', stage, `${server}: ${error.message}`, {
        ...options,
        hint: 'check whether a proxy or another server answers at this address',
      })
    case 'proxy':
      return new IamRaError('UNREACHABLE', stage, `no connection to ${server}: ${error.message}`, {
        ...options,
        // A refusal lasts; a temporary failure of the proxy, or its absence, may pass.
        retryable: !/^PROXY_(?!408|429|5)|^HPE_/.test(error.code) && !isTlsCode(error.code),
        hint: 'check the proxy setting and its credentials, or name the host in NO_PROXY',
      })
    case 'cut-short':
      return new IamRaError('UNREACHABLE', stage, `${server}: ${error.message}`, {
        ...options,
        retryable: true,
        hint: 'check for a proxy or load balancer that closes connections, and that the server is running',
      })
    case 'unreachable':
      return new IamRaError('UNREACHABLE', stage, `no connection to ${server}: ${error.message}`, {
        ...options,
        retryable: true,
        hint: 'check the address, DNS, network policies, and that the server is running',
      })
  }
}
