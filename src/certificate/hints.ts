/** What to do about a certificate that does not fit: what is wrong is the same whoever issued it, and who can mend it is not. */

/** Who issued it: Vault for this run, or someone who mounts it for us. */
export type Origin = 'vault-pki' | 'mounted'

interface Hints {
  readonly keyKind: string
  readonly keySize: string
  readonly version: string
  readonly weakSignature: string
  readonly noKeyUsage: string
  readonly noDigitalSignature: string
  readonly authority: string
  readonly emptySubject: string
  readonly expired: string
  readonly noIssuer: string
  readonly otherIssuerKey: string
  readonly chainTooLong: string
  readonly tooMany: string
}

/** cert-manager leaves the keyUsage out where none of the usages is one of its bits. */
const DIGITAL_SIGNATURE =
  'ask its issuer for digitalSignature: in a Certificate of cert-manager, digital signature in usages'

export const HINTS: Readonly<Record<Origin, Hints>> = {
  'vault-pki': {
    keyKind: 'set KEY_TYPE to one of the kinds that --help lists',
    keySize: 'set KEY_TYPE=ec-p256, or make an RSA key of 2048 bits or more',
    version: 'let the authority issue it with extensions, as the sign path of a Vault PKI role does',
    weakSignature:
      'let its issuer sign with SHA-256 or stronger: signature_bits of the role in Vault, or of the intermediate',
    noKeyUsage: 'put DigitalSignature into key_usage of the PKI role, which is empty now',
    noDigitalSignature: 'add DigitalSignature to key_usage of the PKI role',
    authority:
      'ask for an ordinary certificate: <pki mount>/sign/<role>, not root/sign-intermediate or sign-verbatim',
    emptySubject:
      'set use_csr_common_name=true in the PKI role, which is the default, so that the asked CN becomes the subject',
    expired: 'have it renewed',
    noIssuer:
      "compare ca_chain of the issuer in Vault (vault read <pki mount>/issuer/default) with the role's issuer_ref",
    otherIssuerKey:
      'an issuer of the same name with another key is in the chain, probably an old one: renew the chain in Vault',
    chainTooLong:
      'issue from an authority nearer to the root, or make the sixth the trust anchor and leave it and those above it out of what Vault sends: set manual_chain of the issuer to the first five',
    tooMany:
      'take those that are no issuer of the leaf out of the PKI mount, or set manual_chain of the issuer to those that are',
  },
  mounted: {
    keyKind: 'ask its issuer for an ECDSA or RSA key: in a Certificate of cert-manager, privateKey.algorithm',
    keySize: 'ask its issuer for a larger key: in a Certificate of cert-manager, privateKey.size',
    version: 'let its issuer make it with extensions',
    weakSignature: 'let its issuer sign with SHA-256 or stronger',
    noKeyUsage: DIGITAL_SIGNATURE,
    noDigitalSignature: DIGITAL_SIGNATURE,
    authority:
      "mount a workload's certificate and not its issuer's: in a Certificate of cert-manager, isCA must be false",
    // Its request has the URI and nothing else: cert-manager/csi-driver-spiffe, internal/csi/driver/driver.go.
    emptySubject:
      'ask its issuer for a subject: commonName of a Certificate of cert-manager, or csi.cert-manager.io/common-name of a csi-driver volume, since csi-driver-spiffe gives none',
    expired:
      'whoever issues it must replace it: with cert-manager, kubectl describe certificate says why it did not; a file mounted by subPath stays as it was when the pod began',
    noIssuer:
      "let CERTIFICATE_FILE, after the leaf, or CERTIFICATE_CHAIN_FILE hold that issuer's certificate",
    otherIssuerKey:
      'an issuer of the same name with another key is in the chain, probably an old one: let CERTIFICATE_CHAIN_FILE be replaced together with CERTIFICATE_FILE',
    chainTooLong:
      'issue from an authority nearer to the root, or make the sixth the trust anchor and leave it and those above it out of CERTIFICATE_FILE and CERTIFICATE_CHAIN_FILE',
    tooMany: 'let CERTIFICATE_CHAIN_FILE hold the issuers of the leaf, and no bundle of others',
  },
}
