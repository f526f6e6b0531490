/**
 * Text that looks like a secret. A variable may be set from the wrong Secret, or X_FILE may name the token's file. No
 * setting is a secret, and most appear in logs, URLs or errors, so it is refused, unshown, before anything is sent.
 */

const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY/

/** RFC 7519: the header is a JSON object, so it begins with {". */
const JSON_WEB_TOKEN = /(?<!\w)eyJ[\w-]{12,}/

/**
 * https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes, and `s.` before Vault 1.10. In lower case
 * and followed by more labels, it is a host name.
 */
const VAULT_TOKEN =
  /(?<![\w.])(?:hv[sbr]\.(?:(?=[\w-]*[A-Z])[\w-]{20,}|[\w-]{20,}(?![\w.-]))|[sbr]\.(?:(?=[a-z\d]*[A-Z])[A-Za-z\d]{20,}|[A-Za-z\d]{24,}(?![\w.-])))/

/** `hvs.`, `hvb.`, `hvr.` and `eyJ` in base64: a Secret's value that was not decoded. */
const TOKEN_IN_BASE64 = /(?<!\w)(?:aHZ[ziy]L|ZXlK)[A-Za-z\d+/]{16,}/

/** An AWS secret key has 40 characters of base64; an STS session token has hundreds, also in URL-safe base64. */
const AWS_SECRET = /^(?:[A-Za-z\d+/]{40}|[\w+/-]{100,})$/

/** Names and paths consist of words. One in a hundred random keys of 40 characters looks like them. */
const WORDS = /[A-Z]?[a-z]{4,}|[A-Z][a-z]{3}/g

/** @returns for example `a Vault token`; undefined if it looks like no secret */
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

/** In a URL, and before a host without a scheme; mailto: and the like have an @ of their own (RFC 6068). */
const USER =
  /[a-z][a-z\d+.-]*:\/\/[^/?#\\\s]*@|^\/\/[^/?#\\\s]*@|(?:^|[\s,])(?!(?:mailto|sips?|xmpp|acct|tag|urn):)[^\s,/@:]*:[^\s,/@]*@/i

export function holdsUser(text: string): boolean {
  return USER.test(text)
}

/** In the form that secretKind returns. */
export function passwordKind(text: string): string | undefined {
  return holdsUser(text) ? 'a user name or password' : undefined
}

/** An address without its user name and password, which belong there or are refused separately. */
export function withoutUser(address: string): string {
  return address.replace(/^((?:[a-z][a-z\d+.-]*:)?\/\/)?[^/?#\\]*@/i, '$1')
}

/** Whether a wrong value may contain a password, even if it does not have the usual form. */
export function mayHoldPassword(text: string): boolean {
  return /:.*@/s.test(text)
}
