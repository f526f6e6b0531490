/** The certificate signing request: the names that Vault is asked to certify. */
import { IamRaError } from '../errors.ts'
import type { KeyPair } from './key-pair.ts'
import { Name, PemConverter, SubjectAlternativeNameExtension } from './x509.ts'

export interface RequestedNames {
  readonly commonName: string
  readonly dnsSans: readonly string[]
  readonly uriSans: readonly string[]
}

/**
 * A PKCS #10 request (RFC 2986) as PEM. The names are in the request itself, because a PKI role takes them from there
 * by default (`use_csr_common_name`, `use_csr_sans`); Vault drops every other part of a subject.
 *
 * @throws IamRaError SETTINGS_INVALID for a DNS or URI name that is not ASCII.
 */
export async function createCsr(keyPair: KeyPair, names: RequestedNames): Promise<string> {
  // Structured JSON with an explicit string type: a plain string would be parsed for escapes, quotes and `#`.
  const subject = new Name([{ CN: [{ utf8String: names.commonName }] }])
  const der = await keyPair.request(subject, alternativeNames(names))
  return `${PemConverter.encode(new Uint8Array(der), PemConverter.CertificateRequestTag)}\n`
}

function alternativeNames(names: RequestedNames): SubjectAlternativeNameExtension[] {
  const general = [
    ...names.dnsSans.map((value) => ({ type: 'dns' as const, value: ia5(value) })),
    ...names.uriSans.map((value) => ({ type: 'url' as const, value: ia5(value) })),
  ]
  // RFC 5280 section 4.2.1.6: an empty list is not allowed; critical only if the subject is empty, which it never is.
  return general.length === 0 ? [] : [new SubjectAlternativeNameExtension(general, false)]
}

/** DNS and URI names are IA5Strings (RFC 5280 section 4.2.1.6); the encoder would cut other characters to one byte. */
function ia5(value: string): string {
  if (/^[\x21-\x7e]+$/.test(value)) return value
  throw new IamRaError(
    'SETTINGS_INVALID',
    'settings',
    `the certificate name ${JSON.stringify(value)} is not ASCII`,
    {
      hint: 'write a DNS name in its xn-- form and a URI percent-encoded',
    },
  )
}
