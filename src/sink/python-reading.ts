/**
 * Finds lines that the AWS CLI and boto3 cannot read: botocore gives the file to Python's configparser, in strict mode,
 * and rejects the whole file with all its profiles because of one line that configparser refuses
 * (botocore/configloader.py, raw_config_parse).
 */
import { isUtf8 } from 'node:buffer'
import { linesOf } from './ini-text.ts'

/** The characters that Python's `str.strip` removes; unlike `trim` it knows U+001C to 1F and U+0085, and not U+FEFF. */
const BLANK = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/
/** Line breaks of `str.splitlines` besides line feed and carriage return. */
const FURTHER_ENDS = /[\v\f\x1c-\x1e\x85\u2028\u2029]/
/** Up to the line's last bracket, whatever follows it. */
const HEADER = /^\[([^]+)\]/

/**
 * The first line that they refuse, as `line 3 repeats a setting of its section`, without its content; undefined if they
 * can read the file.
 * @param text a byte string, as in ini-text.ts
 */
export function pythonObstacle(text: string): string | undefined {
  // No line contains a line feed, so no section can look like one with a key in it.
  const seen = new Set<string>()
  let section: string | undefined
  let key = ''
  let opensGroup = false
  let indent = 0
  let at = 0
  for (const { text: bytes } of linesOf(text)) {
    at++
    const number = `line ${at}`
    const line = decoded(bytes)
    if (line === undefined) return `${number} has bytes that are not UTF-8`
    if (at === 1 && line.startsWith('\ufeff')) return `${number} begins with a byte order mark`
    const stripped = strip(line)
    if (stripped === '' || /^[#;]/.test(stripped)) continue
    const depth = blanksOf(line)
    if (key !== '' && depth > indent) {
      if (
        opensGroup &&
        stripped.split(FURTHER_ENDS).some((part) => strip(part) !== '' && !part.includes('='))
      )
        return `${number} is not a sub-setting: it has no equals sign`
      continue
    }
    indent = depth
    const header = HEADER.exec(stripped)?.[1]
    if (header !== undefined) {
      // Every [DEFAULT] adds to the previous ones; any other section may appear only once.
      if (header !== 'DEFAULT' && seen.has(`[${header}]`))
        return `${number} opens a section that already appeared above`
      seen.add(`[${header}]`)
      section = header
      key = ''
      continue
    }
    if (section === undefined) return `${number} comes before the first section`
    const [, name = '', value] = /^([^=:]*)[=:]([^]*)$/.exec(stripped) ?? []
    if (value === undefined) return `${number} is neither a section nor a setting`
    key = strip(name).toLowerCase()
    if (key === '') return `${number} is a setting without a name`
    if (seen.has(`${section}\n${key}`)) return `${number} repeats a setting of its section`
    seen.add(`${section}\n${key}`)
    opensGroup = strip(value) === ''
  }
  return undefined
}

function decoded(line: string): string | undefined {
  if (!/[\x80-\xff]/.test(line)) return line
  const bytes = Buffer.from(line, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

function blanksOf(line: string): number {
  let length = 0
  while (length < line.length && BLANK.test(line.charAt(length))) length++
  return length
}

function strip(line: string): string {
  let end = line.length
  while (end > 0 && BLANK.test(line.charAt(end - 1))) end--
  return line.slice(Math.min(blanksOf(line), end), end)
}
