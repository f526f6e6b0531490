/**
 * Recognizes requests that did not come from an SDK in this pod: a proxy or a browser tricked into sending one reveals
 * itself in the headers.
 */
import { refusal, type Answer, type EndpointRequest } from './answer.ts'

/**
 * Prefixes of headers that proxies add: X-Forwarded-For and the like (AWS's metadata service refuses that one too), RFC
 * 7239 Forwarded, RFC 9110 Via, RFC 8586 CDN-Loop, and headers that pass only between a client and its proxy.
 */
const PROXY = [
  'forwarded',
  'via',
  'x-forwarded',
  'x-original-',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-envoy-',
  'true-client-ip',
  'cf-connecting-ip',
  'cf-ray',
  'x-amz-cf-id',
  'cdn-loop',
  'proxy-',
]

/**
 * Headers that browsers add and no script on a page can leave out: the Fetch standard's forbidden request headers. Go's
 * client also sends Referer if a server redirected it here. Cookie is not among them: Java's client sends the cookies
 * of any port of this host if the app keeps a cookie jar.
 */
const BROWSER = [
  'origin',
  'referer',
  'sec-',
  'access-control-request-',
  'upgrade-insecure-requests',
  'dnt',
  'service-worker',
  'ping-from',
  'ping-to',
]

/** Proxies' headers for the client's address; each vendor puts its own word in front. */
const SENDERS_ADDRESS =
  /(?:^|-)(?:forwarded-for|client-?ip|real-ip|remote-(?:ip|addr)|originating-ip|socketip|proxyuser-ip)$/

/** Node's own `fetch` sends it with each request; a browser never sends it without Sec-Fetch-Site. */
const NO_PROOF = 'sec-fetch-mode'

const REFUSALS: readonly (readonly [beginning: string, answer: Answer])[] = [
  ...PROXY.map((name) => [name, refused(name, 'through a proxy')] as const),
  ...BROWSER.map((name) => [name, refused(name, 'from a browser')] as const),
]

const ADDRESS_REFUSED = refused('client-ip', 'through a proxy')

/** @returns the refusal, whatever the header's value; undefined if none of these headers is present */
export function refuseHeaders({ headers }: EndpointRequest): Answer | undefined {
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]?.toLowerCase() ?? ''
    if (name === NO_PROOF) continue
    const [, answer] = REFUSALS.find(([beginning]) => isNamed(name, beginning)) ?? []
    if (answer !== undefined) return answer
    if (SENDERS_ADDRESS.test(name)) return ADDRESS_REFUSED
  }
  return undefined
}

/** `via` matches Via and not Viaduct; `x-forwarded` also matches any header with one more word. */
function isNamed(name: string, beginning: string): boolean {
  if (!name.startsWith(beginning)) return false
  return beginning.endsWith('-') || name.length === beginning.length || name[beginning.length] === '-'
}

/** The name as listed: the header that was sent is not repeated. */
function refused(name: string, where: string): Answer {
  const shown = name.endsWith('-') ? `${name}*` : name
  return refusal(
    403,
    'Forbidden',
    `requests with the ${shown} header are refused: ask directly, not ${where}`,
  )
}
