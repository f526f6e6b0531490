/** PEM certificates: reading a file, and comparing two of them. */
import { X509Certificate } from 'node:crypto'
import { mistake } from './error.ts'

/** @throws IamRaError if one cannot be read */
export function readCertificates(file: string, pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch (cause) {
    throw mistake(`${file} contains a certificate that cannot be read`, {
      cause,
      hint: 'copy it again, complete and unchanged; check it with openssl x509 -noout -text',
    })
  }
}

/** In chain order if they form a chain; else as is. */
export function leafFirst(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  const isAbove = (one: X509Certificate): boolean =>
    certificates.some((other) => other !== one && other.issuer === one.subject)
  const chain: X509Certificate[] = []
  let next = certificates.find((one) => !isAbove(one))
  while (next !== undefined) {
    chain.push(next)
    const { issuer } = next
    next = certificates.find((one) => one.subject === issuer && !chain.includes(one))
  }
  return chain.length === certificates.length ? chain : certificates
}

/** The same certificate may be written as PEM in more than one way. */
export function fingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256
}

/** The certificates of `wanted` that are not in a chain of PEM certificates. */
export function missingFrom(
  chain: readonly string[],
  wanted: readonly X509Certificate[],
): readonly X509Certificate[] {
  const found = chain.map(fingerprint)
  return wanted.filter(({ fingerprint256 }) => !found.includes(fingerprint256))
}

/** Node joins the parts of a name with line breaks. */
export function oneLine(name: string): string {
  return name.replaceAll('\n', ', ')
}
