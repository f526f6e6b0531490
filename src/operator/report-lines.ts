/** Lines that several commands print on stdout. */
import type { Finding } from '../onboarding/aws/findings.ts'

/** Names and their values, in two columns. */
export function facts(pairs: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
}

export function problemLines(findings: readonly (Finding & { readonly what: string })[]): string[] {
  if (findings.length === 0) return []
  return ['', ...findings.flatMap(({ what, wrong, hint }) => [`${what} ${wrong}`, `  hint: ${hint}`])]
}
