/** The requirements for sending a certificate between leaf and root. */
import type { IamRaError } from '../errors.ts'
import { foreignText } from '../text/redact.ts'
import { unfit, type Certificate } from './certificate.ts'
import type { Circumstances } from './circumstances.ts'
import { signatureFault } from './signature-strength.ts'
import { validityFault } from './validity.ts'
import { KeyUsageFlags } from './x509.ts'

export function nameOf(member: Certificate): string {
  return `the intermediate certificate ${foreignText(member.subject)}`
}

/** Why it cannot be sent; undefined if it can. */
export function intermediateFault(member: Certificate, circumstances: Circumstances): IamRaError | undefined {
  const what = nameOf(member)
  return (
    signatureFault(member, what, circumstances.origin) ??
    validityFault(member, what, circumstances, 'have it renewed') ??
    authorityFault(member, what)
  )
}

function authorityFault(member: Certificate, what: string): IamRaError | undefined {
  if (!member.isCa) {
    return unfit(
      `${what} is not a CA certificate (CA:TRUE is absent), so AWS will not accept what it signed`,
      'issue from a CA whose certificate has basicConstraints CA:TRUE',
    )
  }
  if (member.keyUsage === undefined || (member.keyUsage & KeyUsageFlags.keyCertSign) !== 0) return undefined
  return unfit(
    `${what} may not sign certificates: its keyUsage lacks keyCertSign`,
    "have the CA's certificate reissued with keyCertSign",
  )
}
