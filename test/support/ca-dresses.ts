/** A file of CA certificates as people and tools hand it on, and files that hold something else. */
import { X509Certificate } from 'node:crypto'
import { pem as keyFile } from '../keys/read.ts'

type Bytes = Uint8Array | string

function derOf(pem: string): Buffer {
  return new X509Certificate(pem).raw
}

function tlv(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

/** RFC 5652, section 5.1, as `openssl crl2pkcs7 -nocrl` writes it. */
export function pkcs7(...pems: readonly string[]): Buffer {
  const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, 'hex'))
  const data = tlv(0x30, oid('2a864886f70d010701'))
  const certificates = tlv(0xa0, ...pems.map(derOf))
  const signed = tlv(0x30, tlv(0x02, Buffer.of(1)), tlv(0x31), data, certificates, tlv(0xa1), tlv(0x31))
  return tlv(0x30, oid('2a864886f70d010702'), tlv(0xa0, signed))
}

/** What `openssl x509 -trustout -addtrust serverAuth` writes: the certificate, and what it is trusted for behind it. */
function trusted(pem: string): Buffer {
  return Buffer.concat([derOf(pem), tlv(0x30, tlv(0x30, tlv(0x06, Buffer.from('2b06010505070301', 'hex'))))])
}

export function block(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

function withoutKeys(pem: string): string {
  return block('CERTIFICATE', derOf(pem))
}

const LABEL = /(?<=BEGIN |END )CERTIFICATE/g

/** Of two PEM certificates, both of which are to be read. */
export const DRESSES: readonly (readonly [title: string, dress: (one: string, two: string) => Bytes])[] = [
  ['PEM', (one, two) => `${one}\n${two}\n`],
  ['without a line break at its end', (one, two) => `${one}\n${two}`.trimEnd()],
  ['a byte order mark', (one, two) => `\ufeff${one}\n${two}`],
  ['UTF-16, as PowerShell writes it', (one, two) => Buffer.from(`\ufeff${one}\n${two}`, 'utf16le')],
  ['UTF-16 of the other order', (one, two) => Buffer.from(`\ufeff${one}\n${two}`, 'utf16le').swap16()],
  ['CRLF', (one, two) => `${one}\n${two}`.replaceAll('\n', '\r\n')],
  ['CR', (one, two) => `${one}\n${two}`.replaceAll('\n', '\r')],
  ['CR CR LF', (one, two) => `${one}\n${two}`.replaceAll('\n', '\r\r\n')],
  ['indented', (one, two) => `${one}\n${two}`.replaceAll(/^/gm, '    ')],
  ['indented by tabs', (one, two) => `${one}\n${two}`.replaceAll(/^/gm, '\t')],
  ['blanks at the ends of lines', (one, two) => `${one}\n${two}`.replaceAll('\n', '  \n')],
  ['empty lines between all others', (one, two) => `${one}\n${two}`.replaceAll('\n', '\n\n')],
  ['a literal \\n for each line break', (one, two) => `${one}\n${two}\n`.replaceAll('\n', '\\n')],
  ['a literal \\r\\n', (one, two) => `${one}\n${two}\n`.replaceAll('\n', '\\r\\n')],
  ['a literal \\\\n, escaped twice', (one, two) => `${one}\n${two}`.replaceAll('\n', '\\\\n')],
  ['both kinds of line break', (one, two) => `${one.replaceAll('\n', '\\n')}\n${two}`],
  ['a JSON text', (one, two) => JSON.stringify({ ca: `${one}\n${two}\n` })],
  [
    'a ConfigMap as YAML',
    (one, two) => `data:\n  ca.crt: |\n${`${one}\n${two}`.replaceAll(/^/gm, '    ')}\n`,
  ],
  ['line breaks lost', (one, two) => `${one}\n${two}`.replaceAll('\n', '')],
  ['line breaks turned into blanks', (one, two) => `${one}\n${two}`.replaceAll('\n', ' ')],
  ['base64 in one line', (one, two) => `${one}${two}`.replaceAll(/(?<=[\w+/=])\n(?=[\w+/=])/g, '')],
  ['glued together', (one, two) => `${one.trim()}${two.trim()}`],
  [
    'glued together by shared dashes',
    (one, two) => `${one.trim()}${two.trim()}`.replace('-'.repeat(10), '-'.repeat(5)),
  ],
  [
    'text around blocks',
    (one, two) => `Bag Attributes\n  friendlyName: one\nsubject=CN = one\n${one}\n# two\n${two}\nend`,
  ],
  [
    'TRUSTED CERTIFICATE',
    (one, two) => block('TRUSTED CERTIFICATE', trusted(one)) + block('TRUSTED CERTIFICATE', trusted(two)),
  ],
  ['X509 CERTIFICATE', (one, two) => `${one}\n${two}`.replaceAll(LABEL, 'X509 CERTIFICATE')],
  ['PKCS #7, binary', pkcs7],
  ['PKCS #7 as PEM', (one, two) => block('PKCS7', pkcs7(one, two))],
  ['CMS as PEM, indented', (one, two) => block('CMS', pkcs7(one, two)).replaceAll(/^/gm, '  ')],
  ['one in PKCS #7 and one beside it', (one, two) => block('PKCS7', pkcs7(one)) + two],
  [
    'a certificate that is commented out besides',
    (one, two) => `${one}\n${two}\n${keyFile('root').replaceAll(/^/gm, '# ')}`,
  ],
  [
    'other blocks between',
    (one, two) =>
      `${one}\n${block('X509 CRL', Buffer.of(0x30, 0))}${block('EC PARAMETERS', Buffer.of(5, 0))}${two}`,
  ],
]

/** Of one PEM certificate: what is refused, in words that follow the file's name. */
export const REFUSED: readonly (readonly [title: string, dress: (one: string) => Bytes, fault: RegExp])[] = [
  ['nothing', () => '', /^is empty$/],
  ['a line break', () => ' \n', /^is empty$/],
  ['a byte order mark alone', () => '\ufeff', /^is empty$/],
  ['a private key', () => keyFile('p256-pkcs8'), /^contains a private key but no certificate$/],
  ['a private key of OpenSSL', () => keyFile('p256-sec1'), /^contains a private key but no certificate$/],
  [
    'a revocation list',
    () => block('X509 CRL', Buffer.of(0x30, 0)),
    /^contains a revocation list \(CRL\) but no certificate$/,
  ],
  [
    'a certificate request',
    () => block('CERTIFICATE REQUEST', Buffer.of(0x30, 0)),
    /^contains a certificate request but/,
  ],
  [
    'a request as Windows names it',
    () => block('NEW CERTIFICATE REQUEST', Buffer.of(0x30, 0)),
    /^contains a certificate request but/,
  ],
  [
    'a public key',
    () => block('PUBLIC KEY', Buffer.of(0x30, 0)),
    /^contains a public key but no certificate$/,
  ],
  [
    'another block',
    () => block('PGP MESSAGE', Buffer.of(0x30, 0)),
    /^contains a PEM block "PGP MESSAGE" but no certificate$/,
  ],
  ['a text', () => 'hello\n', /^contains no PEM certificate$/],
  [
    'a certificate that is commented out',
    (one) => one.replaceAll(/^/gm, '# '),
    /^contains no PEM certificate$/,
  ],
  [
    'base64 of PEM, encoded twice',
    (one) => Buffer.from(one).toString('base64'),
    /^contains base64 but no PEM certificate$/,
  ],
  ['base64 of DER', (one) => derOf(one).toString('base64'), /^contains base64 but no PEM certificate$/],
  ['PEM that was cut short', (one) => one.slice(0, one.length / 2), /^contains a truncated certificate$/],
  [
    'a second one that was cut short',
    (one) => `${one}\n${one.slice(0, 200)}`,
    /^contains a truncated certificate \(number 2 of 2\)$/,
  ],
  [
    'one without its end before another',
    (one) => `${one.slice(0, 200)}\n${one}`,
    /^contains a truncated certificate \(number 1 of 2\)$/,
  ],
  [
    'a line that is missing',
    (one) => withoutKeys(one).split('\n').toSpliced(3, 1).join('\n'),
    /^contains a certificate that cannot be read$/,
  ],
  [
    'a block of nonsense',
    (one) => `${one}\n${block('CERTIFICATE', Buffer.from('nonsense'))}`,
    /^contains a certificate that cannot be read \(number 2 of 2\)$/,
  ],
  ['an empty block', () => block('CERTIFICATE', Buffer.of()), /^contains a certificate that cannot be read$/],
  [
    'PKCS #7 that is damaged',
    () => block('PKCS7', Buffer.from('nonsense')),
    /^contains a certificate that cannot be read$/,
  ],
  ['PKCS #7 with no certificate', () => pkcs7(), /^is a PKCS #7 bundle without certificates/],
  ['DER that was cut short', (one) => derOf(one).subarray(0, 200), /^is binary and not a certificate$/],
  ['PKCS #12', () => tlv(0x30, tlv(0x02, Buffer.of(3)), tlv(0x30)), /^is a PKCS #12 store$/],
  ['a Java key store', () => Buffer.from('feedfeed00000002', 'hex'), /^is a Java key store$/],
  ['zeros', () => Buffer.alloc(100), /^is binary and not a certificate$/],
  [
    'whose first line was lost in copying',
    (one) => `${one.slice(one.indexOf('\n') + 1)}\n${one}\n`,
    /contains a truncated certificate \(number 1 of 2\)/,
  ],
  [
    'with one DER certificate behind another',
    (one) => Buffer.concat([derFile(one), derFile(one)]),
    /contains several DER certificates in a row/,
  ],
]

/** One certificate alone, which is a form that holds no second one. */
export function derFile(pem: string): Uint8Array {
  return derOf(pem)
}
