/** Text that came from a server, made fit to show: it may echo what we sent, and it may be a whole page. */

const LONGEST = 300
const HIDDEN = '[hidden]'

/** An ARN is long and base64-like, but no secret, and what an error is often about. */
const ARN = /\barn:[\w-]+:[\w-]*:[\w-]*:\d*:[\w+=,.@/:-]+/

/** The issuer of an EKS cluster's tokens ends in 32 hex digits, and an error may be about nothing else. */
const EKS_ISSUER = /https:\/\/oidc[.-]eks\.[\w.-]+\/id\/[0-9A-F]{32}(?![\w+/=])/

const SECRET_SHAPES: readonly RegExp[] = [
  // JSON Web Tokens, cut short or whole (RFC 7519: the header is a JSON object, so it begins with {").
  /(?<![A-Za-z])eyJ[\w-]{4,}(?:\.[\w-]*)*/,
  // Vault tokens, cut short too: https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes
  /(?<![A-Za-z])hv[sbr]\.[\w-]{4,}/,
  // The same before Vault 1.10, where the prefix alone says little.
  /(?<![A-Za-z])[sbr]\.[\w-]{20,}/,
  // PEM blocks, cut short anywhere after their first line.
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

/** One line of at most 300 characters (301 with the mark of a cut) without control characters, `secrets`, and what looks like one. */
export function foreignText(text: string, secrets: readonly string[] = []): string {
  // Before the spaces are joined, since a secret may hold some, and after, since joining may make one.
  let safe = hide(text, secrets).replace(SHAPES, (_found: string, harmless?: string) => harmless ?? HIDDEN)
  // Control and format characters could rewrite the terminal's line.
  safe = hide(safe.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim(), secrets)
  return safe.length > LONGEST ? `${safe.slice(0, LONGEST).replace(/\p{Cs}$/u, '')}…` : safe
}

/** As many as help; a server may send as many as a mebibyte holds, and the last line is the one that says why. */
const MOST_TEXTS = 5

/**
 * Each fit to show and different from the others, five at most, and then how many are left out.
 *
 * @param shown how one that is fit to show is said
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

/** The longest first: one may be the beginning of another. */
function hide(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= 8)
    .toSorted((a, b) => b.length - a.length)
    .reduce((safe, secret) => safe.replaceAll(secret, HIDDEN), text)
}

/** Whether a body is a page rather than the JSON of an API: a proxy or a gateway answered. */
export function looksLikePage(body: string): boolean {
  return /^\s*<(?:!doctype|html|\?xml|head|body)/i.test(body)
}

/** What a body is that is not the JSON of an API, as a sentence says it after `with`. */
export function kindOfBody(body: string): 'a page' | 'an empty body' | 'something' {
  return looksLikePage(body) ? 'a page' : body.trim() === '' ? 'an empty body' : 'something'
}
