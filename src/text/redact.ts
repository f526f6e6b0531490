/** Text from a server, made fit to show: it may echo what we sent, or be a whole page. */

const LONGEST = 300
const HIDDEN = '[hidden]'

/** An ARN is long and looks like base64, but it is not a secret, and errors are often about one. */
const ARN = /\barn:[\w-]+:[\w-]*:[\w-]*:\d*:[\w+=,.@/:-]+/

/** The issuer of an EKS cluster's tokens ends in 32 hex digits, and an error may be about just that. */
const EKS_ISSUER = /https:\/\/oidc[.-]eks\.[\w.-]+\/id\/[0-9A-F]{32}(?![\w+/=])/

const SECRET_SHAPES: readonly RegExp[] = [
  // JSON Web Tokens, whole or truncated (RFC 7519: the header is a JSON object, so it begins with {").
  /(?<![A-Za-z])eyJ[\w-]{4,}(?:\.[\w-]*)*/,
  // Vault tokens, also truncated: https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes
  /(?<![A-Za-z])hv[sbr]\.[\w-]{4,}/,
  // The same before Vault 1.10, when the prefix alone says little.
  /(?<![A-Za-z])[sbr]\.[\w-]{20,}/,
  // PEM blocks, also truncated anywhere after their first line.
  /-----BEGIN [^-]+-----[^-]*(?:-+(?:E(?:N(?:D[^-]*-*)?)?)?)?/,
  // AWS access key IDs: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
  /(?<![A-Z0-9])A[KS]IA[A-Z0-9]{12,}/,
  // AWS secret keys (40 characters) and session tokens: long base64 with digits and both cases.
  /(?<![\w+/=])(?=[\w+/=]*\d)(?=[\w+/=]*[a-z])(?=[\w+/=]*[A-Z])[A-Za-z0-9+/=]{36,}/,
]

const SHAPES = new RegExp(
  `(${ARN.source}|${EKS_ISSUER.source})|${SECRET_SHAPES.map((shape) => shape.source).join('|')}`,
  'g',
)

/** One line of at most 300 characters (301 if truncated), without control characters, `secrets`, and secret-like text. */
export function foreignText(text: string, secrets: readonly string[] = []): string {
  // Before joining the spaces, because a secret may contain some, and after it, because joining may create one.
  let safe = hide(text, secrets).replace(SHAPES, (_found: string, harmless?: string) => harmless ?? HIDDEN)
  // Control and format characters could rewrite the terminal's line.
  safe = hide(safe.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim(), secrets)
  return safe.length > LONGEST ? `${safe.slice(0, LONGEST).replace(/\p{Cs}$/u, '')}…` : safe
}

/** As many as help: a server may send a mebibyte of them, and the last line is the one that says why. */
const MOST_TEXTS = 5

/**
 * At most five distinct texts, each fit to show, then the number of the others.
 *
 * @param shown formats a text that is fit to show
 */
export function foreignTexts(
  texts: readonly string[],
  shown: (text: string) => string = (text) => text,
  secrets: readonly string[] = [],
): string[] {
  const different = [...new Set(texts)]
  const fit = different.slice(0, MOST_TEXTS).map((text) => shown(foreignText(text, secrets)))
  const said = [...new Set(fit)].filter((text) => text !== '')
  const left = different.length - MOST_TEXTS
  return left > 0 ? [...said, `and ${left} more`] : said
}

/** Longest first: one may be the beginning of another. */
function hide(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= 8)
    .toSorted((a, b) => b.length - a.length)
    .reduce((safe, secret) => safe.replaceAll(secret, HIDDEN), text)
}

/** Whether a body is a page instead of an API's JSON: a proxy or a gateway answered. */
export function looksLikePage(body: string): boolean {
  return /^\s*<(?:!doctype|html|\?xml|head|body)/i.test(body)
}

/** What a body is if it is not an API's JSON, in words that follow `with`. */
export function kindOfBody(body: string): 'a page' | 'an empty body' | 'something' {
  return looksLikePage(body) ? 'a page' : body.trim() === '' ? 'an empty body' : 'something'
}
