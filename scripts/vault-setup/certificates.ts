/** Certificates in PEM: those of a file, and whether two are the same. */
import { X509Certificate } from 'node:crypto'
import { SetupError } from './error.ts'

/** @throws SetupError where one cannot be read, or a private key is among them */
export function readCertificates(file: string, pem: string): readonly X509Certificate[] {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw new SetupError(`${file} holds a private key, and nothing of it was read`, {
      hint: 'it must hold certificates alone: the key that belongs to them was made in Vault and stays there',
      usage: true,
    })
  }
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch (cause) {
    throw new SetupError(`${file} holds a certificate that cannot be read`, {
      cause,
      hint: 'copy it again, whole and unchanged; openssl x509 -noout -text shows whether it can be read',
      usage: true,
    })
  }
}

/** One certificate may be written in more ways than one. */
export function fingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256
}

/** Of `wanted`, those that are not in a chain of PEM certificates. */
export function missingFrom(
  chain: readonly string[],
  wanted: readonly X509Certificate[],
): readonly X509Certificate[] {
  const found = chain.map(fingerprint)
  return wanted.filter(({ fingerprint256 }) => !found.includes(fingerprint256))
}

/** Node joins the parts of a name by line ends. */
export function oneLine(name: string): string {
  return name.replaceAll('\n', ', ')
}
