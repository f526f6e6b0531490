/** Private keys from a PEM file (RFC 7468) written by another tool. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { IamRaError } from '../errors.ts'
import { withLineBreaks } from '../x509/pem.ts'
import { HINTS } from './hints.ts'
import { rewriteKey, UnusableKey } from './private-key-forms.ts'
import { readPublicKey } from './public-key.ts'

/** The key itself stays in the closure of `sign`: it can be used but not extracted. */
export interface PrivateKey {
  /** SubjectPublicKeyInfo of its public half, in the form of `readPublicKey`. */
  readonly publicKeyInfo: Uint8Array
  /** SHA-256 with the key: DER (r, s) for EC, PKCS #1 v1.5 for RSA. */
  sign(data: Uint8Array): Promise<Uint8Array>
}

/** RFC 5958, RFC 8017 appendix A.1.2, RFC 5915. The content says which of them it is: some tools confuse the labels. */
const LABELS: readonly string[] = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY']

/** Other blocks may come before it, such as a certificate. */
const BEGIN = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----/
/** `openssl ecparam -genkey` writes it before the key. */
const PARAMETERS = /-----BEGIN EC PARAMETERS-----([^-]*)-----END EC PARAMETERS-----/g

/** Each key is tried against each certificate. */
const MOST_KEYS = 16

export function holdsPrivateKey(pem: string): boolean {
  return BEGIN.test(pem)
}

/**
 * Reads every private key in a text: an old one may be left in it.
 *
 * @param what the file's name in errors
 * @returns the usable keys, and why the first unusable one cannot be used
 * @throws IamRaError INPUT_FILE, without a cause: a library's error may quote the key
 */
export function readPrivateKeys(
  pem: string,
  what: string,
): { readonly keys: readonly PrivateKey[]; readonly fault?: IamRaError } {
  // Before each label is the preceding text, after it the block and everything up to the next label.
  const [before = '', ...labelsAndTexts] = withLineBreaks(pem).split(BEGIN)
  const count = labelsAndTexts.length / 2
  if (count > MOST_KEYS)
    throw refused(
      `${what} contains ${count} private keys, and at most ${MOST_KEYS} are tried`,
      "mount a file that contains only the certificate's own key",
    )
  const keys: PrivateKey[] = []
  let fault: IamRaError | undefined
  let textBefore = before
  for (let index = 0; index < labelsAndTexts.length; index += 2) {
    const [label = '', text = ''] = labelsAndTexts.slice(index, index + 2)
    try {
      keys.push(readBlock(label, text, textBefore, what))
    } catch (error) {
      if (!(error instanceof IamRaError)) throw error
      fault ??= error
    }
    textBefore = text
  }
  return { keys, ...(fault === undefined ? {} : { fault }) }
}

function readBlock(label: string, text: string, textBefore: string, what: string): PrivateKey {
  const [body = '', ...rest] = text.split(`-----END ${label}-----`)
  // The older encryption format says so within the block: RFC 1421 section 4.6.1.1.
  if (label === 'ENCRYPTED PRIVATE KEY' || body.includes('Proc-Type:')) {
    throw refused(
      `${what} contains an encrypted private key, and no password is available`,
      'mount it without a password, as cert-manager and SPIFFE write it: openssl pkey -in … -out … removes one',
    )
  }
  if (!LABELS.includes(label)) {
    throw refused(
      `${what} contains a private key in the format ${label}, which is not supported`,
      'convert it to PKCS #8 (BEGIN PRIVATE KEY)',
    )
  }
  if (rest.length === 0) throw unreadable(what)
  const parameters = [...textBefore.matchAll(PARAMETERS)].at(-1)?.[1] ?? ''
  return privateKey(Buffer.from(body, 'base64'), Buffer.from(parameters, 'base64'), what)
}

function privateKey(der: Uint8Array, parameters: Uint8Array, what: string): PrivateKey {
  try {
    const rewritten = rewriteKey(der, parameters)
    const key = createPrivateKey({ key: Buffer.from(rewritten.der), format: 'der', type: rewritten.form })
    const info = createPublicKey(key).export({ type: 'spki', format: 'der' })
    return Object.freeze({
      // Compared as bytes: on Node 26.10, KeyObject.equals of an EC and an RSA key makes the next key import fail.
      publicKeyInfo: readPublicKey(new Uint8Array(info)).info,
      sign(data: Uint8Array): Promise<Uint8Array> {
        return new Promise((resolve, reject) => {
          sign('sha256', data, { key, dsaEncoding: 'der' }, (error, signature) => {
            if (error === null) resolve(new Uint8Array(signature))
            else reject(error)
          })
        })
      },
    })
  } catch (error) {
    throw error instanceof UnusableKey
      ? refused(`${what} contains a private key ${error.message}`, error.hint ?? HINTS.mounted.keyKind)
      : unreadable(what)
  }
}

function unreadable(what: string): IamRaError {
  return refused(
    `${what} contains a private key that cannot be read: it is damaged, truncated, or not an RSA key or an EC key on P-256, P-384 or P-521`,
    'check it with openssl pkey -noout -in …, and have it reissued with an ECDSA or RSA key',
  )
}

function refused(message: string, hint: string): IamRaError {
  return new IamRaError('INPUT_FILE', 'certificate', message, { hint })
}
