/**
 * How the AWS SDK for Ruby reads a file: aws-sdk-core/ini_parser.rb. A line that it does not recognize adds to the
 * section above, and an indented setting with nothing above it stops it (since 3.176, a NoMethodError of nil).
 */
import { isUtf8 } from 'node:buffer'
import { feedLinesOf } from './ini-text.ts'
import { BYTE_ORDER_MARK } from './profile-header.ts'
import { MARKED } from './strict-reading.ts'

export interface RubyReading {
  /** The first line that stops it, as in python-reading.ts. */
  readonly obstacle?: string
  /** The profile's settings, without sub-settings. */
  readonly values: ReadonlyMap<string, string>
}

// Ruby's blanks are the ASCII ones.
const HEADER = /^\[([^[\]]+)\][ \t\r\f\v]*(?:#.+)?$/s
const BLANKS = /[ \t\r\f\v]+/

/** @param text a byte string, as in ini-text.ts */
export function readAsRuby(text: string, profile: string): RubyReading {
  const values = new Map<string, string>()
  let current: string | undefined
  let group: string | undefined
  let item: Item | undefined
  for (const { text: whole, at } of feedLinesOf(text)) {
    if (!isUtf8(Buffer.from(whole, 'latin1')))
      return { obstacle: `line ${at} has bytes that are not UTF-8`, values }
    // A header behind it would not be recognized.
    if (whole.startsWith(`${BYTE_ORDER_MARK}[`) && at === 1) return { obstacle: MARKED, values }
    // A `;` after a blank begins a comment; `#` after a setting is part of it.
    const [line = ''] = whole.split(/[ \t\r\f\v];/, 1)
    const name = HEADER.exec(line)?.[1]
    if (name !== undefined) {
      const words = name.split(BLANKS).filter((word) => word !== '')
      current = words.join(' ').replace(/^profile (?=.)/, '')
      continue
    }
    if (current === undefined) continue
    const above = item
    const found = itemOf(line)
    item = found?.value === '' ? undefined : found
    if (item !== undefined && isBlankAt(item.key, 0)) {
      if (group !== undefined) continue
      if (above === undefined)
        return { obstacle: `line ${at} is indented without a setting above it`, values }
      if (isBlankAt(above.value, 0)) group = above.key
    } else if (item !== undefined) {
      group = undefined
      if (current === profile) values.set(item.key, item.value)
    } else {
      group = found?.key ?? group
    }
  }
  return { values }
}

/**
 * A setting's key has at least one character; its value is one blank if there are only blanks, and empty if there is
 * nothing.
 */
interface Item {
  readonly key: string
  readonly value: string
}

/**
 * Like Ruby's `(.+?)\s*=\s*(.+?)\s*`, but not with such a pattern: its time grows with the square of a line's length,
 * and a line may be a mebibyte long.
 */
function itemOf(line: string): Item | undefined {
  const equals = line.indexOf('=', 1)
  if (equals === -1) return undefined
  let keyEnd = equals
  while (keyEnd > 1 && isBlankAt(line, keyEnd - 1)) keyEnd--
  let [from, to] = [equals + 1, line.length]
  while (from < to - 1 && isBlankAt(line, from)) from++
  while (to > from + 1 && isBlankAt(line, to - 1)) to--
  return { key: line.slice(0, keyEnd), value: line.slice(from, to) }
}

function isBlankAt(text: string, index: number): boolean {
  const character = text.charAt(index)
  return character !== '' && ' \t\r\f\v'.includes(character)
}
