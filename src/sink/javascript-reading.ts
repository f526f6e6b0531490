/**
 * How the AWS SDK for JavaScript reads a profile: @smithy/core, shared-ini-file-loader/parseIni.ts. It trims all
 * Unicode blanks, and recognizes a header only if nothing but a comment follows the bracket; so lines that belong to
 * another profile for every other reader may belong to ours here.
 */

/** The first of our keys for which it would find another value; undefined too if it does not find the profile at all. */
export function misreadKey(
  text: string,
  section: string,
  values: Readonly<Record<string, string>>,
): string | undefined {
  const read = new Map<string, string>()
  let inside = false
  let group = ''
  for (const [line = ''] of Buffer.from(text, 'latin1')
    .toString('utf8')
    .matchAll(/[^\n]*/g)) {
    const trimmed = (line.split(/(?:^|\s)[;#]/)[0] ?? '').trim()
    if (trimmed.startsWith('[') && trimmed.endsWith(']')) {
      inside = Buffer.from(trimmed.slice(1, -1)).toString('latin1') === section
      group = ''
      continue
    }
    const at = trimmed.indexOf('=')
    if (!inside || at <= 0) continue
    const key = trimmed.slice(0, at).trim()
    const value = trimmed.slice(at + 1).trim()
    if (value === '') {
      group = key
      continue
    }
    if (line.trimStart() === line) group = ''
    if (group === '') read.set(key, value)
  }
  if (read.size === 0) return undefined
  return Object.keys(values).find((key) => read.get(key) !== values[key])
}
