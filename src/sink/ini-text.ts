/**
 * The lines, sections and settings of an AWS configuration file, without changing a byte of it. Text is a "byte string"
 * here: one character per byte (latin1), so that no encoding, valid or not, is lost.
 *
 * Readers differ, so this takes the widest view: botocore reads with Python's configparser (CR ends a line, deeper
 * indentation continues a value, `:` is a separator too, keys in any case), the JavaScript SDK knows indented headers
 * and settings, and sub-settings only below a key without a value.
 */
import { omitUndefined } from '../text/omit-undefined.ts'

export interface Line {
  readonly text: string
  /** `\n`, `\r\n`, `\r`, or empty at the end of the file. */
  readonly end: string
}

export interface Section {
  /** Absent for the text before the first header, and between the wanted sections. */
  readonly header?: Line
  /** Between the brackets, trimmed; absent if readers disagree on it, as for `[a]b]`. */
  readonly name?: string
  readonly body: readonly Line[]
}

/** A setting with its continuation lines, or one line without a setting (blank or comment). */
export interface Entry {
  readonly line: Line
  /** In lower case; absent for a line without a setting. */
  readonly key?: string
  /** True for a key without a value, which may have sub-settings below it. */
  readonly opensGroup: boolean
  readonly continuation: readonly Line[]
}

const HEADER = /^[ \t\v\f]*\[([^\]]*)\](.*)$/
/** After the bracket: nothing or a comment, or at least nothing that closes another bracket. */
const HEADER_REST = /^(?:[ \t\v\f]*[#;]|[^\]]*$)/

/** Only ASCII blanks: the byte A0 is a part of characters such as à, which `trim` would tear apart. */
export function trimBlanks(text: string): string {
  let end = text.length
  while (end > 0 && isBlankAt(text, end - 1)) end--
  return text.slice(Math.min(indentation(text).length, end), end)
}

export function indentation(text: string): string {
  let length = 0
  while (length < text.length && isBlankAt(text, length)) length++
  return text.slice(0, length)
}

function isBlankAt(text: string, index: number): boolean {
  return ' \t\v\f'.includes(text.charAt(index))
}

export function isComment(text: string): boolean {
  return /^[ \t\v\f]*[#;]/.test(text)
}

export function isBlank(text: string): boolean {
  return trimBlanks(text) === ''
}

/** Yields one line after another: a file of nothing but line breaks would otherwise make a million objects. */
export function* linesOf(text: string): Generator<Line> {
  let [feed, carriage] = [text.indexOf('\n'), text.indexOf('\r')]
  for (let from = 0; from < text.length;) {
    if (feed !== -1 && feed < from) feed = text.indexOf('\n', from)
    if (carriage !== -1 && carriage < from) carriage = text.indexOf('\r', from)
    const end = feed === -1 && carriage === -1 ? '' : endAt(feed, carriage)
    const at = end === '' ? text.length : end === '\n' ? feed : carriage
    yield { text: text.slice(from, at), end }
    from = at + Math.max(end.length, 1)
  }
}

/** The nearer of the next line feed and the next carriage return; -1 means none. */
function endAt(feed: number, carriage: number): string {
  if (carriage === -1 || (feed !== -1 && feed < carriage)) return '\n'
  return feed === carriage + 1 ? '\r\n' : '\r'
}

/** Lines for readers to which CR alone is no line break; each with its number, counted as editors do. */
export function* feedLinesOf(text: string): Generator<{ readonly text: string; readonly at: number }> {
  let joined = ''
  let at = 0
  for (const line of linesOf(text)) {
    at++
    joined += line.end === '\r' ? `${line.text}\r` : line.text
    if (line.end === '\r') continue
    yield { text: joined, at }
    joined = ''
  }
  if (joined !== '') yield { text: joined, at }
}

export function splitLines(text: string): Line[] {
  return [...linesOf(text)]
}

function joinLines(lines: readonly Line[]): string {
  return lines.map((line) => line.text + line.end).join('')
}

/** The name in a header and what follows its bracket; undefined for any other line. */
export function parseHeader(text: string): { name?: string; rest: string } | undefined {
  const match = text.includes('[') ? HEADER.exec(text) : null
  if (match === null) return undefined
  const [, inner = '', rest = ''] = match
  return HEADER_REST.test(rest) ? { name: trimBlanks(inner), rest } : { rest }
}

/**
 * @param isWanted which sections are split into lines; everything between two of them is one line without an end, in a
 * section without a header
 */
export function splitSections(text: string, isWanted: (name?: string) => boolean = () => true): Section[] {
  const sections: Section[] = []
  let open: { header: Line; name?: string } | undefined
  let from = 0
  let at = 0
  const close = (to: number): void => {
    const body = text.slice(from, to)
    if (open !== undefined) sections.push({ ...open, body: splitLines(body) })
    else sections.push({ body: body === '' ? [] : [{ text: body, end: '' }] })
  }
  for (const line of linesOf(text)) {
    const next = at + line.text.length + line.end.length
    const header = parseHeader(line.text)
    if (header !== undefined) {
      const { name } = header
      const wanted = isWanted(name)
      if (wanted || open !== undefined) close(at)
      if (wanted) open = { header: line, ...omitUndefined({ name }) }
      if (wanted) from = next
      else if (open !== undefined) {
        open = undefined
        from = at
      }
    }
    at = next
  }
  close(at)
  return sections
}

export function joinSections(sections: readonly Section[]): string {
  return sections
    .map(({ header, body }) => joinLines(header === undefined ? body : [header, ...body]))
    .join('')
}

/** A section's body as entries, in order. */
export function parseEntries(body: readonly Line[]): Entry[] {
  const entries: (Entry & { continuation: Line[] })[] = []
  let parent: (Entry & { continuation: Line[] }) | undefined
  // Blank lines and comments belong to a value only if the value continues after them.
  let silent: Line[] = []
  const flush = (): void => {
    for (const line of silent) entries.push({ line, opensGroup: false, continuation: [] })
    silent = []
  }
  for (const line of body) {
    if (isBlank(line.text) || isComment(line.text)) {
      silent.push(line)
    } else if (parent !== undefined && indentation(line.text).length > indentation(parent.line.text).length) {
      parent.continuation.push(...silent, line)
      silent = []
    } else {
      flush()
      parent = { line, ...parseSetting(line.text), continuation: [] }
      entries.push(parent)
    }
  }
  flush()
  return entries
}

export function parseSetting(text: string): { key: string; opensGroup: boolean } {
  const trimmed = trimBlanks(text)
  const [key = ''] = trimmed.split(/[=:]/, 1)
  const equals = trimmed.indexOf('=')
  const value = trimmed.slice(equals + 1).replace(/(?:^|[ \t\v\f])[#;].*$/, '')
  return { key: trimBlanks(key).toLowerCase(), opensGroup: equals > 0 && isBlank(value) }
}
