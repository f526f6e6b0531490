/** A PKCS #10 request (RFC 2986) with one common name, its DER (X.690) written by hand. */
import { sign, type KeyObject } from 'node:crypto'

const SEQUENCE = 0x30
const SET = 0x31
const VERSION_0 = Buffer.of(0x02, 0x01, 0x00)
/** OIDs 2.5.4.3, 1.2.840.10045.4.3.2 and 1.2.840.113549.1.1.11. */
const COMMON_NAME = Buffer.from('0603550403', 'hex')
const ECDSA_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex')
const RSA_SHA256 = Buffer.from('06092a864886f70d01010b0500', 'hex')
const NO_ATTRIBUTES = Buffer.of(0xa0, 0x00)

export function certificateRequest(commonName: string, publicKey: KeyObject, privateKey: KeyObject): string {
  const name = sequence(der(SET, sequence(COMMON_NAME, der(0x0c, Buffer.from(commonName)))))
  const keyInfo = publicKey.export({ type: 'spki', format: 'der' })
  const info = sequence(VERSION_0, name, keyInfo, NO_ATTRIBUTES)
  const algorithm = sequence(privateKey.asymmetricKeyType === 'ec' ? ECDSA_SHA256 : RSA_SHA256)
  const signature = der(0x03, Buffer.of(0), sign('sha256', info, privateKey))
  const text = sequence(info, algorithm, signature).toString('base64')
  const lines = text.match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE REQUEST-----', ...lines, '-----END CERTIFICATE REQUEST-----', ''].join('\n')
}

/** The serial number of a certificate in decimal: the first INTEGER of its body, after the version. */
export function serialNumber(certificate: Buffer): string {
  const body = contentAt(contentAt(certificate, 0).content, 0).content
  const version = contentAt(body, 0)
  return BigInt(`0x${contentAt(body, version.end).content.toString('hex')}`).toString()
}

function contentAt(bytes: Buffer, start: number): { readonly content: Buffer; readonly end: number } {
  const first = bytes[start + 1] ?? 0
  const longer = first < 0x80 ? 0 : first & 0x7f
  const from = start + 2 + longer
  const end = from + (longer === 0 ? first : bytes.readUIntBE(start + 2, longer))
  return { content: bytes.subarray(from, end), end }
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(SEQUENCE, ...parts)
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}
