/**
 * What the runtime's own reader and the X.509 library make of the same certificates, in a process of its own, on Node or on
 * Bun: run as a program it takes DER in base64 as JSON and prints how the readers compare; `compareOn` is the other end.
 */
import { text } from 'node:stream/consumers'
import type { Certificate } from '../../src/certificate/certificate.ts'
import { readWithLibrary } from '../../src/certificate/library-certificate.ts'
import { readPlainCertificate } from '../../src/certificate/plain-certificate.ts'
import type { RuntimeName } from '../support/http-client.ts'
import { runOn } from './on-runtime.ts'

export interface Comparison {
  /** Whether each was plain. */
  readonly plain: readonly boolean[]
  /** Pairs of a plain certificate and an issuer whose key made its signature, and whose key did not. */
  readonly signed: number
  readonly unsigned: number
  /** One line for each difference, with the certificate. */
  readonly differences: readonly string[]
}

interface Input {
  readonly certificates: readonly string[]
  readonly issuers: readonly string[]
}

/** @param issuers whose signatures are looked for */
export async function compareOn(
  runtime: RuntimeName,
  certificates: readonly Uint8Array[],
  issuers: readonly Uint8Array[],
): Promise<Comparison> {
  const base64 = (ders: readonly Uint8Array[]): string[] =>
    ders.map((der) => Buffer.from(der).toString('base64'))
  const input: Input = { certificates: base64(certificates), issuers: base64(issuers) }
  return (await runOn(runtime, import.meta.filename, input)) as Comparison
}

async function compare({ certificates, issuers }: Input): Promise<Comparison> {
  const by = issuers.flatMap((base64) => readByLibrary(base64) ?? [])
  const differences: string[] = []
  const found = { plain: [] as boolean[], signed: 0, unsigned: 0 }
  for (const [at, base64] of certificates.entries()) {
    const plain = readPlainCertificate(bytesOf(base64))
    found.plain.push(plain !== undefined)
    if (plain === undefined) continue
    const whole = readByLibrary(base64)
    if (whole === undefined) {
      differences.push(`plain, and the library refuses it: ${base64}`)
      continue
    }
    const [one, other] = [fieldsOf(plain), fieldsOf(whole)]
    if (one !== other) differences.push(`${one} is by the library ${other}: ${base64}`)
    // Of the issuers with another name a few are enough, since only the key is looked at.
    const tried = by.filter(({ subject }, index) => subject === plain.issuer || (index + at) % by.length < 5)
    for (const issuer of tried) {
      const [verdict, library] = [await plain.isSignedBy(issuer), await whole.isSignedBy(issuer)]
      found[library ? 'signed' : 'unsigned'] += 1
      if (verdict !== library)
        differences.push(`${verdict}, by the library ${library}: ${base64} by ${issuer.subject}`)
    }
  }
  return { ...found, differences }
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64, 'base64'))
}

function readByLibrary(base64: string): Certificate | undefined {
  try {
    return readWithLibrary(bytesOf(base64))
  } catch {
    return undefined
  }
}

/** Every field, one that is new too. */
function fieldsOf(certificate: Certificate): string {
  return JSON.stringify({ ...certificate, alternativeNames: namesOf(certificate) }, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  )
}

function namesOf(certificate: Certificate): unknown {
  try {
    return certificate.alternativeNames()
  } catch {
    return 'unreadable'
  }
}

if (import.meta.main) {
  process.stdout.write(JSON.stringify(await compare(JSON.parse(await text(process.stdin)) as Input)))
}
