/**
 * Edits one profile in the text of a credentials or config file; every byte of the other sections stays as it is. Our
 * own section is written so that the AWS SDKs for Java, Rust and Ruby read it too: everything at the margin,
 * `key = value`, and nothing behind the header.
 */
import {
  indentation,
  isBlank,
  isComment,
  joinSections,
  linesOf,
  parseEntries,
  parseHeader,
  parseSetting,
  trimBlanks,
  type Entry,
  type Line,
  type Section,
} from './ini-text.ts'
import { byteString, isOurs, splitMark, splitProfile, type ProfileHeader } from './profile-header.ts'

export interface ProfileEdit {
  readonly header: ProfileHeader
  /** The text of our one comment, without its mark. */
  readonly comment?: string
  readonly values: Readonly<Record<string, string>>
  /** Lower-case keys removed along with the old values. */
  readonly obsolete?: readonly string[]
}

const COMMENT_MARK = '# aws-iam-ra:'
/** The form of AWS's settings; the rest of a wrapped value does not match. */
const INDENTED_SETTING = /^[a-z][a-z0-9_]*[ \t]*=[ \t]*[^= \t]/

/**
 * The text with exactly one section of the profile, which begins with our comment and values. Editing twice gives the
 * same as editing once.
 */
export function editProfile(text: string, edit: ProfileEdit): string {
  const [mark, rest] = splitMark(text)
  const sections = splitProfile(rest, edit.header)
  const end = /^[^\r\n]*\r/.test(text) ? '\r\n' : '\n'
  const own = sections.filter((section) => isOurs(section, edit.header))
  if (own.length === 0) return mark + appended(rest, block(edit, end), edit, end)

  const { kept, left } = mergedEntries(own, edit, end)
  const result: Section[] = []
  for (const section of sections) {
    if (section === own[0]) {
      const above = result.at(-1)?.body.at(-1)?.text
      if (above?.endsWith('\r') === true) result.push({ body: [{ text: '', end: '\n' }] })
      result.push(rewritten(section, kept, edit, end))
    } else if (isOurs(section, edit.header)) result.push({ body: left.get(section) ?? [] })
    else result.push(result.length === 0 ? section : withHeaderAtMargin(section))
  }
  return mark + joinSections(result)
}

function block(edit: ProfileEdit, end: string): Line[] {
  const lines = Object.entries(edit.values).map(([key, value]) => ({ text: `${key} = ${value}`, end }))
  if (edit.comment === undefined) return lines
  return [{ text: `${COMMENT_MARK} ${byteString(edit.comment)}`, end }, ...lines]
}

function appended(text: string, lines: readonly Line[], edit: ProfileEdit, end: string): string {
  const section = joinSections([{ header: { text: `[${edit.header.written}]`, end }, body: lines }])
  let last: Line | undefined
  for (const line of linesOf(text)) last = line
  if (last === undefined) return section
  return text + feedAfter(last, end) + (isBlank(last.text) ? '' : end) + section
}

/** The section with a header that every reader understands, our lines, and the lines kept. */
function rewritten(section: Section, kept: readonly Entry[], edit: ProfileEdit, end: string): Section {
  const remark = trimBlanks(parseHeader(section.header?.text ?? '')?.rest ?? '')
  const remarks = remark === '' ? [] : [{ text: isComment(remark) ? remark : `# ${remark}`, end }]
  return {
    header: { text: `[${edit.header.written}]`, end: endOf(section.header?.end || end, end) },
    body: [
      ...block(edit, end),
      ...remarks,
      ...kept.flatMap(({ line, continuation }) => [line, ...continuation]),
    ],
  }
}

/** The section after ours: to botocore, Java and Rust an indented header would be a part of our last value. */
function withHeaderAtMargin(section: Section): Section {
  const [first, ...others] = section.body
  if (first === undefined) return section
  return { body: [{ ...first, text: first.text.slice(indentation(first.text).length) }, ...others] }
}

/**
 * The lines kept of the profile's sections: in the first one all other settings, a later one replacing an earlier one
 * with the same key, as in readers that merge; in the others the lines after the last setting, which lead to the next
 * header.
 */
function mergedEntries(
  own: readonly Section[],
  edit: ProfileEdit,
  end: string,
): { kept: Entry[]; left: ReadonlyMap<Section, Line[]> } {
  const left = new Map<Section, Line[]>()
  const [head = [], ...others] = own.map(({ body }) => {
    const lines = body.filter(({ text }) => !trimBlanks(text).startsWith(COMMENT_MARK))
    return parseEntries(lines).flatMap((entry) => keptOf(entry, edit).flatMap((one) => readable(one, end)))
  })
  const place = head.findLastIndex(({ key }) => key !== undefined) + 1
  const moved: Entry[] = []
  for (const [index, entries] of others.entries()) {
    const cut = entries.findLastIndex(({ key }) => key !== undefined) + 1
    moved.push(...entries.slice(0, cut))
    const section = own[index + 1]
    if (section !== undefined)
      left.set(
        section,
        entries.slice(cut).map(({ line }) => line),
      )
  }
  const merged = [...head.slice(0, place), ...moved, ...head.slice(place)]
  const kept = others.length === 0 ? merged : merged.map((entry) => terminated(entry, end))
  return { kept: lastOfEach(kept), left }
}

/** Without settings that are replaced by a later one with the same key. */
function lastOfEach(entries: readonly Entry[]): Entry[] {
  const last = new Map<string, Entry>()
  for (const entry of entries) if (entry.key !== undefined) last.set(entry.key, entry)
  return entries.filter((entry) => entry.key === undefined || last.get(entry.key) === entry)
}

/** An entry without any of our settings. */
function keptOf(entry: Entry, edit: ProfileEdit): Entry[] {
  const isOwn = (key: string): boolean =>
    Object.hasOwn(edit.values, key) || (edit.obsolete?.includes(key) ?? false)
  if (entry.key === undefined) return [entry]
  if (!isOwn(entry.key)) {
    if (entry.opensGroup) return [entry]
    // To the JavaScript SDK these are settings of the profile and override ours.
    return [
      { ...entry, continuation: entry.continuation.filter(({ text }) => !isOwn(parseSetting(text).key)) },
    ]
  }
  // Below one of our keys, the rest of an old value is dropped, and a setting that was only indented too far is kept.
  return entry.continuation.flatMap((line): Entry[] => {
    const text = trimBlanks(line.text)
    const moved = { ...line, text }
    if (isBlank(text) || isComment(text)) return [{ line: moved, opensGroup: false, continuation: [] }]
    const setting = parseSetting(text)
    if (entry.opensGroup || !INDENTED_SETTING.test(text) || isOwn(setting.key)) return []
    return [{ line: moved, ...setting, continuation: [] }]
  })
}

/**
 * The entry at the margin, as all readers accept it; a line that some readers do not accept as a setting becomes a
 * comment.
 */
function readable({ line: { text, end: own }, key, opensGroup, continuation }: Entry, end: string): Entry[] {
  const trimmed = trimBlanks(text)
  const entry = (body: string, rest: Omit<Entry, 'line'>): Entry => ({
    line: { text: body, end: endOf(own, end) },
    ...rest,
  })
  const silent = { opensGroup: false, continuation: [] }
  if (key === undefined) return [entry(trimmed, silent)]
  const separator = trimmed.search(/[=:]/)
  if (separator < 1 || trimmed.startsWith('[')) {
    // Its continuation lines may be settings to the JavaScript SDK.
    const below = parseEntries(continuation.map((line) => ({ ...line, text: trimBlanks(line.text) })))
    return [entry(`# ${trimmed}`, silent), ...below.flatMap((each) => readable(each, end))]
  }
  const value = trimBlanks(trimmed.slice(separator + 1))
  const isGroup = opensGroup || value === ''
  const isSettled = trimmed.charAt(separator) === '='
  // Between a value and its continuation, the SDK for Ruby takes these lines for the end of the value, and then cannot
  // read on.
  const isAbove = ({ text: line }: Line): boolean => !isGroup && (isBlank(line) || isComment(line))
  return [
    ...continuation.filter(isAbove).map((line) => readableSilent(line, end)),
    entry(isSettled ? trimmed : `${trimBlanks(trimmed.slice(0, separator))} = ${value}`.trimEnd(), {
      key,
      opensGroup: isGroup,
      continuation: continuation
        .filter((line) => !isAbove(line))
        .map((line) => readableBelow(line, isGroup, end)),
    }),
  ]
}

function readableSilent({ text, end: own }: Line, end: string): Entry {
  return { line: { text: trimBlanks(text), end: endOf(own, end) }, opensGroup: false, continuation: [] }
}

/** A continuation line; to Java and Rust a comment among them is a part of the value unless it is at the margin. */
function readableBelow(line: Line, isSubSetting: boolean, fallback: string): Line {
  const text = trimBlanks(line.text)
  const end = endOf(line.end, fallback)
  if (text === '' || isComment(text)) return { text, end }
  if (isSubSetting && text.indexOf('=') < 1) return { text: `# ${text}`, end }
  // Only blanks and tabs continue a value in every reader.
  const [blanks = '  '] = /^[ \t]+/.exec(line.text) ?? []
  return { text: blanks + text, end }
}

/** The characters missing from a line's end for readers to which CR alone is no line break. */
function feedAfter({ end: own }: Line, end: string): string {
  return own === '' ? end : own === '\r' ? '\n' : ''
}

/** Not every reader ends a line at CR alone. */
function endOf(own: string, end: string): string {
  return own === '\r' ? end : own
}

function terminated(entry: Entry, end: string): Entry {
  const close = (line: Line): Line => ({ ...line, end: line.end || end })
  return { ...entry, line: close(entry.line), continuation: entry.continuation.map(close) }
}
