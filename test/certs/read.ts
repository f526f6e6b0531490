import { createPublicKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** The text of one file of this folder; the name without `.pem`. */
export function pem(name: string): string {
  return readFileSync(new URL(`${name}.pem`, import.meta.url), 'utf8')
}

/** SubjectPublicKeyInfo of the key that most leaves here are for. */
export function ourPublicKey(): Uint8Array {
  return new Uint8Array(createPublicKey(pem('our-key')).export({ type: 'spki', format: 'der' }))
}

/** SubjectPublicKeyInfo of a certificate, read by node:crypto. */
export function publicKeyOf(name: string): Uint8Array {
  return new Uint8Array(new X509Certificate(pem(name)).publicKey.export({ type: 'spki', format: 'der' }))
}

/** DER of a certificate, read by node:crypto. */
export function derOf(name: string): Uint8Array {
  return new Uint8Array(new X509Certificate(pem(name)).raw)
}
