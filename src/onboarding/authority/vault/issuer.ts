/** Which certificate a PKI mount signs with, and whether it leads to the trust anchor's root. */
import type { X509Certificate } from 'node:crypto'
import { IamRaError } from '../../../errors.ts'
import type { Data } from '../../vault/difference.ts'
import { oneLine, readCertificates } from '../../vault/certificates.ts'
import type { Vault } from '../../vault/vault.ts'

export interface MountIssuer {
  readonly certificate: X509Certificate
  /** The certificates above it that Vault has, in order. */
  readonly above: readonly X509Certificate[]
}

/** Of its default issuer. Undefined if there is none, or no such mount. @throws IamRaError */
export async function readIssuer(vault: Vault, mount: string): Promise<MountIssuer | undefined> {
  const { ca_chain: chain } = (await readChain(vault, mount)) ?? {}
  const pem = typeof chain === 'string' ? chain : ''
  const [certificate, ...above] = readCertificates(`the CA chain of ${mount}`, pem)
  return certificate === undefined ? undefined : { certificate, above }
}

/** The path needs no permission, so it is forbidden only without a mount; a mount without an issuer answers 400. */
async function readChain(vault: Vault, mount: string): Promise<Data | undefined> {
  try {
    return await vault.read(`${mount}/cert/ca_chain`)
  } catch (error) {
    if (error instanceof IamRaError && (error.status === 400 || error.status === 403)) return undefined
    throw error
  }
}

/** The CN that a trust policy compares: empty if the certificate is the anchor's own. */
export type IssuerName = { readonly name: string } | { readonly wrong: string }

/** @param anchor PEM of the trust anchor: more than one certificate while its root is being replaced */
export function issuerBelow(
  mount: string,
  { certificate, above }: MountIssuer,
  anchor: string,
  nowMs: number,
): IssuerName {
  const roots = readCertificates('the trust anchor', anchor)
  const name = oneLine(certificate.subject)
  if (certificate.validToDate.getTime() <= nowMs) {
    return { wrong: `the CA certificate of ${mount}, ${name}, has expired` }
  }
  if (roots.some((root) => isSame(root, certificate))) return { name: '' }
  if (!leads(certificate, above, roots)) {
    const wanted = roots.map(({ subject }) => oneLine(subject)).join(' or ')
    return {
      wrong: `${mount} signs as ${name}, below ${oneLine(certificate.issuer)}, which does not lead to the trust anchor's root ${wanted}`,
    }
  }
  const { CN } = certificate.toLegacyObject().subject
  return typeof CN === 'string'
    ? { name: CN }
    : { wrong: `the CA certificate of ${mount}, ${name}, has not one CN` }
}

function leads(
  certificate: X509Certificate,
  above: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): boolean {
  let below = certificate
  const left = [...above]
  for (;;) {
    const next = [...roots, ...left].find((one) => hasSigned(one, below))
    if (next === undefined) return false
    if (roots.includes(next)) return true
    left.splice(left.indexOf(next), 1)
    below = next
  }
}

function hasSigned(above: X509Certificate, below: X509Certificate): boolean {
  return below.checkIssued(above) && below.verify(above.publicKey)
}

function isSame(one: X509Certificate, other: X509Certificate): boolean {
  return one.fingerprint256 === other.fingerprint256
}
