/** Builds the path from a leaf to its root from certificates in any order. */
import type { IamRaError } from '../errors.ts'
import { foreignText } from '../text/redact.ts'
import { unfit, type Certificate } from './certificate.ts'
import type { Circumstances } from './circumstances.ts'
import { HINTS, type Origin } from './hints.ts'
import { intermediateFault } from './intermediate.ts'
import { turn } from './turn.ts'
import { isValidAt, validityFault } from './validity.ts'

/** X-Amz-X509-Chain holds at most five certificates. */
export const LONGEST_CHAIN = 5

export interface Chain {
  /** Leaf side first, without leaf and root. */
  readonly members: readonly Certificate[]
  /** Which certificates were left out, and why. */
  readonly warnings: readonly string[]
}

/**
 * The intermediates from the leaf upwards. The leaf, the root, duplicates and unrelated certificates are dropped. Of
 * issuers with the same name, the one whose key signed is used; of several such, the one that is usable now and leads
 * further up, because it is not known here which of them AWS trusts. Empty without candidates: then nothing here says
 * which CA signed the leaf, and only AWS can judge it.
 *
 * The leaf's issuer must be fit to send. An unfit one above it may be the trust anchor's key in an old certificate: the
 * path ends below it, because AWS refuses the whole chain if part of it has expired.
 *
 * @throws IamRaError CERTIFICATE_UNFIT if the leaf's issuer is unfit or not among the candidates, a certificate is not
 *   signed by the issuer that it names, or more than five remain; the signal's reason
 */
export async function orderChain(
  leaf: Certificate,
  candidates: readonly Certificate[],
  circumstances: Circumstances,
): Promise<Chain> {
  const { origin } = circumstances
  const rest = distinct(candidates, leaf)
  const members: Certificate[] = []
  for (let current = leaf; ;) {
    const named = rest.filter((one) => one.subject === current.issuer && !members.includes(one))
    if (named.length === 0) {
      if (current === leaf && rest.some(({ isCa }) => isCa)) throw noIssuer(leaf, rest.length, origin)
      break
    }
    const issuer = await signerAmong(named, current, circumstances)
    if (issuer === undefined) {
      // An old or a new root with the same name: it would not be sent, and the trust anchor may be the other one.
      const areRoots = named.every(({ subject, issuer: above }) => subject === above)
      if (current !== leaf && areRoots) return { members, warnings: [withoutRoot(current)] }
      throw unverifiable(current, named) ?? wrongSignature(current, origin)
    }
    if (await isRoot(issuer)) break
    const fault = intermediateFault(issuer, circumstances)
    if (fault !== undefined) {
      if (current === leaf) throw fault
      return { members, warnings: [leftOut(fault)] }
    }
    if (members.length === LONGEST_CHAIN) {
      const root = await rootAmong(named, current, circumstances.signal)
      if (root === undefined) throw tooLong(issuer, origin)
      return { members, warnings: [withoutSixth(issuer)] }
    }
    members.push(issuer)
    current = issuer
  }
  return { members, warnings: [] }
}

function distinct(candidates: readonly Certificate[], leaf: Certificate): Certificate[] {
  const byContent = new Map(candidates.map((one) => [Buffer.from(one.der).toString('base64'), one]))
  byContent.delete(Buffer.from(leaf.der).toString('base64'))
  return [...byContent.values()]
}

async function signerAmong(
  named: readonly Certificate[],
  signed: Certificate,
  circumstances: Circumstances,
): Promise<Certificate | undefined> {
  let best: { issuer: Certificate; rank: number } | undefined
  for (const issuer of named) {
    await turn(circumstances.signal)
    if (!isCheckable(issuer) || !(await signed.isSignedBy(issuer))) continue
    if (named.length === 1) return issuer
    const rank = await rankOf(issuer, circumstances)
    if (best === undefined || rank > best.rank) best = { issuer, rank }
  }
  return best?.issuer
}

/** A root with the same key, if one came too: then the path to that root is short enough. */
async function rootAmong(
  named: readonly Certificate[],
  signed: Certificate,
  signal: AbortSignal,
): Promise<Certificate | undefined> {
  for (const one of named) {
    await turn(signal)
    if (isCheckable(one) && (await isRoot(one)) && (await signed.isSignedBy(one))) return one
  }
  return undefined
}

/** A root's own signature means nothing, so it is not checked. */
async function rankOf(issuer: Certificate, circumstances: Circumstances): Promise<number> {
  const root = await isRoot(issuer)
  const fault = root ? validityFault(issuer, '', circumstances, '') : intermediateFault(issuer, circumstances)
  return (fault === undefined ? 4 : 0) + (isValidAt(issuer, circumstances.nowMs) ? 2 : 0) + (root ? 0 : 1)
}

async function isRoot(certificate: Certificate): Promise<boolean> {
  // Equal names are not enough: a CA that changes its key signs the new one under the same name.
  return certificate.subject === certificate.issuer && (await certificate.isSignedBy(certificate))
}

function noIssuer(leaf: Certificate, count: number, origin: Origin): IamRaError {
  const came =
    count === 1
      ? 'the one certificate that came with it does not have'
      : `none of the ${count} that came with it has`
  return unfit(
    `the certificate names ${foreignText(leaf.issuer)} as its issuer, and ${came} that name`,
    HINTS[origin].noIssuer,
  )
}

function wrongSignature(certificate: Certificate, origin: Origin): IamRaError {
  return unfit(
    `the certificate ${foreignText(certificate.subject)} is not signed with the key of its issuer ${foreignText(certificate.issuer)}`,
    HINTS[origin].otherIssuerKey,
  )
}

/** Above either limit, verification takes long, or the runtime refuses it (BoringSSL, crypto/rsa). */
const [MOST_RSA_BITS, MOST_EXPONENT_BITS] = [8192, 33]

function isCheckable({ key }: Certificate): boolean {
  return key.kind !== 'rsa' || (key.bits <= MOST_RSA_BITS && key.exponentBits <= MOST_EXPONENT_BITS)
}

/** Undefined if the keys of all issuers of that name can be verified with. */
function unverifiable(certificate: Certificate, named: readonly Certificate[]): IamRaError | undefined {
  const kind = named.map(uncheckedKind).find((one) => one !== undefined)
  if (kind === undefined) return undefined
  return unfit(
    `the certificate ${foreignText(certificate.subject)} is signed with a key of type ${foreignText(kind)}, which cannot be verified here`,
    'use an issuer with an RSA key, or an EC key on P-256, P-384 or P-521',
  )
}

function uncheckedKind(issuer: Certificate): string | undefined {
  const { key } = issuer
  if (key.kind === 'rsa' && !isCheckable(issuer))
    return `RSA with ${key.bits} bits and an exponent of ${key.exponentBits}`
  if (key.kind === 'ill-formed') return `EC with ${key.form}`
  return key.kind === 'other' ? key.name : undefined
}

function leftOut({ message, hint }: IamRaError): string {
  return `${message}, so it and the certificates above it are not sent: ${hint ?? ''}, unless the trust anchor has its key or one below it`
}

function withoutRoot({ subject, issuer }: Certificate): string {
  return `the certificates of ${foreignText(issuer)} that came have a different key from the one that signed ${foreignText(subject)}, so the trust anchor must be the issuer with that key, or below it`
}

function withoutSixth({ subject, issuer }: Certificate): string {
  return `CreateSession accepts ${LONGEST_CHAIN} intermediate certificates, so the sixth, ${foreignText(subject)} issued by ${foreignText(issuer)}, is not sent: the trust anchor must be ${foreignText(subject)}, or below it`
}

function tooLong(sixth: Certificate, origin: Origin): IamRaError {
  return unfit(
    `the chain has at least 6 intermediate certificates, the sixth being ${foreignText(sixth.subject)}, and CreateSession accepts at most ${LONGEST_CHAIN}`,
    HINTS[origin].chainTooLong,
  )
}
