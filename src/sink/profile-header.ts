/** Which sections of a credentials or config file make up a profile, as the AWS SDKs look it up. */
import {
  linesOf,
  parseEntries,
  parseHeader,
  parseSetting,
  splitSections,
  trimBlanks,
  type Section,
} from './ini-text.ts'

/** The profile's section names in one of the two kinds of file. Both are byte strings, as in ini-text.ts. */
export interface ProfileHeader {
  /** The text between the brackets when we write it. */
  readonly written: string
  /** Whether a section with this name belongs to the profile. */
  matches(name: string): boolean
}

export const BYTE_ORDER_MARK = '\xef\xbb\xbf'
/** Names that need no quotes in a config file's header, by the rule of the AWS SDKs for Java and Rust. */
export const PLAIN_NAME = /^[A-Za-z0-9_\-/.%@:+]+$/

/**
 * Keys that make some reader get credentials elsewhere although the profile holds three good ones: botocore assumes
 * `role_arn` and reads `web_identity_token_file` and `sso_*` first, Java also `credential_process` and the login
 * session, Rust `credential_source`; Go refuses a `source_profile` without a role.
 */
export const HIDING_KEYS =
  /^(?:role_arn|source_profile|credential_source|credential_process|web_identity_token_file|login_session|sso_.*)$/

/** UTF-8, one character per byte. */
export function byteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** A UTF-8 byte order mark, if there is one, and the text without it. */
export function splitMark(text: string): [mark: string, rest: string] {
  return text.startsWith(BYTE_ORDER_MARK) ? [BYTE_ORDER_MARK, text.slice(BYTE_ORDER_MARK.length)] : ['', text]
}

/** `[name]`. A `[profile name]` is another section here: every SDK ignores those in a credentials file. */
export function credentialsHeader(profile: string): ProfileHeader {
  const written = byteString(profile)
  return { written, matches: (name) => name === written }
}

/** `[profile name]`, or `[default]`; if the file has `[profile default]`, that one, since it beats `[default]`. */
export function configHeader(profile: string, text: string): ProfileHeader {
  const plain = byteString(profile)
  const prefixed = (name: string): boolean =>
    trimBlanks(/^profile[ \t](.*)$/.exec(name)?.[1] ?? '').replace(/^(["'])(.*)\1$/, '$2') === plain
  const standsIn = { written: plain, matches: prefixed }
  if (profile === 'default' && countLines(text, standsIn) === 0) return credentialsHeader(profile)
  return { written: PLAIN_NAME.test(plain) ? `profile ${plain}` : `profile "${plain}"`, matches: prefixed }
}

/** The number of lines in the profile, headers included, without creating an object for each. */
export function countLines(text: string, header: ProfileHeader): number {
  let count = 0
  let inside = false
  for (const line of linesOf(splitMark(text)[1])) {
    const parsed = parseHeader(line.text)
    if (parsed !== undefined) inside = parsed.name !== undefined && header.matches(parsed.name)
    if (inside) count++
  }
  return count
}

/** The profile's sections; if there are several, some readers merge them and others refuse the file. */
export function sectionsOf(text: string, header: ProfileHeader): Section[] {
  return splitProfile(splitMark(text)[1], header).filter((section) => isOurs(section, header))
}

/** The first key in the profile that would hide its access keys from a reader. */
export function hidingKey(text: string, header: ProfileHeader): string | undefined {
  return profileKeys(text, header).find((key) => HIDING_KEYS.test(key))
}

/** In lower case, including those that only the JavaScript SDK sees: settings indented below another's value. */
export function profileKeys(text: string, header: ProfileHeader): string[] {
  return sectionsOf(text, header).flatMap(({ body }) =>
    parseEntries(body).flatMap(({ key, opensGroup, continuation }) => {
      if (key === undefined) return []
      return [key, ...(opensGroup ? [] : continuation.map(({ text: line }) => parseSetting(line).key))]
    }),
  )
}

/** Only the profile's sections are split into lines. @param text without a byte order mark */
export function splitProfile(text: string, header: ProfileHeader): Section[] {
  return splitSections(text, (name) => name !== undefined && header.matches(name))
}

export function isOurs(section: Section, header: ProfileHeader): boolean {
  return section.name !== undefined && header.matches(section.name)
}
