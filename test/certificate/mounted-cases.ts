/** Files as others mount them: those that are read, and those that are refused. */
import { pem } from '../keys/read.ts'
import {
  NAMELESS_CURVE,
  ODD_CERTIFICATES,
  ODD_ISSUER,
  ODD_KEYS,
  PSS_CERTIFICATE,
  PSS_KEY,
} from './odd-keys.ts'

/** Null is no file. */
export type Content = string | Uint8Array | { readonly kind: 'folder' | 'pipe' } | null

export interface Case {
  readonly title: string
  readonly certificate: Content
  readonly key: Content
  readonly chain?: Content
}

const bundle = (name: string): string => pem(name) + pem('intermediate')
const der = (text: string): Uint8Array => Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64')

/** Each certificate with its key in each form. */
export const KEYS = [
  ['p256', 'p256-pkcs8', 'a P-256 key in PKCS #8'],
  ['p256', 'p256-sec1', 'a P-256 key in SEC 1'],
  ['p256', 'p256-parameters', 'a P-256 key after EC PARAMETERS'],
  ['p256', 'p256-compressed-pkcs8', 'a P-256 key with its point compressed in PKCS #8'],
  ['p256', 'p256-compressed-sec1', 'a P-256 key with its point compressed in SEC 1'],
  ['p256', 'p256-hybrid-pkcs8', 'a P-256 key with a hybrid point in PKCS #8'],
  ['p256', 'p256-hybrid-sec1', 'a P-256 key with a hybrid point in SEC 1'],
  ['p256', 'p256-explicit-pkcs8', "a P-256 key with its curve's parameters in PKCS #8"],
  ['p256', 'p256-explicit-sec1', "a P-256 key with its curve's parameters in SEC 1"],
  ['p256', 'p256-no-public-pkcs8', 'a P-256 key without its point in PKCS #8'],
  ['p256', 'p256-no-public-sec1', 'a P-256 key without its point in SEC 1'],
  ['p256-compressed', 'p256-compressed-sec1', 'a P-256 key with its point compressed in both files'],
  ['p256-compressed', 'p256-pkcs8', 'a P-256 key with its point compressed in the certificate'],
  ['p384', 'p384-pkcs8', 'a P-384 key in PKCS #8'],
  ['p384', 'p384-sec1', 'a P-384 key in SEC 1'],
  ['p521', 'p521-pkcs8', 'a P-521 key in PKCS #8'],
  ['p521', 'p521-sec1', 'a P-521 key in SEC 1'],
  ['rsa-2048', 'rsa-2048-pkcs8', 'an RSA key in PKCS #8'],
  ['rsa-2048', 'rsa-2048-pkcs1', 'an RSA key in PKCS #1'],
  ['rsa-3072', 'rsa-3072-pkcs8', 'an RSA key of 3072 bits in PKCS #8'],
  ['rsa-3072', 'rsa-3072-pkcs1', 'an RSA key of 3072 bits in PKCS #1'],
] as const

const labelled = (name: string, label: string): string =>
  pem(name).replaceAll(/(?<=BEGIN|END)[A-Z ]*PRIVATE KEY/g, label)

const DRESSED_KEYS = [
  ['p256', pem('p256-pkcs8').replaceAll('\n', '\\n'), 'line breaks of its key as two characters'],
  ['p256', JSON.stringify({ key: pem('p256-sec1') }), 'a key in JSON'],
  ['p256', labelled('p256-pkcs8', ' EC PRIVATE KEY'), 'PKCS #8 under the label of SEC 1'],
  ['p256', labelled('p256-sec1', ' PRIVATE KEY'), 'SEC 1 under the label of PKCS #8'],
  ['rsa-2048', labelled('rsa-2048-pkcs8', ' RSA PRIVATE KEY'), 'PKCS #8 under the label of PKCS #1'],
  ['rsa-2048', labelled('rsa-2048-pkcs1', ' PRIVATE KEY'), 'PKCS #1 under the label of PKCS #8'],
] as const

const FROM_INTERMEDIATE = { issuer: 'CN=intermediate' }

const crlf = (text: string): string => text.replaceAll('\n', '\r\n')

/** With the leaf that is taken, PEM, and the one issuer that is sent, which is absent for a root. */
export const ACCEPTED: readonly (Case & { readonly leaf: string; readonly issuer?: string })[] = [
  ...[
    ...KEYS.map(([leaf, key, title]) => [leaf, pem(key), title] as const),
    ...ODD_KEYS,
    ...DRESSED_KEYS,
  ].map(([leaf, key, title]) => ({
    title,
    leaf: pem(leaf),
    ...FROM_INTERMEDIATE,
    certificate: bundle(leaf),
    key,
  })),
  ...ODD_CERTIFICATES.map(([leaf, title]) => ({
    title,
    leaf,
    certificate: leaf + ODD_ISSUER,
    key: pem('rsa-2048-pkcs8'),
  })),
  {
    title: 'CRLF in all files',
    leaf: pem('p256'),
    ...FROM_INTERMEDIATE,
    certificate: crlf(bundle('p256')),
    key: crlf(pem('p256-parameters')),
    chain: crlf(pem('root')),
  },
  {
    title: 'text around the blocks and a byte order mark before them',
    leaf: pem('rsa-2048'),
    ...FROM_INTERMEDIATE,
    certificate: `\ufeffsubject: x\n${pem('rsa-2048')}\nissuer\n${pem('intermediate')}end`,
    key: `\ufeffBag Attributes\n${pem('rsa-2048-pkcs1')}end`,
  },
  {
    title: 'its leaf after root and intermediate, and no end to the last line',
    leaf: pem('p384'),
    ...FROM_INTERMEDIATE,
    certificate: (pem('root') + pem('intermediate') + pem('p384')).trimEnd(),
    key: pem('p384-sec1').trimEnd(),
  },
  {
    title: 'another leaf before its own',
    leaf: pem('p256'),
    ...FROM_INTERMEDIATE,
    certificate: pem('p384') + bundle('p256'),
    key: pem('p256-pkcs8'),
  },
  {
    title: 'certificate and key in one file',
    leaf: pem('p256'),
    ...FROM_INTERMEDIATE,
    certificate: pem('p256-pkcs8') + bundle('p256'),
    key: pem('p256-pkcs8') + bundle('p256'),
  },
  {
    title: 'the intermediate and the root in the file of the chain',
    leaf: pem('p256'),
    ...FROM_INTERMEDIATE,
    certificate: pem('p256'),
    key: pem('p256-pkcs8'),
    chain: pem('root') + pem('intermediate'),
  },
  {
    title: 'an empty file of the chain',
    leaf: pem('p256'),
    ...FROM_INTERMEDIATE,
    certificate: bundle('p256'),
    key: pem('p256-pkcs8'),
    chain: '\n',
  },
  {
    title: 'an old key before its own',
    leaf: pem('p256'),
    ...FROM_INTERMEDIATE,
    certificate: bundle('p256'),
    key: pem('p384-sec1') + pem('rsa-2048-pkcs1') + pem('p256-parameters'),
  },
  {
    title: 'keys that cannot be used before and after its own',
    leaf: pem('p256'),
    ...FROM_INTERMEDIATE,
    certificate: bundle('p256'),
    key: pem('p256-encrypted') + pem('secp256k1-pkcs8') + pem('p256-pkcs8') + pem('rsa-pss-pkcs8'),
  },
  {
    title: 'a certificate and an old key before its own, in both files',
    leaf: pem('rsa-2048'),
    ...FROM_INTERMEDIATE,
    certificate: pem('p384-pkcs8') + bundle('rsa-2048') + pem('rsa-2048-pkcs8'),
    key: pem('p384-pkcs8') + bundle('rsa-2048') + pem('rsa-2048-pkcs8'),
  },
  {
    title: 'an issuer whose point is compressed',
    leaf: pem('p256'),
    ...FROM_INTERMEDIATE,
    certificate: pem('p256') + pem('intermediate-compressed'),
    key: pem('p256-pkcs8'),
  },
]

const P256 = { certificate: bundle('p256'), key: pem('p256-pkcs8') }

/** What is refused, with which code and sentence, and what the hint speaks of. */
export const REFUSED: readonly (Case & {
  readonly code?: 'CERTIFICATE_UNFIT'
  readonly sentence: RegExp
  readonly hint: RegExp
})[] = [
  {
    title: 'an encrypted key in PKCS #8',
    certificate: bundle('p256'),
    key: pem('p256-encrypted'),
    sentence: /^PRIVATE_KEY_FILE \S+tls\.key contains an encrypted private key/,
    hint: /without a password/,
  },
  {
    title: 'an encrypted key in PKCS #1',
    certificate: bundle('rsa-2048'),
    key: pem('rsa-2048-encrypted'),
    sentence: /contains an encrypted private key/,
    hint: /without a password/,
  },
  {
    title: 'an Ed25519 key',
    certificate: bundle('ed25519'),
    key: pem('ed25519-pkcs8'),
    code: 'CERTIFICATE_UNFIT',
    sentence: /key is of type Ed25519, and only RSA and EC keys/,
    hint: /privateKey\.algorithm/,
  },
  {
    title: 'an RSA key of 1024 bits',
    certificate: bundle('rsa-1024'),
    key: pem('rsa-1024-pkcs8'),
    code: 'CERTIFICATE_UNFIT',
    sentence: /RSA key has 1024 bits/,
    hint: /privateKey\.size/,
  },
  ...(['p256-explicit', 'p256-hybrid'] as const).map((name) => ({
    title: `the certificate ${name}`,
    certificate: bundle(name),
    key: pem(`${name}-sec1`),
    code: 'CERTIFICATE_UNFIT' as const,
    sentence: {
      'p256-explicit':
        /EC key is encoded with explicit curve parameters instead of a named curve, which RFC 5480 forbids$/,
      'p256-hybrid': /EC key is encoded with a point in hybrid form, which RFC 5480 forbids$/,
    }[name],
    hint: /issued for the same key.*-conv_form uncompressed/,
  })),
  {
    title: 'an EC key whose curve nobody names',
    ...P256,
    key: NAMELESS_CURVE,
    sentence: /^PRIVATE_KEY_FILE \S+ contains a private key on an EC curve that the file does not name$/,
    hint: /convert it to PKCS #8/,
  },
  {
    title: 'an RSA key marked for RSA-PSS alone',
    certificate: bundle('rsa-2048'),
    key: PSS_KEY,
    sentence: /contains a private key of type RSA-PSS, and only RSA and EC keys on P-256, P-384 or P-521/,
    hint: /privateKey\.algorithm/,
  },
  {
    title: 'a certificate marked for RSA-PSS alone',
    certificate: PSS_CERTIFICATE + ODD_ISSUER,
    key: pem('rsa-2048-pkcs8'),
    code: 'CERTIFICATE_UNFIT',
    sentence: /certificate's key is of type RSA-PSS, and only RSA and EC keys/,
    hint: /privateKey\.algorithm/,
  },
  {
    title: "an encrypted key after another's",
    ...P256,
    key: pem('p384-pkcs8') + pem('p256-encrypted'),
    sentence: /contains an encrypted private key/,
    hint: /without a password/,
  },
  {
    title: 'seventeen keys',
    ...P256,
    key: pem('p384-sec1').repeat(16) + P256.key,
    sentence: /^PRIVATE_KEY_FILE \S+ contains 17 private keys, and at most 16 are tried$/,
    hint: /only the certificate's own key/,
  },
  {
    title: 'a key in the form of OpenSSH',
    ...P256,
    key: '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n',
    sentence: /in the format OPENSSH PRIVATE KEY, which/,
    hint: /PKCS #8/,
  },
  {
    title: 'a key that is cut short',
    ...P256,
    key: P256.key.slice(0, 120),
    sentence: /damaged, truncated, or not an RSA key or an EC key on P-256, P-384 or P-521/,
    hint: /openssl pkey/,
  },
  {
    title: 'a key without its last line',
    ...P256,
    key: P256.key.replace(/-----END.*\n/, ''),
    sentence: /damaged, truncated, or not an RSA key or an EC key on P-256, P-384 or P-521/,
    hint: /openssl pkey/,
  },
  {
    title: 'a key with a damaged block',
    ...P256,
    key: P256.key.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA'),
    sentence: /damaged, truncated, or not an RSA key or an EC key on P-256, P-384 or P-521/,
    hint: /openssl pkey/,
  },
  {
    title: 'a key in DER',
    ...P256,
    key: der(P256.key),
    sentence: /^PRIVATE_KEY_FILE \S+ is binary, as DER/,
    hint: /tls\.key, or convert/,
  },
  {
    title: 'a certificate in DER',
    ...P256,
    certificate: der(pem('p256')),
    sentence: /^CERTIFICATE_FILE \S+ is binary, as DER/,
    hint: /tls\.crt, or convert/,
  },
  {
    title: 'certificate and key swapped',
    certificate: P256.key,
    key: P256.certificate,
    sentence: /^CERTIFICATE_FILE \S+ contains the private key and PRIVATE_KEY_FILE \S+ the certificate$/,
    hint: /swap the two settings/,
  },
  {
    title: 'the certificate in both files',
    certificate: P256.certificate,
    key: P256.certificate,
    sentence: /^PRIVATE_KEY_FILE \S+ contains a certificate but no private key$/,
    hint: /such as tls\.key; the two files may be swapped/,
  },
  {
    title: 'the key in both files',
    certificate: P256.key,
    key: P256.key,
    sentence: /^CERTIFICATE_FILE \S+ contains a private key but no certificate$/,
    hint: /such as tls\.crt; the two files may be swapped/,
  },
  {
    title: 'the key in the file of the chain',
    ...P256,
    chain: P256.key,
    sentence: /^CERTIFICATE_CHAIN_FILE \S+ contains a private key but no certificate$/,
    hint: /ca\.crt/,
  },
  {
    title: 'text without a PEM block in the file of the chain',
    ...P256,
    chain: '{}',
    sentence: /^CERTIFICATE_CHAIN_FILE \S+ contains no PEM certificate$/,
    hint: /ca\.crt/,
  },
  {
    title: 'text without a PEM block as the key',
    ...P256,
    key: 'key',
    sentence: /^PRIVATE_KEY_FILE \S+ contains no PEM private key$/,
    hint: /tls\.key/,
  },
  { title: 'an empty certificate', ...P256, certificate: '', sentence: /tls\.crt is empty$/, hint: /logs/ },
  { title: 'an empty key', ...P256, key: '\n', sentence: /tls\.key is empty$/, hint: /logs/ },
  {
    title: 'no file of the certificate',
    ...P256,
    certificate: null,
    sentence: /^CERTIFICATE_FILE \S+tls\.crt cannot be read \(ENOENT\)$/,
    hint: /mount the Secret/,
  },
  {
    title: 'no file of the key',
    ...P256,
    key: null,
    sentence: /^PRIVATE_KEY_FILE \S+tls\.key cannot be read \(ENOENT\)$/,
    hint: /kubectl describe certificate/,
  },
  {
    title: 'no file of the chain',
    ...P256,
    chain: null,
    sentence: /^CERTIFICATE_CHAIN_FILE \S+ca\.crt cannot be read \(ENOENT\)$/,
    hint: /mount/,
  },
  {
    title: 'a folder for the certificate',
    ...P256,
    certificate: { kind: 'folder' },
    sentence: /cannot be read \(not a file\)/,
    hint: /the file itself/,
  },
  {
    title: 'a pipe for the key',
    ...P256,
    key: { kind: 'pipe' },
    sentence: /cannot be read \(not a file\)/,
    hint: /the file itself/,
  },
  {
    title: 'a chain over 1 MiB',
    ...P256,
    chain: ' '.repeat(1024 * 1024 + 1),
    sentence: /cannot be read \(larger than 1 MiB\)/,
    hint: /the file itself/,
  },
  {
    title: 'a certificate that is cut short',
    ...P256,
    certificate: pem('p256').slice(0, 200),
    sentence: /^CERTIFICATE_FILE \S+ contains a certificate that cannot be read$/,
    hint: /openssl x509/,
  },
  {
    title: 'a chain with a damaged certificate',
    ...P256,
    chain: pem('root').replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA'),
    sentence: /^CERTIFICATE_CHAIN_FILE \S+ contains a certificate that cannot be read$/,
    hint: /openssl x509/,
  },
  {
    title: "another's key",
    ...P256,
    key: pem('p384-pkcs8'),
    code: 'CERTIFICATE_UNFIT',
    sentence:
      /^the key in PRIVATE_KEY_FILE \S+ and the certificate in CERTIFICATE_FILE \S+ \(CN=p256; CN=intermediate\) do not match$/,
    hint: /subPath/,
  },
  {
    title: 'a chain without the issuer',
    ...P256,
    certificate: pem('p256'),
    chain: pem('root'),
    code: 'CERTIFICATE_UNFIT',
    sentence:
      /names CN=intermediate as its issuer, and the one certificate that came with it does not have that name/,
    hint: /CERTIFICATE_CHAIN_FILE/,
  },
]

/** Kinds that one runtime knows and the other does not: refused by both, each as well as it can. */
export const ODD_KINDS: readonly Case[] = ['secp256k1', 'rsa-pss'].map((name) => ({
  title: name,
  certificate: bundle(name),
  key: pem(`${name}-pkcs8`),
}))
