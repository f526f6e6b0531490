/** What to do about an unfit certificate: the fault is the same for every issuer, but the fix is not. */

/** Where it comes from: Vault issued it for this run, or it is mounted. */
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

/** cert-manager omits keyUsage if none of the usages is one of its bits. */
const DIGITAL_SIGNATURE =
  'issue it with digitalSignature; in a cert-manager Certificate, add "digital signature" to usages'

export const HINTS: Readonly<Record<Origin, Hints>> = {
  'vault-pki': {
    keyKind: 'set KEY_TYPE to one of the key types that --help lists',
    keySize: 'set KEY_TYPE=ec-p256, or use an RSA key of at least 2048 bits',
    version: 'have the CA issue it with extensions, as the sign path of a Vault PKI role does',
    weakSignature:
      'have its issuer sign with SHA-256 or stronger: set signature_bits of the Vault role, or of the intermediate',
    noKeyUsage: 'add DigitalSignature to key_usage of the PKI role, which is empty',
    noDigitalSignature: 'add DigitalSignature to key_usage of the PKI role',
    authority:
      'request an end-entity certificate: <pki mount>/sign/<role>, not root/sign-intermediate or sign-verbatim',
    emptySubject:
      'set use_csr_common_name=true in the PKI role, which is the default, so that the requested CN becomes the subject',
    expired: 'have it renewed',
    noIssuer:
      "compare ca_chain of the Vault issuer (vault read <pki mount>/issuer/default) with the role's issuer_ref",
    otherIssuerKey:
      'renew the chain in Vault: it has an issuer of the same name with another key, probably an old one',
    chainTooLong:
      "issue from a CA nearer to the root, or make the sixth the trust anchor and set the issuer's manual_chain to the first five, so that Vault does not send the sixth and those above it",
    tooMany:
      "remove the CAs that did not issue the leaf from the PKI mount, or set the issuer's manual_chain to those that did",
  },
  mounted: {
    keyKind: 'issue it for an ECDSA or RSA key; in a cert-manager Certificate, set privateKey.algorithm',
    keySize: 'issue it for a larger key; in a cert-manager Certificate, set privateKey.size',
    version: 'have it reissued as an X.509 v3 certificate',
    weakSignature: 'have its issuer sign with SHA-256 or stronger',
    noKeyUsage: DIGITAL_SIGNATURE,
    noDigitalSignature: DIGITAL_SIGNATURE,
    authority:
      "mount the workload's certificate, not its issuer's; in a cert-manager Certificate, set isCA to false",
    // Its request contains only the URI: cert-manager/csi-driver-spiffe, internal/csi/driver/driver.go.
    emptySubject:
      'issue it with a subject; set commonName in a cert-manager Certificate or csi.cert-manager.io/common-name on a csi-driver volume (csi-driver-spiffe sets none)',
    expired:
      'have its issuer replace it (with cert-manager, kubectl describe certificate says why it was not renewed); a file mounted by subPath never changes after the pod has started',
    noIssuer: "append the issuer's certificate to CERTIFICATE_FILE, or put it in CERTIFICATE_CHAIN_FILE",
    otherIssuerKey:
      'replace CERTIFICATE_CHAIN_FILE together with CERTIFICATE_FILE: the chain has an issuer of the same name with another key, probably an old one',
    chainTooLong:
      'issue from a CA nearer to the root, or make the sixth the trust anchor and remove it and those above it from CERTIFICATE_FILE and CERTIFICATE_CHAIN_FILE',
    tooMany: "put only the leaf's issuers in CERTIFICATE_CHAIN_FILE, not a bundle of other CAs",
  },
}
