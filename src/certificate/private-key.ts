/** A private key out of a PEM file (RFC 7468) that someone else wrote. */
import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { IamRaError } from '../errors.ts'

/** The key itself stays in the closure of `sign`: it can be used and not be got out. */
export interface PrivateKey {
  /** SubjectPublicKeyInfo of its public half, DER. */
  readonly publicKeyInfo: Uint8Array
  /** SHA-256 with the key: DER (r, s) for EC, PKCS #1 v1.5 for RSA. */
  sign(data: Uint8Array): Promise<Uint8Array>
}

/** What stands in a block of which label: RFC 5958, RFC 8017 appendix A.1.2, RFC 5915. */
const FORMS: ReadonlyMap<string, Form> = new Map([
  ['PRIVATE KEY', 'pkcs8'],
  ['RSA PRIVATE KEY', 'pkcs1'],
  ['EC PRIVATE KEY', 'sec1'],
])

type Form = 'pkcs8' | 'pkcs1' | 'sec1'

/** Other blocks may stand before it, such as the EC PARAMETERS that openssl writes, or a certificate. */
const BEGIN = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----/

export function holdsPrivateKey(pem: string): boolean {
  return BEGIN.test(pem)
}

/**
 * Reads the first private key of a text.
 *
 * @param what the file, as errors name it
 * @throws IamRaError INPUT_FILE, without a cause: what a library says of a key may quote it
 */
export function readPrivateKey(pem: string, what: string): PrivateKey {
  const begin = BEGIN.exec(pem)
  const label = begin?.[1]
  if (begin === null || label === undefined) throw unreadable(what)
  const [body = '', ...rest] = pem.slice(begin.index + begin[0].length).split(`-----END ${label}-----`)
  // The older way of encrypting says so within the block: RFC 1421 section 4.6.1.1.
  if (label === 'ENCRYPTED PRIVATE KEY' || body.includes('Proc-Type:')) {
    throw refused(
      `${what} holds an encrypted private key, and there is no password to open it with`,
      'mount it without a password, as cert-manager and SPIFFE write it: openssl pkey -in … -out … takes one off',
    )
  }
  const form = FORMS.get(label)
  if (form === undefined) {
    throw refused(
      `${what} holds a private key in the form ${label}, which cannot be read here`,
      'convert it to PKCS #8, the form that begins with BEGIN PRIVATE KEY',
    )
  }
  if (rest.length === 0) throw unreadable(what)
  return privateKey(parse(Buffer.from(body, 'base64'), form, what))
}

function parse(key: Buffer, type: Form, what: string): KeyObject {
  try {
    return createPrivateKey({ key, format: 'der', type })
  } catch {
    throw unreadable(what)
  }
}

function privateKey(key: KeyObject): PrivateKey {
  return Object.freeze({
    // To be compared as bytes: on Node 26.10, KeyObject.equals of an EC and an RSA key makes the next reading of a key fail.
    publicKeyInfo: new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' })),
    sign(data: Uint8Array): Promise<Uint8Array> {
      return new Promise((resolve, reject) => {
        sign('sha256', data, { key, dsaEncoding: 'der' }, (error, signature) => {
          if (error === null) resolve(new Uint8Array(signature))
          else reject(error)
        })
      })
    },
  })
}

function unreadable(what: string): IamRaError {
  return refused(
    `${what} holds a private key that cannot be read: it is damaged, cut short or of another kind than RSA or EC on P-256, P-384 or P-521`,
    'look at it with openssl pkey -noout -in …, and ask its issuer for an ECDSA or RSA key',
  )
}

function refused(message: string, hint: string): IamRaError {
  return new IamRaError('INPUT_FILE', 'certificate', message, { hint })
}
