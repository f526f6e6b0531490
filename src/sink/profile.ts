/** One profile edited in the text of a credentials or config file; every other byte stays as it is. */
import {
  indentation,
  isBlank,
  isComment,
  joinSections,
  parseEntries,
  parseHeader,
  parseSetting,
  splitLines,
  splitSections,
  trimBlanks,
  type Entry,
  type Line,
  type Section,
} from './ini-text.ts'
import { byteString, isOurs, splitMark, type ProfileHeader } from './profile-header.ts'

export interface ProfileEdit {
  readonly header: ProfileHeader
  /** Text of the one comment that is ours, without its mark. */
  readonly comment?: string
  readonly values: Readonly<Record<string, string>>
  /** Lower-case keys that are taken out with the old values. */
  readonly obsolete?: readonly string[]
}

const COMMENT_MARK = '# aws-iam-ra:'
/** What a setting of AWS's looks like; the rest of a wrapped value does not. */
const INDENTED_SETTING = /^[a-z][a-z0-9_]*[ \t]*=[ \t]*[^= \t]/
/** The text with exactly one section of the profile, our comment and values at its top. Editing twice is editing once. */
export function editProfile(text: string, edit: ProfileEdit): string {
  const [mark, rest] = splitMark(text)
  const sections = splitSections(rest)
  const end = /^[^\r\n]*\r\n/.test(text) ? '\r\n' : '\n'
  const first = sections.findIndex((section) => isOurs(section, edit.header))
  if (first === -1) return mark + appended(rest, block(edit, '', end), edit, end)

  const result: Section[] = []
  const own = sections.filter((section) => isOurs(section, edit.header))
  const entries = mergedEntries(own, edit, end)
  for (const [index, section] of sections.entries()) {
    if (index === first) {
      const next = sections.find((each, at) => at > index && !isOurs(each, edit.header))
      result.push(rewritten(section, entries.kept, next, edit, end))
    } else if (isOurs(section, edit.header)) result.push({ body: entries.left.get(section) ?? [] })
    else result.push(section)
  }
  return mark + joinSections(result)
}

function block(edit: ProfileEdit, indent: string, end: string): Line[] {
  const lines = Object.entries(edit.values).map(([key, value]) => ({
    text: `${indent}${key} = ${value}`,
    end,
  }))
  if (edit.comment === undefined) return lines
  return [{ text: `${indent}${COMMENT_MARK} ${byteString(edit.comment)}`, end }, ...lines]
}

function appended(text: string, lines: readonly Line[], edit: ProfileEdit, end: string): string {
  const section = joinSections([{ header: { text: `[${edit.header.written}]`, end }, body: lines }])
  const last = splitLines(text).at(-1)
  if (last === undefined) return section
  return text + (last.end === '' ? end : '') + (isBlank(last.text) ? '' : end) + section
}

/** The section with a header that every reader understands, our lines, and what is kept. */
function rewritten(
  section: Section,
  kept: readonly Entry[],
  next: Section | undefined,
  edit: ProfileEdit,
  end: string,
): Section {
  const text = section.header?.text ?? ''
  const { rest = '' } = parseHeader(text) ?? {}
  const canonical = `[${edit.header.written}]`
  // The JavaScript SDK wants a blank before a comment here, botocore no further bracket, and both the name untrimmed.
  const readable = text.startsWith(canonical) && /^(?:[ \t]+[#;][^\]]*|[ \t]*)$/.test(rest)
  const remark = trimBlanks(rest)
  const remarks = readable || remark === '' ? [] : [{ text: isComment(remark) ? remark : `# ${remark}`, end }]

  // Whatever follows must not be indented deeper than our last key: botocore would read it as that key's value.
  const follower = kept.find(({ key }) => key !== undefined)?.line ?? next?.header
  const indent = indentation(follower?.text ?? '')
  // The Rust SDK takes even an indented comment for the value.
  const firstSetting = kept.findIndex(({ key }) => key !== undefined)
  const body = kept.flatMap(({ line, continuation }, index) =>
    index < firstSetting || firstSetting === -1 ? [atMargin(line)] : [line, ...continuation],
  )
  return {
    header: { text: readable ? text : canonical, end: section.header?.end || end },
    body: [...block(edit, indent, end), ...remarks, ...body],
  }
}

/**
 * What stays of the profile's sections: in the first one all other settings, a later one of the same key replacing an
 * earlier one as in the readers that merge; elsewhere the lines after the last setting, which lead to the next header.
 */
function mergedEntries(
  own: readonly Section[],
  edit: ProfileEdit,
  end: string,
): { kept: Entry[]; left: ReadonlyMap<Section, Line[]> } {
  const left = new Map<Section, Line[]>()
  const [head = [], ...others] = own.map(({ body }) => {
    const lines = body.filter(({ text }) => !trimBlanks(text).startsWith(COMMENT_MARK))
    return parseEntries(lines).flatMap((entry) => keptOf(entry, edit))
  })
  const place = head.findLastIndex(({ key }) => key !== undefined) + 1
  const indent = indentation(head[place - 1]?.line.text ?? '')
  const moved: Entry[] = []
  for (const [index, entries] of others.entries()) {
    const cut = entries.findLastIndex(({ key }) => key !== undefined) + 1
    for (const entry of entries.slice(0, cut)) moved.push(reindented(entry, indent))
    const section = own[index + 1]
    const rest = entries.slice(cut).map(({ line }) => atMargin(line))
    if (section !== undefined) left.set(section, rest)
  }
  const merged = [...head.slice(0, place), ...moved, ...head.slice(place)]
  const kept = others.length === 0 ? merged : merged.map((entry) => terminated(entry, end))
  return { kept: lastOfEach(kept), left }
}

/** Without settings that a later one of the same key replaces. */
function lastOfEach(entries: readonly Entry[]): Entry[] {
  const last = new Map<string, Entry>()
  for (const entry of entries) {
    if (entry.key && /[=:]/.test(entry.line.text)) last.set(entry.key, entry)
  }
  return entries.filter((entry) => !entry.key || (last.get(entry.key) ?? entry) === entry)
}

/** An entry without what is ours in it. */
function keptOf(entry: Entry, edit: ProfileEdit): Entry[] {
  const isOwn = (key: string): boolean =>
    Object.hasOwn(edit.values, key) || (edit.obsolete?.includes(key) ?? false)
  if (entry.key === undefined) return [entry]
  if (!isOwn(entry.key)) {
    if (entry.opensGroup) return [entry]
    // To the JavaScript SDK these are settings of the profile and come after ours.
    return [
      { ...entry, continuation: entry.continuation.filter(({ text }) => !isOwn(parseSetting(text).key)) },
    ]
  }
  // Below a key of ours: the rest of an old value goes, a setting that was only indented too far stays.
  const indent = indentation(entry.line.text)
  return entry.continuation.flatMap((line): Entry[] => {
    const text = trimBlanks(line.text)
    const moved = { ...line, text: isBlank(text) ? line.text : indent + text }
    if (isBlank(text) || isComment(text)) return [{ line: moved, opensGroup: false, continuation: [] }]
    const setting = parseSetting(text)
    if (entry.opensGroup || !INDENTED_SETTING.test(text) || isOwn(setting.key)) return []
    return [{ line: moved, ...setting, continuation: [] }]
  })
}

/** A comment without its indentation. */
function atMargin(line: Line): Line {
  return isComment(line.text) ? { ...line, text: line.text.slice(indentation(line.text).length) } : line
}

/** The entry at another indentation, its continuation as much deeper as it was. */
function reindented(entry: Entry, indent: string): Entry {
  const from = indentation(entry.line.text).length
  const move = (line: Line): Line =>
    isBlank(line.text) ? line : { ...line, text: indent + line.text.slice(from) }
  return { ...entry, line: move(entry.line), continuation: entry.continuation.map(move) }
}

function terminated(entry: Entry, end: string): Entry {
  const close = (line: Line): Line => ({ ...line, end: line.end || end })
  return { ...entry, line: close(entry.line), continuation: entry.continuation.map(close) }
}
