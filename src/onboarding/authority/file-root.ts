/** A root whose certificate is in a file: its key is elsewhere, and iam-ra never sees it. */
import type { X509Certificate } from 'node:crypto'
import { codeOf, IamRaError } from '../../errors.ts'
import { readInputFile } from '../../run/input-file.ts'
import type { Runtime } from '../../run/runtime.ts'
import { canonicalPem, readCertificatesToTrust } from '../../x509/certificates-to-trust.ts'
import { oneLine } from '../vault/certificates.ts'
import type { Root } from './authority.ts'

/** https://docs.aws.amazon.com/rolesanywhere/latest/userguide/load-limits.html */
const MOST_CERTIFICATES = 2

/** @throws IamRaError if the file is not one or two certificates of CAs that are valid now */
export async function fileRoot({ fs, clock }: Pick<Runtime, 'fs' | 'clock'>, path: string): Promise<Root> {
  const found = readCertificatesToTrust(Buffer.from(await bytesOf(fs, path), 'latin1'))
  if ('fault' in found) {
    throw unfit(path, found.fault, 'export the certificate of the root as PEM, and give that file')
  }
  if (found.hasKey) {
    throw unfit(
      path,
      'contains a private key, which must never be on this machine for iam-ra; nothing of it was sent anywhere',
      'copy only the certificate to another file: openssl x509 -in FILE -out root.pem',
    )
  }
  const { certificates } = found
  if (certificates.length > MOST_CERTIFICATES) {
    throw unfit(
      path,
      `contains ${certificates.length} certificates, and a trust anchor takes ${MOST_CERTIFICATES}`,
      'keep only the root, and its successor if there is one',
    )
  }
  for (const one of certificates) refuseUnfit(path, one, clock.now())
  const pem = canonicalPem(certificates)
  return {
    subject: certificates.map(({ subject }) => oneLine(subject)).join(' and '),
    plan: { steps: [], notes: [], problems: [] },
    read: () => Promise.resolve(pem),
  }
}

async function bytesOf(fs: Runtime['fs'], path: string): Promise<string> {
  try {
    return await readInputFile(fs, path, 'latin1')
  } catch (cause) {
    throw new IamRaError(
      'INPUT_FILE',
      'settings',
      `the root, ${path}, cannot be read (${codeOf(cause) ?? 'unreadable'})`,
      { cause, hint: 'set --root to the PEM file with the certificate of the root' },
    )
  }
}

function refuseUnfit(path: string, certificate: X509Certificate, nowMs: number): void {
  const subject = oneLine(certificate.subject)
  if (!certificate.ca) {
    throw unfit(
      path,
      `is the certificate of ${subject}, which is not a CA`,
      'give the certificate of the root CA that signs for the pods, not one that it signed for a server',
    )
  }
  if (certificate.validToDate.getTime() <= nowMs) {
    throw unfit(
      path,
      `expired on ${dayOf(certificate.validToDate)} (${subject})`,
      'give the certificate of the root that replaced it',
    )
  }
  if (certificate.validFromDate.getTime() > nowMs) {
    throw unfit(
      path,
      `is not valid before ${dayOf(certificate.validFromDate)} (${subject})`,
      'wait until then, or set the clock of this machine if it is wrong',
    )
  }
}

function unfit(path: string, fault: string, hint: string): IamRaError {
  return new IamRaError('INPUT_FILE', 'certificate', `the root, ${path}, ${fault}`, { hint })
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}
