/**
 * What has the shape of a secret. A variable may be set from the wrong Secret, or X_FILE name the token's file: no
 * setting is one, and most stand in logs, in a URL or in an error, so that it is refused unshown before anything is sent.
 */

const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY/

/** RFC 7519: the header is a JSON object, so it begins with {". */
const JSON_WEB_TOKEN = /(?<!\w)eyJ[\w-]{12,}/

/**
 * https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes, and `s.` before Vault 1.10. In small letters
 * and with more labels behind it, the same is a host's name.
 */
const VAULT_TOKEN =
  /(?<![\w.])(?:hv[sbr]\.(?:(?=[\w-]*[A-Z])[\w-]{20,}|[\w-]{20,}(?![\w.-]))|[sbr]\.(?:(?=[a-z\d]*[A-Z])[A-Za-z\d]{20,}|[A-Za-z\d]{24,}(?![\w.-])))/

/** `hvs.`, `hvb.`, `hvr.` and `eyJ` in base64: the value of a Secret that nobody decoded. */
const TOKEN_IN_BASE64 = /(?<!\w)(?:aHZ[ziy]L|ZXlK)[A-Za-z\d+/]{16,}/

/** A secret key of AWS has 40 characters of base64; what STS calls a session token has hundreds, in URLs' base64 too. */
const AWS_SECRET = /^(?:[A-Za-z\d+/]{40}|[\w+/-]{100,})$/

/** Names and paths are made of words. Of a hundred random keys of 40 characters one looks like them. */
const WORDS = /[A-Z]?[a-z]{4,}|[A-Z][a-z]{3}/g

/** @returns such as `a Vault token`; undefined where it looks like none */
export function secretKind(text: string): string | undefined {
  if (PRIVATE_KEY.test(text)) return 'a private key'
  if (JSON_WEB_TOKEN.test(text)) return 'a JSON Web Token'
  if (VAULT_TOKEN.test(text)) return 'a Vault token'
  if (TOKEN_IN_BASE64.test(text)) return 'a token in base64'
  if (text.split(/[^\w+/-]+/).some(isAwsSecret)) return 'an AWS secret key or session token'
  return undefined
}

function isAwsSecret(word: string): boolean {
  const text = word.replace(/^-+/, '')
  if (!AWS_SECRET.test(text) || !/\d/.test(text) || !/[a-z]/.test(text) || !/[A-Z]/.test(text)) return false
  const inWords = text.match(WORDS)?.join('').length ?? 0
  const slashes = text.split('/').length - 1
  return inWords < text.length / 2 && slashes < text.length / 10
}

/** In a URL, and before a host without a scheme; a mailto: and the like has an @ of its own (RFC 6068). */
const USER =
  /[a-z][a-z\d+.-]*:\/\/[^/?#\\\s]*@|^\/\/[^/?#\\\s]*@|(?:^|[\s,])(?!(?:mailto|sips?|xmpp|acct|tag|urn):)[^\s,/@:]*:[^\s,/@]*@/i

export function holdsUser(text: string): boolean {
  return USER.test(text)
}

/** As secretKind says it. */
export function passwordKind(text: string): string | undefined {
  return holdsUser(text) ? 'a user name or password' : undefined
}

/** An address without its user name and password, which belong there or are refused for themselves. */
export function withoutUser(address: string): string {
  return address.replace(/^((?:[a-z][a-z\d+.-]*:)?\/\/)?[^/?#\\]*@/i, '$1')
}

/** Whether a value that is wrong may hold a password: not in the form of one, it may still be somebody's. */
export function mayHoldPassword(text: string): boolean {
  return /:.*@/s.test(text)
}
