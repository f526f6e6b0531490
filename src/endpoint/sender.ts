/** Requests that did not come from an SDK of this pod: a proxy that was talked into one says so, and so does a browser. */
import { refusal, type Answer, type EndpointRequest } from './answer.ts'

/**
 * Beginnings of the names of headers that proxies add: X-Forwarded-For and its like (AWS's metadata service refuses that
 * one too), RFC 7239 Forwarded, RFC 9110 Via, RFC 8586 CDN-Loop, and what is between a client and its proxy alone.
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
 * Those that browsers add and no script of a page can leave out: the Fetch standard's forbidden request headers. Referer
 * is also what Go's client sends when a server redirected it here. No Cookie: Java's client sends those of any port of
 * this host where the app keeps a jar.
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

/** What a proxy calls the sender that it speaks for; each maker has a word of its own before it. */
const SENDERS_ADDRESS =
  /(?:^|-)(?:forwarded-for|client-?ip|real-ip|remote-(?:ip|addr)|originating-ip|socketip|proxyuser-ip)$/

/** Node's own `fetch` sends it with each request; a browser never sends it without Sec-Fetch-Site. */
const NO_PROOF = 'sec-fetch-mode'

const REFUSALS: readonly (readonly [beginning: string, answer: Answer])[] = [
  ...PROXY.map((name) => [name, refused(name, 'through a proxy')] as const),
  ...BROWSER.map((name) => [name, refused(name, 'from a browser')] as const),
]

const ADDRESS_REFUSED = refused('client-ip', 'through a proxy')

/** @returns the refusal, whatever the header says; undefined where none of them is there */
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

/** `via` is Via and not Viaduct; `x-forwarded` is each header with one more word, too. */
function isNamed(name: string, beginning: string): boolean {
  if (!name.startsWith(beginning)) return false
  return beginning.endsWith('-') || name.length === beginning.length || name[beginning.length] === '-'
}

/** The name as it is in the list: what was sent is not said again. */
function refused(name: string, where: string): Answer {
  const shown = name.endsWith('-') ? `${name}*` : name
  return refusal(
    403,
    'Forbidden',
    `requests with the ${shown} header are refused: ask directly, not ${where}`,
  )
}
