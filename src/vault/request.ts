/** What all requests to Vault have in common, from a pod or from vault-setup. */
import type { HttpRequest } from '../net/http.ts'

export interface VaultSend extends Omit<HttpRequest, 'body'> {
  /** For writes only. */
  readonly data?: unknown
}

export function vaultRequest({ data, headers, ...others }: VaultSend): HttpRequest {
  return {
    ...others,
    headers: {
      ...headers,
      Accept: 'application/json',
      'Content-Type': 'application/json',
      // A Vault Agent or Proxy with `require_request_header` refuses a request without it.
      'X-Vault-Request': 'true',
    },
    ...(data === undefined ? {} : { body: JSON.stringify(data) }),
  }
}
