/**
 * What the runtime's own reader and the X.509 library make of the same certificates, in a process of its own, on Node or on
 * Bun: run as a program it takes DER in base64 as JSON and prints how the readers compare; `compareOn` is the other end.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import type { Certificate } from '../../src/certificate/certificate.ts'
import { readWithLibrary } from '../../src/certificate/library-certificate.ts'
import { readPlainCertificate } from '../../src/certificate/plain-certificate.ts'

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
  runtime: 'node' | 'bun',
  certificates: readonly Uint8Array[],
  issuers: readonly Uint8Array[],
): Promise<Comparison> {
  const base64 = (ders: readonly Uint8Array[]): string[] =>
    ders.map((der) => Buffer.from(der).toString('base64'))
  const input: Input = { certificates: base64(certificates), issuers: base64(issuers) }
  const program = join(import.meta.dirname, '../../node_modules/.bin', runtime)
  const child = spawn(program, [import.meta.filename], {
    env: cleanEnv({}),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  child.stdin.end(JSON.stringify(input))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = (await closed) as [number | null]
  if (code !== 0) throw new Error(`the readers on ${runtime} ended with ${code ?? 'a signal'}: ${stderr}`)
  return JSON.parse(stdout) as Comparison
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
