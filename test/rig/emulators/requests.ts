/** Requests that the emulators' own tests send: written for them alone, not the product's client. */
import 'reflect-metadata'
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { Crypto } from '@peculiar/webcrypto'
import { canonicalRequest, sha256Hex, stringToSign } from './canonical.ts'
import { emulatorRequest, type EmulatorRequest } from './http.ts'

export function postJson(
  target: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): EmulatorRequest {
  return emulatorRequest({
    method: 'POST',
    target,
    headers: Object.entries({ Host: '127.0.0.1', 'Content-Type': 'application/json', ...headers }),
    body: JSON.stringify(body),
  })
}

export interface CsrOptions {
  readonly subject?: string
  readonly dns?: readonly string[]
  readonly uris?: readonly string[]
  readonly ips?: readonly string[]
  readonly key?: 'P-256' | 'P-384' | 'RSA-2048'
}

/** A PKCS #10 request as PEM, with a new key. */
export function signingRequest(options: CsrOptions): Promise<string> {
  const keys =
    options.key === 'RSA-2048'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: options.key ?? 'P-256' })
  return signingRequestWith(keys, options)
}

/** Made by another library than the one that the emulators read it with. */
export async function signingRequestWith(
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  options: CsrOptions,
): Promise<string> {
  const crypto = new Crypto()
  const algorithm =
    keys.publicKey.asymmetricKeyType === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : { name: 'ECDSA', namedCurve: options.key ?? 'P-256' }
  const publicDer = keys.publicKey.export({ type: 'spki', format: 'der' })
  const privateDer = keys.privateKey.export({ type: 'pkcs8', format: 'der' })
  const pair = {
    publicKey: await crypto.subtle.importKey('spki', publicDer, algorithm, true, ['verify']),
    privateKey: await crypto.subtle.importKey('pkcs8', privateDer, algorithm, false, ['sign']),
  }
  const names = [
    ...(options.dns ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(options.uris ?? []).map((value) => ({ type: 'url' as const, value })),
    ...(options.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
  ]
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: options.subject ?? '',
      keys: pair,
      signingAlgorithm: { name: algorithm.name, hash: 'SHA-256' },
      extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
    },
    crypto,
  )
  return request.toString('pem')
}

export interface SessionRequestParts {
  readonly nowMs: number
  readonly key: KeyObject
  readonly leaf: Buffer
  readonly chain?: readonly Buffer[]
  readonly serial: bigint
  readonly region?: string
  /** What stands in the scope for X-Amz-Date's own day. */
  readonly date?: string
  /** What stands for the algorithm that the key calls for. */
  readonly algorithm?: string
  readonly target?: string
  readonly body: object
}

/** A signed CreateSession request. */
export function sessionRequest(parts: SessionRequestParts): EmulatorRequest {
  const amzDate = new Date(parts.nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  const chain = (parts.chain ?? []).map((der) => der.toString('base64')).join(',')
  const headers: [string, string][] = [
    ['Host', '127.0.0.1:4567'],
    ['Content-Type', 'application/json'],
    ['X-Amz-Date', amzDate],
    ['X-Amz-X509', parts.leaf.toString('base64')],
    ...(chain === '' ? [] : ([['X-Amz-X509-Chain', chain]] as [string, string][])),
  ]
  const fitting = parts.key.asymmetricKeyType === 'rsa' ? 'AWS4-X509-RSA-SHA256' : 'AWS4-X509-ECDSA-SHA256'
  const algorithm = parts.algorithm ?? fitting
  const scope = {
    date: parts.date ?? amzDate.slice(0, 8),
    region: parts.region ?? 'eu-central-1',
    service: 'rolesanywhere',
  }
  const signedHeaders = headers.map(([name]) => name.toLowerCase()).sort()
  const shape = { method: 'POST', target: parts.target ?? '/sessions', body: JSON.stringify(parts.body) }
  const unsigned = emulatorRequest({ ...shape, headers })
  const canonical = canonicalRequest(unsigned, signedHeaders, sha256Hex(unsigned.body), 'twice')
  if (canonical === undefined) throw new Error('a signed header is missing')
  const authorization = { algorithm, identity: parts.serial.toString(), scope, signedHeaders, signature: '' }
  const signature = sign('sha256', Buffer.from(stringToSign(authorization, amzDate, canonical)), parts.key)
  const credential = `${authorization.identity}/${scope.date}/${scope.region}/${scope.service}/aws4_request`
  const header = `${algorithm} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature.toString('hex')}`
  return emulatorRequest({ ...shape, headers: [...headers, ['Authorization', header]] })
}

/** An answer's JSON; the emulators' own tests know its shape. */
export function bodyOf(answer: { readonly body: string }): Readonly<Record<string, unknown>> {
  return JSON.parse(answer.body) as Readonly<Record<string, unknown>>
}
