/** Finds the obstacles that a file's readers would meet, apart from our own edit. */
import type { Logger } from '../run/log.ts'
import { misreadKey } from './javascript-reading.ts'
import { byteString } from './profile-header.ts'
import { pythonObstacle } from './python-reading.ts'
import { readAsRuby } from './ruby-reading.ts'
import { strictObstacle, type FileKind } from './strict-reading.ts'

/** One of our settings whose value an SDK would read differently. */
export interface Misreading {
  readonly reader: 'JavaScript' | 'Ruby'
  readonly key: string
}

/**
 * @param text a byte string, as in ini-text.ts
 * @param section the text between the brackets of the profile's header
 */
export function misreading(
  text: string,
  section: string,
  profile: string,
  values: Readonly<Record<string, string>>,
): Misreading | undefined {
  const inJavaScript = misreadKey(text, section, values)
  if (inJavaScript !== undefined) return { reader: 'JavaScript', key: inJavaScript }
  const read = readAsRuby(text, byteString(profile))
  // A file that it cannot read, or in which it does not find the profile, is not a misreading.
  if (read.obstacle !== undefined || read.values.size === 0) return undefined
  const key = Object.keys(values).find((each) => read.values.get(each) !== values[each])
  return key === undefined ? undefined : { reader: 'Ruby', key }
}

/** Warns about the first line that stops a reader; readers stopped for the same reason share a warning. */
export function warnOfObstacles(
  text: string,
  path: string,
  kind: FileKind,
  logger: Pick<Logger, 'warn'>,
): void {
  const warn = (readers: string, obstacle: string): void =>
    logger.warn(`${readers} cannot read ${path}: ${obstacle}; correct that line`)
  const inPython = pythonObstacle(text)
  if (inPython !== undefined) warn('the AWS CLI and boto3', inPython)
  const stopped = new Map<string, string[]>()
  for (const [reader, obstacle] of [
    ['Java', strictObstacle(text, kind, 'Java')],
    ['Rust', strictObstacle(text, kind, 'Rust')],
    ['Ruby', readAsRuby(text, '').obstacle],
    ['CRT', strictObstacle(text, kind, 'CRT')],
  ] as const) {
    if (obstacle !== undefined) stopped.set(obstacle, [...(stopped.get(obstacle) ?? []), reader])
  }
  for (const [obstacle, readers] of stopped) warn(named(readers), obstacle)
}

function named(readers: readonly string[]): string {
  const sdks = readers.filter((reader) => reader !== 'CRT')
  const parts = [
    ...(sdks.length === 0 ? [] : [`the AWS SDK${sdks.length === 1 ? '' : 's'} for ${listed(sdks)}`]),
    ...(sdks.length === readers.length ? [] : ['the AWS CRT']),
  ]
  return parts.join(' and ')
}

function listed(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' and ')
}
