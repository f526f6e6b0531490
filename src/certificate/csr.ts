/** The certificate signing request: the names that Vault is asked to certify. */
import { IamRaError } from '../errors.ts'
import type { KeyPair } from './key-pair.ts'
import {
  AsnConvert,
  Attribute,
  Attributes,
  AttributeTypeAndValue,
  AttributeValue,
  Extension,
  Extensions,
  GeneralName,
  GeneralNames,
  Name,
  OctetString,
  PemConverter,
  RelativeDistinguishedName,
} from './x509.ts'

export interface RequestedNames {
  readonly commonName: string
  readonly dnsSans: readonly string[]
  readonly uriSans: readonly string[]
}

/** RFC 4519 section 2.3, RFC 5280 section 4.2.1.6, RFC 2985 section 5.4.2. */
const COMMON_NAME = '2.5.4.3'
const SUBJECT_ALT_NAME = '2.5.29.17'
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'

/**
 * A PKCS #10 request (RFC 2986) as PEM. The names are in the request itself, because a PKI role takes them from
 * there by default (`use_csr_common_name`, `use_csr_sans`); Vault drops every other part of a subject.
 *
 * @throws IamRaError SETTINGS_INVALID for a DNS or URI name that is not ASCII.
 */
export async function createCsr(keyPair: KeyPair, names: RequestedNames): Promise<string> {
  const commonName = new AttributeTypeAndValue({
    type: COMMON_NAME,
    value: new AttributeValue({ utf8String: names.commonName }),
  })
  const subject = new Name([new RelativeDistinguishedName([commonName])])
  const der = await keyPair.request(subject, new Attributes(alternativeNames(names)))
  return `${PemConverter.encode(new Uint8Array(der), PemConverter.CertificateRequestTag)}\n`
}

function alternativeNames(names: RequestedNames): Attribute[] {
  const general = [
    ...names.dnsSans.map((value) => new GeneralName({ dNSName: ia5(value) })),
    ...names.uriSans.map((value) => new GeneralName({ uniformResourceIdentifier: ia5(value) })),
  ]
  // RFC 5280 section 4.2.1.6: an empty list is not allowed; critical only if the subject is empty, which it never is.
  if (general.length === 0) return []
  const extnValue = new OctetString(AsnConvert.serialize(new GeneralNames(general)))
  const extensions = new Extensions([new Extension({ extnID: SUBJECT_ALT_NAME, extnValue })])
  return [new Attribute({ type: EXTENSION_REQUEST, values: [AsnConvert.serialize(extensions)] })]
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
