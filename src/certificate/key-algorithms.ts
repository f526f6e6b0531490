/** The key types that CreateSession accepts, as AlgorithmIdentifiers: RFC 3279 section 2.3, RFC 5480. */
import type { Element } from '../x509/der.ts'
import { hexOf, magnitude, readDer, TAG, writeDer } from './der.ts'

export const OID = {
  rsa: '2a864886f70d010101',
  rsaPss: '2a864886f70d01010a',
  ec: '2a8648ce3d0201',
} as const

export interface Curve {
  /** The name in node:crypto. */
  readonly name: string
  readonly oid: string
  /** Length of a coordinate and of a private key, in bytes. */
  readonly size: number
  readonly prime: string
}

const CURVES: readonly Curve[] = [
  {
    name: 'prime256v1',
    oid: '2a8648ce3d030107',
    size: 32,
    prime: `ffffffff00000001${'0'.repeat(24)}${'f'.repeat(24)}`,
  },
  {
    name: 'secp384r1',
    oid: '2b81040022',
    size: 48,
    prime: `${'f'.repeat(63)}e${'f'.repeat(8)}${'0'.repeat(16)}${'f'.repeat(8)}`,
  },
  { name: 'secp521r1', oid: '2b81040023', size: 66, prime: `1${'f'.repeat(130)}` },
]

/** A curve that CreateSession may accept, by name or by explicit parameters; undefined for any other. */
export function curveOf(
  parameters: Element | undefined,
): (Curve & { readonly isExplicit: boolean }) | undefined {
  const isExplicit = parameters?.tag === TAG.sequence
  const curve = CURVES.find(({ oid, prime }) =>
    isExplicit
      ? prime === primeOf(parameters.content)
      : parameters?.tag === TAG.oid && oid === hexOf(parameters.content),
  )
  return curve === undefined ? undefined : { ...curve, isExplicit }
}

/**
 * The prime alone identifies the curve. Nothing is computed with the other parameters, so a wrong one yields a different
 * key, not a false match.
 */
function primeOf(explicit: Uint8Array): string {
  const [, field] = readDer(explicit)
  const [, prime] = readDer(field?.content ?? new Uint8Array())
  return hexOf(magnitude(prime?.content ?? new Uint8Array())).replace(/^0/, '')
}

/** AlgorithmIdentifier of RSA, DER. */
export const RSA_ALGORITHM = writeDer(
  TAG.sequence,
  writeDer(TAG.oid, Buffer.from(OID.rsa, 'hex')),
  Uint8Array.of(5, 0),
)

/** AlgorithmIdentifier of EC on a named curve, DER. */
export function ecAlgorithm({ oid }: Curve): Uint8Array {
  return writeDer(
    TAG.sequence,
    writeDer(TAG.oid, Buffer.from(OID.ec, 'hex')),
    writeDer(TAG.oid, Buffer.from(oid, 'hex')),
  )
}

/** For example `1.3.132.0.10`, for a type that has no name here. */
export function dotted(oid: Uint8Array): string {
  const numbers: number[] = []
  let number = 0
  for (const byte of oid) {
    number = number * 128 + (byte & 0x7f)
    if (byte >= 0x80) continue
    if (numbers.length === 0) {
      const first = Math.min(2, Math.floor(number / 40))
      numbers.push(first, number - first * 40)
    } else numbers.push(number)
    number = 0
  }
  return numbers.join('.')
}
