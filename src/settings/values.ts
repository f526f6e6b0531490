/** Checks of single values. Each says what is wrong in words that follow the value: `"60s" is not …; expected …`. */
import { isIP } from 'node:net'
import { join } from 'node:path'
import { isProfileName, PROFILE_NAME_RULE } from '../sink/profile-name.ts'
import { type KeyType, KEY_TYPES } from '../certificate/settings.ts'
import { wireName } from '../net/wire-name.ts'

export interface Unfit {
  readonly wrong: string
  readonly expected: string
}

export type Checked<T> = { readonly value: T } | Unfit

export interface Check<T> {
  /** @param home the user's home directory, if there is one */
  (text: string, home?: string): Checked<T>
  /** The accepted values, for --help and for refusals; empty if any text is accepted. */
  readonly expected: string
}

/** @param judge returns an `expected` of its own only if that says more. */
export function expecting<T>(
  expected: string,
  judge: (text: string, home?: string) => { readonly value: T } | { wrong: string; expected?: string },
): Check<T> {
  const check = (text: string, home?: string): Checked<T> => {
    const judged = judge(text, home)
    return 'value' in judged ? judged : { expected, ...judged }
  }
  return Object.assign(check, { expected })
}

export const anyText: Check<string> = expecting('', (text) => ({ value: text }))

/** The path alone; the file is read before the first request. */
export const caFile: Check<string> = expecting(
  'a file of CA certificates as PEM, DER or PKCS #7',
  (text) => ({
    value: text,
  }),
)

/** `~/` as the SDKs read it; any other path is left as is. */
export const pathInHome: Check<string> = expecting('', (path, home) => {
  if (!path.startsWith('~/')) return { value: path }
  if (home !== undefined) return { value: join(home, path.slice(2)) }
  return {
    wrong: 'is in the home directory, and there is none',
    expected: 'a path without ~, or HOME set',
  }
})

/** Line breaks may have been lost on the way into the variable. */
export function isPem(text: string): boolean {
  return text.includes('-----BEGIN')
}

export const boolean: Check<boolean> = expecting('true or false', (text) => {
  const word = text.toLowerCase()
  return word === 'true' || word === 'false' ? { value: word === 'true' } : { wrong: 'is not a boolean' }
})

export function wholeSeconds(min: number, max: number): Check<number> {
  return expecting(`whole seconds without a unit, ${min} to ${max}`, (text) => {
    const seconds = /^\d{1,9}$/.test(text) ? Number(text) : NaN
    if (seconds >= min && seconds <= max) return { value: seconds }
    return { wrong: Number.isNaN(seconds) ? 'is not a number of whole seconds' : 'is out of range' }
  })
}

export const port: Check<number> = expecting('a number from 1 to 65535', (text) => {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return number >= 1 && number <= 65_535 ? { value: number } : { wrong: 'is not a port' }
})

function oneOf<T extends string>(words: readonly T[]): Check<T> {
  return expecting(inWords(words, 'or'), (text) => {
    const word = words.find((candidate) => candidate === text)
    return word === undefined ? { wrong: 'is not one of the choices' } : { value: word }
  })
}

/** `a, b or c` */
export function inWords(words: readonly string[], conjunction: 'and' | 'or'): string {
  return words.join(', ').replace(/, (?=[^,]*$)/, ` ${conjunction} `)
}

export const authMethod: Check<'kubernetes' | 'jwt'> = oneOf(['kubernetes', 'jwt'])
export const keyType: Check<KeyType> = oneOf(KEY_TYPES)
export const logFormat: Check<'text' | 'json'> = oneOf(['text', 'json'])

/** Only the owner may write a file that every process of the pod trusts; setuid and the like mean nothing here. */
export const fileMode: Check<number> = expecting(
  'octal permission bits such as 0600 or 0640, quoted in YAML',
  (text) => {
    if (!/^[0-7]{3,5}$/.test(text)) return { wrong: 'is not an octal file mode' }
    const mode = Number.parseInt(text, 8)
    if (mode > 0o777) return { wrong: 'has bits beyond rwx' }
    if ((mode & 0o600) !== 0o600) return { wrong: 'does not let the owner read and write' }
    return (mode & 0o022) === 0 ? { value: mode } : { wrong: 'is writable by the group or by everyone' }
  },
)

/** CreateSession's roleSessionName (IAM Roles Anywhere user guide). */
export const sessionName: Check<string> = expecting('2 to 64 letters, digits and _+=,.@-', (text) =>
  /^[\w+=,.@-]{2,64}$/.test(text) ? { value: text } : { wrong: 'is not a session name' },
)

export const profileName: Check<string> = expecting(PROFILE_NAME_RULE, (text) =>
  isProfileName(text) ? { value: text } : { wrong: 'is not a profile name that every SDK can read' },
)

/** RFC 5280, appendix A: ub-common-name is 64 characters. */
export const commonName: Check<string> = expecting('at most 64 characters (RFC 5280)', (text) => {
  const length = Array.from(text).length
  return length <= 64 ? { value: text } : { wrong: `has ${length} characters` }
})

/** A region becomes a label of the endpoint's host name, so it must be nothing else. */
export const region: Check<string> = expecting('a region such as eu-west-1', (text) =>
  /^[a-z]{2,8}(-[a-z]{2,16})+-\d{1,2}$/.test(text) ? { value: text } : { wrong: 'is not a region' },
)

/**
 * One segment of a path below /v1: a role's name. Vault allows fewer characters; only the ones excluded here would
 * change the path.
 */
export const vaultName: Check<string> = expecting(
  'one name without slashes, blanks or any of ? # % \\',
  (text) => (isSegment(text) ? { value: text } : { wrong: 'is not a name in Vault' }),
)

/** A mount path, without leading and trailing slashes. */
export const vaultPath: Check<string> = expecting(
  'names joined by single slashes, without . or .., blanks or any of ? # % \\',
  (text) => {
    const path = text.replace(/^\/+|\/+$/g, '')
    return path.split('/').every(isSegment) ? { value: path } : { wrong: 'is not a path in Vault' }
  },
)

/** A role of the AWS secrets engine under one of its two endpoints; the mount itself may contain slashes. */
export const vaultAwsPath: Check<string> = expecting(
  'aws/creds/<role> or aws/sts/<role>, with its mount in place of aws',
  (text) => {
    const path = vaultPath(text.replace(/^\/*v1\//, ''))
    if ('value' in path && /^.+\/(?:creds|sts)\/[^/]+$/.test(path.value)) return path
    return { wrong: "does not name a role of Vault's AWS secrets engine" }
  },
)

/** The mount without `auth/`, which `vault auth list` omits and policies spell out. */
export const authMount: Check<string> = expecting(vaultPath.expected, (text) =>
  vaultPath(text.replace(/^\/*auth\/+/, '')),
)

/** A namespace path. It is sent as a header, which carries no other characters safely (RFC 9110, section 5.5). */
export const vaultNamespace: Check<string> = expecting(
  'names of visible ASCII joined by single slashes',
  (text) => (/^[!-~]+$/.test(text) ? vaultPath(text) : { wrong: 'is not a namespace in Vault' }),
)

function isSegment(text: string): boolean {
  return /^[^/?#%\\\s]+$/.test(text) && text !== '.' && text !== '..'
}

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i

function isDnsName(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => DNS_LABEL.test(label))
}

/** An address is not a server name (RFC 6066, section 3), and Node and Bun do not accept one as such. */
export const serverName: Check<string> = expecting('a DNS name, without scheme and port', (text) =>
  isDnsName(wireName(text)) && isIP(wireName(text)) === 0
    ? { value: wireName(text) }
    : { wrong: 'is not a host name' },
)

/** RFC 1034 names; the first label may be a wildcard, and the PKI role decides whether it is signed. */
export const dnsNames: Check<readonly string[]> = listOf(
  'DNS names separated by commas (punycode if not ASCII)',
  'is not a DNS name',
  (name) => (isDnsName(name.replace(/^\*\.(?=.)/, '')) ? name : undefined),
)

/** RFC 5280, section 4.2.1.6: a URI name is absolute, has a scheme-specific part, and is ASCII. */
export const uris: Check<readonly string[]> = listOf(
  'URIs with a scheme, such as spiffe://cluster/ns/x/sa/y, separated by commas',
  'is not an absolute URI',
  (uri) => (/^[a-z][a-z0-9+.-]*:[!-~]+$/i.test(uri) && URL.canParse(uri) ? uri : undefined),
)

/** Part of the certificates' names, which are read from the right: one label. */
export const clusterName: Check<string> = expecting('lower-case letters, digits and dashes', (text) =>
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text) ? { value: text } : { wrong: 'is not a cluster name' },
)

/** https://kubernetes.io/docs/concepts/architecture/nodes/#node-name-uniqueness */
export const nodeName: Check<string> = expecting('the name of a Kubernetes node', (text) =>
  isDnsName(text) && text === text.toLowerCase() ? { value: text } : { wrong: 'is not the name of a node' },
)

/** RFC 7519: an audience or an issuer. */
export const claimText: Check<string> = expecting('one word of visible ASCII', (text) =>
  /^[!-~]{1,512}$/.test(text) ? { value: text } : { wrong: 'is not one word' },
)

/** @param read an item's value; undefined if it does not fit */
export function listOf<T extends object | string>(
  expected: string,
  wrong: string,
  read: (item: string) => T | undefined,
): Check<readonly T[]> {
  return expecting(expected, (text) => {
    const items = text.split(',').map((item) => read(item.trim()))
    const fit = items.filter((item) => item !== undefined)
    if (fit.length === items.length) return { value: fit }
    return {
      wrong: items.length === 1 ? wrong : `has entry ${items.indexOf(undefined) + 1}, which ${wrong}`,
    }
  })
}

/** Seconds in each unit that Go's time.ParseDuration knows. */
const UNIT_SECONDS = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 } as const

/** The maximum of Go's time.Duration: 2^63 nanoseconds. */
const MAX_DURATION_SECONDS = 2 ** 63 / 1e9

/**
 * A Vault duration in seconds: a number of seconds, of days (`1d`, alone), or a Go duration (`1h30m`).
 * Source: ParseDurationSecond of hashicorp/go-secure-stdlib/parseutil.
 */
export const vaultDuration: Check<number> = expecting(
  'seconds or a duration such as 90, 30m, 1h30m or 1d',
  (text) => {
    const seconds = durationSeconds(text)
    return seconds !== undefined && seconds > 0 && seconds < MAX_DURATION_SECONDS
      ? { value: seconds }
      : { wrong: 'is not a Vault duration' }
  },
)

/** 0 for an empty text too, as in Vault; undefined if it is not a duration. */
export function durationSeconds(text: string): number | undefined {
  const whole = /^(\d+)(d?)$/.exec(text)
  if (whole !== null) return Number(whole[1]) * (whole[2] === 'd' ? 86_400 : 1)
  const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/y
  let seconds = 0
  while (part.lastIndex < text.length) {
    const found = part.exec(text)
    if (found === null) return undefined
    seconds += Number(found[1]) * UNIT_SECONDS[found[2] as keyof typeof UNIT_SECONDS]
  }
  return seconds
}
