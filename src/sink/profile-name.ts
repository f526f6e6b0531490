/** Names that work in a section header of an AWS credentials file and are read back as meant. */

/** Characters that end or quote a name in a header, and control characters. */
const UNSAFE = /[\]["'#;\\\p{Cc}]|^\s|\s$|^$/u
/** The JavaScript SDK refuses a file with the first; Python's configparser applies the second to every profile. */
const RESERVED: readonly string[] = ['__proto__', 'DEFAULT']

export function isProfileName(text: string): boolean {
  return !UNSAFE.test(text) && !RESERVED.includes(text)
}

export const PROFILE_NAME_RULE = 'letters, digits and any of _-/.%@:+'
