/** The path from a leaf to its root, out of certificates that came in any order. */
import type { IamRaError } from '../errors.ts'
import { foreignText } from '../foreign-text.ts'
import { unfit, type Certificate } from './certificate.ts'
import { HINTS, type Origin } from './hints.ts'
import { isValidAt } from './validity.ts'

/** X-Amz-X509-Chain holds five certificates at most. */
export const LONGEST_CHAIN = 5

/**
 * The intermediates that lead from the leaf upwards, leaf side first. The leaf, the root, duplicates and unrelated
 * certificates are dropped; of issuers with one name the one whose key signed is taken, and of several such the one
 * that is valid now and leads further up, because which of them AWS trusts is not known here. Empty without candidates:
 * then nothing here says who signed the leaf, and AWS alone judges it.
 *
 * @throws IamRaError CERTIFICATE_UNFIT where the leaf's issuer is not among the candidates, a signature is not that of
 *   the issuer that it names, or more than five remain
 */
export async function orderChain(
  leaf: Certificate,
  candidates: readonly Certificate[],
  nowMs: number,
  origin: Origin,
): Promise<Certificate[]> {
  const rest = distinct(candidates, leaf)
  const chain: Certificate[] = []
  for (let current = leaf; ;) {
    // checks.ts refuses it by name; with MD5 there is nothing here that could verify it.
    if (!current.signatureIsStrong) break
    const unused = rest.filter((one) => !chain.includes(one))
    const named = unused.filter((one) => one.subject === current.issuer)
    if (named.length === 0) {
      if (current === leaf && rest.length > 0) throw noIssuer(leaf, rest.length, origin)
      break
    }
    const issuer = await signerAmong(named, current, nowMs)
    if (issuer === undefined) throw unverifiable(current, named) ?? wrongSignature(current, origin)
    if (await isRoot(issuer)) break
    chain.push(issuer)
    current = issuer
  }
  if (chain.length > LONGEST_CHAIN) throw tooLong(chain.length)
  return chain
}

function distinct(candidates: readonly Certificate[], leaf: Certificate): Certificate[] {
  const byContent = new Map(candidates.map((one) => [Buffer.from(one.der).toString('base64'), one]))
  byContent.delete(Buffer.from(leaf.der).toString('base64'))
  return [...byContent.values()]
}

async function signerAmong(
  named: readonly Certificate[],
  signed: Certificate,
  nowMs: number,
): Promise<Certificate | undefined> {
  let best: { issuer: Certificate; rank: number } | undefined
  for (const issuer of named) {
    if (!(await signed.isSignedBy(issuer))) continue
    if (named.length === 1) return issuer
    const rank = (isValidAt(issuer, nowMs) ? 2 : 0) + ((await isRoot(issuer)) ? 0 : 1)
    if (best === undefined || rank > best.rank) best = { issuer, rank }
  }
  return best?.issuer
}

async function isRoot(certificate: Certificate): Promise<boolean> {
  // Equal names alone are not enough: an authority that changes its key signs the new one under its own name.
  return certificate.subject === certificate.issuer && (await certificate.isSignedBy(certificate))
}

function noIssuer(leaf: Certificate, count: number, origin: Origin): IamRaError {
  const came =
    count === 1 ? 'the one certificate that came with it is not' : `none of the ${count} that came with it is`
  return unfit(
    `the certificate names ${foreignText(leaf.issuer)} as its issuer, and ${came} of that name`,
    HINTS[origin].noIssuer,
  )
}

function wrongSignature(certificate: Certificate, origin: Origin): IamRaError {
  return unfit(
    `the signature of the certificate ${foreignText(certificate.subject)} is not by the key of its issuer ${foreignText(certificate.issuer)}`,
    HINTS[origin].otherIssuerKey,
  )
}

/** Undefined where the keys of all issuers of that name are of kinds that can be checked. */
function unverifiable(certificate: Certificate, named: readonly Certificate[]): IamRaError | undefined {
  const other = named.map(({ key }) => key).find(({ kind }) => kind === 'other')
  if (other === undefined || other.kind !== 'other') return undefined
  return unfit(
    `the certificate ${foreignText(certificate.subject)} is signed by a key of the kind ${foreignText(other.name)}, which cannot be checked here`,
    'let its issuer have an RSA key, or an EC key on P-256, P-384 or P-521',
  )
}

function tooLong(count: number): IamRaError {
  return unfit(
    `${count} intermediate certificates lead to the root, and CreateSession takes ${LONGEST_CHAIN} at most`,
    'issue from an authority nearer to the root, or make an intermediate the trust anchor',
  )
}
