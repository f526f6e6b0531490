/**
 * Rewrites private keys into the one form of each type that both Node (OpenSSL) and the executable (BoringSSL) read: the
 * latter requires a SEC 1 key with its public half, RSA numbers in their shortest form, and NULL after the RSA OID.
 */
import type { Element } from '../x509/der.ts'
import { hexOf, magnitude, readDer, readSequence, TAG, writeDer, writeUnsigned } from './der.ts'
import { curveOf, dotted, ecAlgorithm, OID } from './key-algorithms.ts'

export type KeyForm = 'pkcs8' | 'pkcs1' | 'sec1'

export interface RewrittenKey {
  readonly der: Uint8Array
  readonly form: KeyForm
}

/** A key that can be read but not used: its message follows “contains a private key”. */
export class UnusableKey extends Error {
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

/**
 * @param parameters of the curve, DER, from their own block; may be empty
 * @returns the same key; types other than RSA and EC are returned as is
 * @throws UnusableKey; RangeError if the DER cannot be read
 */
export function rewriteKey(der: Uint8Array, parameters: Uint8Array): RewrittenKey {
  // RFC 5958 section 2: version, algorithm, key. In the other two formats a number or the key comes second.
  const [, algorithm, key] = readSequence(der)
  if (algorithm?.tag === TAG.integer) return rsaKey(der)
  if (algorithm?.tag === TAG.octets) return ecKey(der, undefined, parameters)
  const [oid, named] = readDer(algorithm?.content ?? new Uint8Array())
  const inner = key?.content ?? new Uint8Array()
  switch (hexOf(oid?.content ?? new Uint8Array())) {
    case OID.rsa:
      return rsaKey(inner)
    case OID.ec:
      return ecKey(inner, named, parameters)
    case OID.rsaPss:
      throw ofKind('RSA-PSS')
    default:
      return { der, form: 'pkcs8' }
  }
}

/** RFC 8017 appendix A.1.2: the version, then eight numbers. */
function rsaKey(der: Uint8Array): RewrittenKey {
  const [version, ...numbers] = readSequence(der)
  if (version === undefined || numbers.length < 8) throw new RangeError('numbers are missing')
  if (numbers.length > 8) throw ofKind('RSA with more than two primes')
  const parts = [version, ...numbers].map(({ content }) => writeUnsigned(content))
  return { der: writeDer(TAG.sequence, ...parts), form: 'pkcs1' }
}

/** RFC 5915: version, key, [0] the curve, [1] the public half, which follows from the key. */
function ecKey(der: Uint8Array, named: Element | undefined, block: Uint8Array): RewrittenKey {
  const [version, key, ...optional] = readSequence(der)
  const own = optional.find(({ tag }) => tag === TAG.context0)
  const [parameters] = named === undefined ? readDer(own?.content ?? block) : [named]
  if (parameters === undefined) {
    throw new UnusableKey(
      'on an EC curve that the file does not name',
      'convert it to PKCS #8 (BEGIN PRIVATE KEY) on a machine that knows its curve',
    )
  }
  const curve = curveOf(parameters)
  if (curve === undefined) {
    throw ofKind(
      parameters.tag === TAG.oid
        ? `EC on the curve ${dotted(parameters.content)}`
        : 'EC with parameters of a custom curve',
    )
  }
  const number = magnitude(key?.content ?? new Uint8Array())
  if (version === undefined || number.length > curve.size) throw new RangeError('the key is too long')
  const padded = Buffer.concat([Buffer.alloc(curve.size - number.length), number])
  const inner = writeDer(TAG.sequence, writeUnsigned(Uint8Array.of(1)), writeDer(TAG.octets, padded))
  return {
    der: writeDer(
      TAG.sequence,
      writeUnsigned(Uint8Array.of(0)),
      ecAlgorithm(curve),
      writeDer(TAG.octets, inner),
    ),
    form: 'pkcs8',
  }
}

function ofKind(kind: string): UnusableKey {
  return new UnusableKey(`of type ${kind}, and only RSA and EC keys on P-256, P-384 or P-521 can be used`)
}
