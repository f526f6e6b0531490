/** Certificates in PEM: those of a file, and whether two are the same. */
import { X509Certificate } from 'node:crypto'
import { mistake } from './error.ts'

/** @throws IamRaError where one cannot be read */
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

/** In the order of a chain, where they are one; else as they are. */
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
