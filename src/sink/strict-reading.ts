/**
 * Finds lines that the AWS SDKs for Java 2 and Rust and the AWS CRT cannot read. They share one specification, in which
 * an indented line continues the setting above it, and reject the whole file with all its profiles because of one line
 * that breaks it (ProfileFileReader.java; aws-runtime env_config/parse.rs; aws-c-sdkutils aws_profile.c).
 */
import { isUtf8 } from 'node:buffer'
import { feedLinesOf, linesOf } from './ini-text.ts'
import { BYTE_ORDER_MARK } from './profile-header.ts'

/** Which of the two files it is: a config file has `[profile name]` and other kinds of sections. */
export type FileKind = 'credentials' | 'config'
export type StrictReader = 'Java' | 'Rust' | 'CRT'

const NAME = /^[A-Za-z0-9_\-/.%@:+\\]*$/
const BEHIND_BRACKET = 'has text after the closing bracket of its header'
const BEFORE_SECTIONS = 'comes before the first section'
const NO_EQUALS = 'has no equals sign'

export const MARKED = 'line 1 begins with a byte order mark'

interface State {
  /** Whether there was a header, and whether the reader accepts the section's name. */
  section: 'none' | 'ignored' | 'read'
  property: 'none' | 'ignored' | 'value' | 'group'
}

/**
 * The first line that the reader refuses, as in python-reading.ts.
 * @param text a byte string, as in ini-text.ts
 */
export function strictObstacle(text: string, kind: FileKind, reader: StrictReader): string | undefined {
  const state: State = { section: 'none', property: 'none' }
  let at = 0
  for (const line of reader === 'Java' ? linesOf(text) : feedLinesOf(text)) {
    at = 'at' in line ? line.at : at + 1
    if (reader === 'Rust' && !isUtf8(Buffer.from(line.text, 'latin1')))
      return `line ${at} has bytes that are not UTF-8`
    const fault = lineFault(line.text, kind, reader, state)
    if (fault === BEFORE_SECTIONS && text.startsWith(BYTE_ORDER_MARK)) return MARKED
    if (fault !== undefined) return `line ${at} ${fault}`
  }
  return undefined
}

function lineFault(line: string, kind: FileKind, reader: StrictReader, state: State): string | undefined {
  if ((reader === 'CRT' ? /^[ \t\r]*$/ : /^[ \t]*$/).test(line) || /^[#;]/.test(line)) return undefined
  if (line.startsWith('[')) return headerFault(line, kind, reader, state)
  return /^[ \t]/.test(line) ? belowFault(line, reader, state) : settingFault(line, reader, state)
}

function headerFault(line: string, kind: FileKind, reader: StrictReader, state: State): string | undefined {
  // It begins with a bracket, so only its end can have blanks.
  const text = trimmed(line.split(/[#;]/, 1)[0] ?? '', ' \t')
  // The CRT reads only up to the first closing bracket.
  const name = reader === 'CRT' ? /^\[([^\]]*)\]/.exec(text)?.[1] : /^\[(.*)\]$/.exec(text)?.[1]
  if (name === undefined) return text.includes(']') ? BEHIND_BRACKET : 'is a header without a closing bracket'
  state.section = reader === 'Rust' || isSection(name.trim(), kind, reader) ? 'read' : 'ignored'
  state.property = 'none'
  return undefined
}

function belowFault(line: string, reader: StrictReader, state: State): string | undefined {
  const { section, property } = state
  if (reader === 'Java' && (section === 'ignored' || property === 'ignored')) return undefined
  if (section !== 'read' || property === 'none' || property === 'ignored')
    return 'is indented without a setting above it'
  if (property !== 'group') return undefined
  const text = reader === 'Rust' ? withoutRemark(line) : line.trim()
  return text.indexOf('=') < 1
    ? 'is not a sub-setting, although it is indented below a setting without a value'
    : undefined
}

function settingFault(line: string, reader: StrictReader, state: State): string | undefined {
  if (reader === 'Java' && state.section === 'ignored') return undefined
  if (reader !== 'CRT' && state.section === 'none') return BEFORE_SECTIONS
  const text = withoutRemark(line)
  const equals = text.indexOf('=')
  const key = trimmed(equals === -1 ? text : text.slice(0, equals))
  const named = isName(key, reader)
  state.property = 'none'
  // The CRT skips a line that does not begin with a valid name, with or without an equals sign.
  if (reader === 'CRT' && key !== '' && !named) return undefined
  if (equals === -1) return NO_EQUALS
  if (key === '') return 'is a setting without a name'
  if (reader === 'CRT' && state.section !== 'read')
    return state.section === 'none' ? BEFORE_SECTIONS : undefined
  const isGroup = text.slice(equals + 1).trim() === ''
  state.property = reader === 'Java' && !named ? 'ignored' : isGroup ? 'group' : 'value'
  return undefined
}

function isSection(name: string, kind: FileKind, reader: StrictReader): boolean {
  if (kind === 'credentials' || name === 'default') return isName(name, reader)
  const [, ofKind] = /^(?:profile|sso-session|services)[ \t]+(.*)$/.exec(name) ?? []
  return ofKind !== undefined && isName(ofKind, reader)
}

/** Java accepts an empty name. */
function isName(text: string, reader: StrictReader): boolean {
  return NAME.test(text) && (text !== '' || reader === 'Java')
}

function withoutRemark(line: string): string {
  return trimmed(trimmed(line).replace(/[ \t][#;].*$/s, ''))
}

/** Not with a pattern, which would rescan a run of blanks in the middle once for each blank. */
function trimmed(text: string, blanks = ' \t\r'): string {
  let [from, to] = [0, text.length]
  while (from < to && blanks.includes(text.charAt(from))) from++
  while (to > from && blanks.includes(text.charAt(to - 1))) to--
  return text.slice(from, to)
}
