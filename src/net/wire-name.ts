/**
 * Host names as sent over the wire. The dot at the end of `vault.vault.svc.cluster.local.` makes a resolver skip its
 * search list, so it is kept for the lookup. It is not allowed in a server name (RFC 6066, section 3), no certificate has
 * it, and a signature covers the Host header as the server reads it.
 */

export function wireName(hostname: string): string {
  return hostname.length > 1 && hostname.endsWith('.') ? hostname.slice(0, -1) : hostname
}

/** With the port, unless it is the scheme's own. */
export function wireHost(url: URL): string {
  return wireName(url.hostname) + (url.port === '' ? '' : `:${url.port}`)
}
