/** What every request to Vault has, be it a pod's or that of who sets Vault up. */
import type { HttpRequest } from '../net/http.ts'

export interface VaultSend extends Omit<HttpRequest, 'body'> {
  /** For a write alone. */
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
