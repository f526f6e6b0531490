/**
 * What an issued certificate must satisfy before it is used. AWS answers most of these failures with the same sentence,
 * so each has its own message here. The rules are the user guide's:
 * https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html#signature-verification
 */
import type { IamRaError } from '../errors.ts'
import { foreignText, foreignTexts } from '../text/redact.ts'
import { holdsCertificate } from '../x509/pem.ts'
import type { IssuedCertificate } from '../credentials.ts'
import { readCandidates } from './candidates.ts'
import { unfit, unreadable, type Certificate } from './certificate.ts'
import { orderChain } from './chain.ts'
import type { Circumstances } from './circumstances.ts'
import type { RequestedNames } from './csr.ts'
import { HINTS, type Origin } from './hints.ts'
import { signatureFault } from './signature-strength.ts'
import { validityFault, type Moment } from './validity.ts'
import { KeyUsageFlags } from './x509.ts'

export interface CheckInput extends RequestedNames, Moment {
  /** The leaf; certificates after it count as candidates for the chain. */
  readonly certificatePem: string
  /** Candidates for the chain in any order, each with one or more certificates. */
  readonly chainPem: readonly string[]
  /** SubjectPublicKeyInfo of the signing key, DER. */
  readonly publicKeyInfo: Uint8Array
  readonly signal: AbortSignal
}

/** The part of IssuedCertificate that the certificate itself determines. */
export interface CheckedCertificate extends Omit<IssuedCertificate, 'requestId' | 'sign'> {
  /** For people to read. */
  readonly warnings: readonly string[]
}

/**
 * Checks Vault's answer: that it is for the requested key and names, and everything that checkLeaf checks.
 *
 * @throws IamRaError ANSWER_INVALID if PEM or DER cannot be read, CERTIFICATE_UNFIT if a rule is not met
 */
export async function checkCertificate(input: CheckInput): Promise<CheckedCertificate> {
  const circumstances: Circumstances = { ...input, origin: 'vault-pki', names: input }
  const [leaf, ...further] = await readCandidates(
    input.certificatePem,
    'the issued certificate',
    circumstances,
  )
  if (leaf === undefined) throw unreadable('the issued certificate')
  const chain = await readChain(input.chainPem, circumstances)
  if (Buffer.compare(leaf.publicKeyInfo, input.publicKeyInfo) !== 0) {
    throw unfit(
      "the certificate's public key is not the one in the request",
      'check for a proxy or a cache that answers instead of Vault: nothing can be signed with this certificate',
    )
  }
  return await checkLeaf(leaf, [...further, ...chain], circumstances)
}

/**
 * Checks the leaf, its names and its chain, in this order, and stops at the first failure.
 *
 * @param candidates for the chain, in any order
 * @throws IamRaError CERTIFICATE_UNFIT if a rule is not met
 */
export async function checkLeaf(
  leaf: Certificate,
  candidates: readonly Certificate[],
  circumstances: Circumstances,
): Promise<CheckedCertificate> {
  const { origin, names } = circumstances
  const keyAlgorithm = checkKey(leaf, origin)
  checkForm(leaf, origin)
  refuse(signatureFault(leaf, 'the certificate', origin))
  refuse(validityFault(leaf, 'the certificate', circumstances, HINTS[origin].expired))
  checkUse(leaf, origin)
  checkSubject(leaf, origin)
  if (names !== undefined) checkNames(leaf, names)
  const { members, warnings } = await orderChain(leaf, candidates, circumstances)
  return {
    leaf: leaf.der,
    chain: members.map((member) => member.der),
    keyAlgorithm,
    serialHex: leaf.serialHex,
    subject: foreignText(leaf.subject),
    issuer: foreignText(leaf.issuer),
    chainSubjects: members.map((member) => foreignText(member.subject)),
    validFromMs: Math.max(...[leaf, ...members].map(({ notBeforeMs }) => notBeforeMs)),
    notAfterMs: leaf.notAfterMs,
    warnings,
  }
}

async function readChain(pems: readonly string[], circumstances: Circumstances): Promise<Certificate[]> {
  const what = "a certificate of the issuer's chain"
  if (pems.some((pem) => pem.trim() !== '' && !holdsCertificate(pem))) throw unreadable(what)
  return await readCandidates(pems.join('\n'), what, circumstances)
}

function refuse(fault: IamRaError | undefined): void {
  if (fault !== undefined) throw fault
}

function checkKey(leaf: Certificate, origin: Origin): IssuedCertificate['keyAlgorithm'] {
  // Signing supports RSA and EC keys; Vault itself issues no RSA certificate below 2048 bits.
  if (leaf.key.kind === 'other') {
    throw unfit(
      `the certificate's key is of type ${foreignText(leaf.key.name)}, and only RSA and EC keys on P-256, P-384 or P-521 can be used`,
      HINTS[origin].keyKind,
    )
  }
  if (leaf.key.kind === 'ill-formed') {
    throw unfit(
      `the certificate's EC key is encoded with ${leaf.key.form}, which RFC 5480 forbids`,
      'have it reissued for the same key with a named curve and an uncompressed point: openssl ec -param_enc named_curve -conv_form uncompressed',
    )
  }
  if (leaf.key.kind === 'rsa' && leaf.key.bits < 2048) {
    throw unfit(
      `the certificate's RSA key has ${leaf.key.bits} bits, and at least 2048 are required`,
      HINTS[origin].keySize,
    )
  }
  return leaf.key.kind
}

/** A zero byte before a set top bit is not counted: it only says that the number is positive. */
const MOST_SERIAL_BYTES = 20

function checkForm(leaf: Certificate, origin: Origin): void {
  if (leaf.version !== 3) {
    throw unfit(
      `the certificate is X.509 version ${leaf.version}, and AWS accepts only version 3`,
      HINTS[origin].version,
    )
  }
  if (!leaf.serialIsPositive) {
    throw unfit(
      "the certificate's serial number is not positive, so AWS and aws-iam-ra may read it differently",
      'have the CA reissue it with a positive serial number (RFC 5280 section 4.1.2.2)',
    )
  }
  if (leaf.serialHex.length > 2 * MOST_SERIAL_BYTES) {
    throw unfit(
      `the certificate's serial number has ${Math.ceil(leaf.serialHex.length / 2)} bytes, and at most ${MOST_SERIAL_BYTES} are allowed`,
      'have the CA reissue it with a shorter serial number (RFC 5280 section 4.1.2.2)',
    )
  }
}

function checkUse(leaf: Certificate, origin: Origin): void {
  if (leaf.keyUsage === undefined) {
    throw unfit(
      'the certificate has no keyUsage extension, and AWS requires digitalSignature',
      HINTS[origin].noKeyUsage,
    )
  }
  if ((leaf.keyUsage & KeyUsageFlags.digitalSignature) === 0) {
    throw unfit(
      "the certificate's keyUsage lacks digitalSignature, which AWS requires",
      HINTS[origin].noDigitalSignature,
    )
  }
  if (leaf.isCa) {
    throw unfit(
      'the certificate is a CA certificate (CA:TRUE), and AWS accepts end-entity certificates only',
      HINTS[origin].authority,
    )
  }
}

function checkSubject(leaf: Certificate, origin: Origin): void {
  if (leaf.subject !== '') return
  throw unfit(
    "the certificate's subject is empty, and AWS takes the identity from it",
    HINTS[origin].emptySubject,
  )
}

function checkNames(leaf: Certificate, asked: RequestedNames): void {
  const [commonName, ...more] = leaf.commonNames
  if (commonName !== asked.commonName || more.length > 0) {
    const found = leaf.commonNames.length === 0 ? 'no CN' : `the CN ${quoted(leaf.commonNames)}`
    throw unfit(
      `the certificate has ${found}, but ${quoted([asked.commonName])} was requested`,
      'set use_csr_common_name=true in the PKI role and add the name to allowed_domains',
    )
  }
  if (asked.dnsSans.length + asked.uriSans.length > 0) checkAlternativeNames(leaf, asked)
}

function checkAlternativeNames(leaf: Certificate, asked: RequestedNames): void {
  let names: ReturnType<Certificate['alternativeNames']>
  try {
    names = leaf.alternativeNames()
  } catch (cause) {
    throw unreadable('the list of alternative names in the issued certificate', cause)
  }
  // DNS names are case-insensitive (RFC 4343); a URI's path is not.
  const dns = new Set(names.dns.map((name) => name.toLowerCase()))
  const missing = [
    ...asked.dnsSans.filter((name) => !dns.has(name.toLowerCase())).map((name) => `DNS:${name}`),
    ...asked.uriSans.filter((name) => !names.uri.includes(name)).map((name) => `URI:${name}`),
  ]
  if (missing.length === 0) return
  throw unfit(
    `the certificate lacks the alternative ${missing.length === 1 ? 'name' : 'names'} ${quoted(missing)} that ${missing.length === 1 ? 'was' : 'were'} requested`,
    'set use_csr_sans=true in the PKI role and add the names to allowed_domains and allowed_uri_sans',
  )
}

function quoted(names: readonly string[]): string {
  return foreignTexts(names, (name) => JSON.stringify(name)).join(', ')
}
