/**
 * The constants that asn1-rsa serialises anew in each process that loads it, written out as bytes at build time. They are of
 * RSA-PSS and OAEP, which a run has nothing to do with, and take a millisecond of it.
 */
import * as asn1Rsa from '@peculiar/asn1-rsa'

const NAMES = ['mgf1SHA1', 'pSpecifiedEmpty', 'RSASSA_PSS', 'RSAES_OAEP'] as const

const CONSTANT =
  /^(export const (\w+) = new AlgorithmIdentifier\(\{\n {4}algorithm: [\w.]+,\n {4}parameters: )AsnConvert\.serialize\(.*\)(,\n\}\);)$/gm

export interface Folding {
  /** One module of the package, with the bytes in place of what makes them. */
  fold(module: string): string
  /** @throws Error where modules were folded and one of the constants was not among them: the package has changed */
  finish(): void
}

export function folding(): Folding {
  const missing = new Set<string>(NAMES)
  let begun = false
  return {
    fold(module) {
      begun = true
      return module.replace(CONSTANT, (whole, before: string, name: string, after: string) => {
        const bytes = NAMES.find((one) => one === name && missing.delete(one))
        if (bytes === undefined) return whole
        return `${before}Uint8Array.of(${new Uint8Array(parametersOf(bytes)).join(', ')}).buffer${after}`
      })
    },
    finish() {
      if (begun && missing.size > 0)
        throw new Error(`asn1-rsa has changed, and is not what the build knows: ${[...missing].join(', ')}`)
    },
  }
}

function parametersOf(name: (typeof NAMES)[number]): ArrayBuffer {
  const { parameters } = asn1Rsa[name]
  if (!parameters) throw new Error(`asn1-rsa has changed: ${name} is without parameters`)
  return parameters
}
