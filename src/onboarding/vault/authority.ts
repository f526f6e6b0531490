/** The PKI mount's place below the trust anchor: what remains to be done until a CA has certified the mount's own key. */
import { X509Certificate } from 'node:crypto'
import { fingerprint, missingFrom, oneLine, readCertificates } from './certificates.ts'
import type { ClusterSetup } from './setup.ts'
import type { Issuer, State } from './state.ts'

export interface AuthorityWishes {
  /** The file to write the certificate request to. */
  readonly csrOut?: string
  /** The certificate that the CA above issued for it: the file's name and text. */
  readonly signed?: { readonly file: string; readonly pem: string }
  /** The mount of the CA above, if it is in this Vault. */
  readonly rootMount?: string
  /** What the plan says, in place of these ways, if nothing signs yet. */
  readonly unsigned?: readonly string[]
  /** Replace the current key and certificate. */
  readonly rotate: boolean
}

export type AuthorityStep =
  /** A new key, or the one whose request is already pending. */
  | { readonly kind: 'request'; readonly file: string; readonly keyId?: string }
  | { readonly kind: 'import'; readonly file: string; readonly pem: string; readonly subject: string }
  /** Vault has the certificate, but not all of the certificates above it in the file. */
  | { readonly kind: 'chain'; readonly file: string; readonly pem: string; readonly subject: string }
  | { readonly kind: 'sign'; readonly rootMount: string; readonly keyId?: string }
  | { readonly kind: 'default'; readonly issuer: string; readonly subject: string }

export interface AuthorityPlan {
  readonly step?: AuthorityStep
  readonly notes: readonly string[]
  readonly problems: readonly string[]
}

const DAY_MS = 86_400_000
/** Long enough to have a certificate signed by people. */
const SOON_DAYS = 60

export function planAuthority(
  { mount, commonName }: ClusterSetup['pki'],
  state: State,
  wishes: AuthorityWishes,
  nowMs: number,
): AuthorityPlan {
  const current = state.issuers.find(({ id, keyId }) => id === state.defaultIssuer && keyId !== '')
  const [keyId] = state.keys.filter((key) => !state.issuers.some((issuer) => issuer.keyId === key))
  const pending = keyId === undefined ? {} : { keyId }
  const standing = current === undefined ? [] : describe(mount, current, nowMs)
  const { csrOut, signed, rootMount } = wishes
  if (rootMount === mount) {
    const problem = `--root-mount ${rootMount} is pki.mount itself: the root must be in another mount`
    return { notes: [], problems: [problem] }
  }
  if (rootMount !== undefined && state.mounts.get(`${rootMount}/`)?.type !== 'pki') {
    return { notes: [], problems: [noRootMount(mount, rootMount, state)] }
  }
  if (signed !== undefined) return planImport(signed, current, state, nowMs)
  if (current !== undefined && !wishes.rotate) return { notes: standing, problems: [] }
  const notes = [...standing, ...renamed(current, commonName)]
  if (csrOut !== undefined) {
    return { step: { kind: 'request', file: csrOut, ...pending }, notes, problems: [] }
  }
  if (rootMount !== undefined) {
    return { step: { kind: 'sign', rootMount, ...pending }, notes, problems: [] }
  }
  if (wishes.unsigned !== undefined) return { notes: wishes.unsigned, problems: [] }
  return {
    notes:
      keyId === undefined
        ? [
            `${mount} signs nothing yet: give --csr-out FILE, or --root-mount MOUNT if this Vault holds the root`,
          ]
        : [`${mount} is waiting for the certificate for its request: import it with --signed-cert FILE`],
    problems: [],
  }
}

function noRootMount(mount: string, rootMount: string, { mounts }: State): string {
  const others = [...mounts].filter(([path, { type }]) => type === 'pki' && path !== `${mount}/`)
  const cure =
    others.length === 0
      ? `there is none besides ${mount}: create the root first, or have another CA sign (--csr-out FILE)`
      : `other PKI mounts: ${others.map(([path]) => path.replace(/\/$/, '')).join(', ')}`
  return `--root-mount ${rootMount} is not a PKI secrets engine mount; ${cure}`
}

function describe(mount: string, { pem, chain }: Issuer, nowMs: number): string[] {
  const { subject, issuer, validToDate } = new X509Certificate(pem)
  const days = Math.floor((validToDate.getTime() - nowMs) / DAY_MS)
  const until = validToDate.toISOString().slice(0, 10)
  const name = `${mount} signs as ${oneLine(subject)}, below ${oneLine(issuer)}, until ${until}`
  const notes = [days < SOON_DAYS ? `${name}, which is in ${days} days: renew it now (--rotate)` : name]
  if (subject === issuer) notes.push(`${mount} is itself a root, not a CA below the trust anchor`)
  else if (chain.length === 0) notes.push(`${mount} sends no chain with its certificates`)
  return notes
}

/** The trust policies in AWS name the CN of the signing CA (k8s/aws/role.yaml). */
function renamed(current: Issuer | undefined, next: string): string[] {
  if (current === undefined) return []
  const { CN: before } = new X509Certificate(current.pem).toLegacyObject().subject
  return String(before) === next
    ? []
    : [
        `the signing CA's CN changes from ${String(before)} to ${next}: first put both into IssuerNames of each AWS role, or AWS refuses every pod`,
      ]
}

function planImport(
  { file, pem }: NonNullable<AuthorityWishes['signed']>,
  current: Issuer | undefined,
  state: State,
  nowMs: number,
): AuthorityPlan {
  const certificates = readCertificates(file, pem)
  const [own, ...above] = certificates
  if (own === undefined) return { notes: [], problems: [`${file} contains no PEM certificate`] }
  const subject = oneLine(own.subject)
  const problems: string[] = []
  if (!own.ca)
    problems.push(
      `the first certificate of ${file}, ${subject}, is not a CA certificate (CA:TRUE is missing)`,
    )
  if (own.validToDate.getTime() <= nowMs) problems.push(`the first certificate of ${file} has expired`)
  if (own.subject === own.issuer) {
    problems.push(
      `the first certificate of ${file} is a root: it must be the one that was issued for the request`,
    )
  }
  let below = own
  for (const certificate of above) {
    if (!below.checkIssued(certificate) || !below.verify(certificate.publicKey)) {
      problems.push(`in ${file}, ${oneLine(certificate.subject)} did not sign the certificate before it`)
    }
    if (!certificate.ca)
      problems.push(
        `in ${file}, ${oneLine(certificate.subject)} is not a CA certificate (CA:TRUE is missing)`,
      )
    below = certificate
  }
  if (problems.length > 0) return { notes: [], problems }
  const notes = renamed(current, String(own.toLegacyObject().subject.CN))
  if (below.subject !== below.issuer) {
    notes.push(
      `${file} ends with a certificate signed by ${oneLine(below.issuer)}: that CA must be the trust anchor`,
    )
  }
  const known = state.issuers.find((issuer) => fingerprint(issuer.pem) === own.fingerprint256)
  if (known === undefined) return { step: { kind: 'import', file, pem, subject }, notes, problems }
  if (known.keyId === '') {
    return { notes, problems: [`Vault already has the certificate in ${file}, but not its key`] }
  }
  if (missingFrom(known.chain, certificates).length > 0) {
    return { step: { kind: 'chain', file, pem, subject }, notes, problems }
  }
  if (known.id === state.defaultIssuer) return { notes, problems }
  return { step: { kind: 'default', issuer: known.id, subject }, notes, problems }
}
