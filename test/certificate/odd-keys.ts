/** Keys as sloppy writers leave them, made of those in ../keys: openssl reads each of them, and does not write it. */
import { sign } from 'node:crypto'
import { createAuthority, pemOf } from '../rig/emulators/authority.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'
import { pem } from '../keys/read.ts'
import { readDer, writeDer, type DerValue } from './der.ts'

const [INTEGER, BITS, OCTETS, NULL, OID, SEQUENCE, OPTION] = [2, 3, 4, 5, 6, 0x30, 0xa0]
const P256 = Buffer.from('2a8648ce3d030107', 'hex')
const RSA = Buffer.from('2a864886f70d010101', 'hex')
export const RSA_PSS = Buffer.from('2a864886f70d01010a', 'hex')

const zeros = (count: number): Uint8Array => new Uint8Array(count)
const version = (number: number): Uint8Array => writeDer(INTEGER, Uint8Array.of(number))
const text = (label: string, der: Uint8Array): string => `${pemOf(label, Buffer.from(der))}\n`

function inside(der: Uint8Array): DerValue[] {
  return readDer(readDer(der)[0]?.content ?? zeros(0))
}

function derOf(name: string): Uint8Array {
  return Buffer.from(pem(name).replace(/-----[^-]+-----|\s/g, ''), 'base64')
}

function at<T>(list: readonly T[], index: number): T {
  const one = list[index]
  if (one === undefined) throw new RangeError(`nothing at ${index}`)
  return one
}

const scalar = at(inside(derOf('p256-sec1')), 1).content

/** SEC 1 with the private number and what else is given. */
function ecKey(number: Uint8Array, ...more: readonly Uint8Array[]): string {
  return text('EC PRIVATE KEY', writeDer(SEQUENCE, version(1), writeDer(OCTETS, number), ...more))
}

const curve = writeDer(OID, P256)
const curveBlock = text('EC PARAMETERS', curve)

const numbers = inside(derOf('rsa-2048-pkcs1')).map(({ content }) => content)

/** PKCS #1 with each number as `write` has it. */
function rsaKey(write: (number: Uint8Array) => Uint8Array): string {
  return text(
    'RSA PRIVATE KEY',
    writeDer(
      SEQUENCE,
      ...numbers.map((number, index) => writeDer(INTEGER, index === 0 ? number : write(number))),
    ),
  )
}

const withoutSign = (number: Uint8Array): Uint8Array => (number[0] === 0 ? number.subarray(1) : number)
const padded = (number: Uint8Array): Uint8Array => Buffer.concat([zeros(3), number])

export function rsaPkcs8(...algorithm: readonly Uint8Array[]): string {
  const key = writeDer(OCTETS, derOf('rsa-2048-pkcs1'))
  return text('PRIVATE KEY', writeDer(SEQUENCE, version(0), writeDer(SEQUENCE, ...algorithm), key))
}

/** Name of the certificate, text of the key, what it is. */
export const ODD_KEYS: readonly (readonly [string, string, string])[] = [
  ['p256', curveBlock + ecKey(scalar), 'its curve in EC PARAMETERS and not in the key'],
  ['p256', ecKey(Buffer.concat([zeros(2), scalar]), writeDer(OPTION, curve)), 'zeros before its EC number'],
  ['p256', `${text('EC PARAMETERS', zeros(3))}${pem('p256-sec1')}`, 'unreadable EC PARAMETERS before it'],
  ['rsa-2048', rsaPkcs8(writeDer(OID, RSA)), 'RSA without NULL'],
  ['rsa-2048', rsaKey(withoutSign), 'RSA numbers that are negative without the zero before them'],
  ['rsa-2048', rsaKey(padded), 'zeros before its RSA numbers'],
]

export const NAMELESS_CURVE = ecKey(scalar)

const authority = createAuthority({ commonName: 'Odd', nowMs: FAKE_NOW_MS })

/** The certificate `name` with its key written otherwise, from an authority of its own. */
function reissued(name: string, publicKeyInfo: (info: readonly DerValue[]) => Uint8Array): string {
  const [tbs] = inside(derOf(name))
  const parts = readDer(tbs?.content ?? zeros(0))
  const issuer = at(readDer(at(inside(authority.der), 0).content), 5)
  const fields = parts.map(({ whole }, index) =>
    index === 3 ? issuer.whole : index === 6 ? publicKeyInfo(readDer(at(parts, 6).content)) : whole,
  )
  const signed = writeDer(SEQUENCE, ...fields)
  const signature = sign('sha256', signed, authority.privateKey)
  const bits = writeDer(BITS, zeros(1), signature)
  return text('CERTIFICATE', writeDer(SEQUENCE, signed, at(inside(derOf(name)), 1).whole, bits))
}

function rsaInfo(algorithm: readonly Uint8Array[], write: (number: Uint8Array) => Uint8Array): string {
  return reissued('rsa-2048', (info) => {
    const key = inside(at(info, 1).content.subarray(1))
    const rewritten = key.map(({ content }) => writeDer(INTEGER, write(content)))
    const bits = writeDer(BITS, zeros(1), writeDer(SEQUENCE, ...rewritten))
    return writeDer(SEQUENCE, writeDer(SEQUENCE, ...algorithm), bits)
  })
}

const same = (number: Uint8Array): Uint8Array => number
const [rsa, nothing] = [writeDer(OID, RSA), writeDer(NULL)]

/** Certificates of the key `rsa-2048`, each with what it is. */
export const ODD_CERTIFICATES: readonly (readonly [string, string])[] = [
  [rsaInfo([rsa], same), 'an RSA key without NULL in its certificate'],
  [rsaInfo([rsa, nothing], withoutSign), 'an RSA number that is negative in its certificate'],
  [rsaInfo([rsa, nothing], padded), 'zeros before the RSA numbers in its certificate'],
]

/** The same key as one for RSA-PSS alone. */
export const PSS_CERTIFICATE = rsaInfo([writeDer(OID, RSA_PSS)], same)
export const PSS_KEY = rsaPkcs8(writeDer(OID, RSA_PSS))
export const ODD_ISSUER = `${authority.pem}\n`
