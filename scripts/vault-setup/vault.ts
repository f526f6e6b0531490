/** Vault's HTTP API with the operator's token: the project's own transport, so that TLS is always checked and no proxy is used. */
import { foreignText, isRecord, parseJsonObject } from '../../src/foreign-text.ts'
import { TransportError, type HttpAnswer, type HttpClient } from '../../src/http.ts'
import { encodeVaultPath } from '../../src/vault-path.ts'
import type { Data } from './difference.ts'
import { SetupError } from './error.ts'

export interface Vault {
  /** `data` of the answer; undefined where there is nothing. @throws SetupError */
  read(path: string): Promise<Data | undefined>
  list(path: string): Promise<readonly string[]>
  write(path: string, data: Data): Promise<Data>
  delete(path: string): Promise<void>
  close(): void
}

export interface VaultAddress {
  readonly url: URL
  readonly token: string
  readonly namespace?: string
}

const TIMEOUT_MS = 30_000
/** A mount of kv version 2 says so for a moment after it was made. */
const BUSY = /Upgrading from non-versioned to versioned data/
const BUSY_ATTEMPTS = 20
const BUSY_WAIT_MS = 500

export function createVault(
  address: VaultAddress,
  http: HttpClient,
  sleep: (ms: number) => Promise<void>,
): Vault {
  const server = `Vault at ${address.url.origin}`
  const ask = async (method: string, path: string, data?: Data): Promise<HttpAnswer> => {
    const [plain = '', query] = path.split('?')
    try {
      return await http.request({
        method,
        url: new URL(`/v1/${encodeVaultPath(plain)}${query === undefined ? '' : `?${query}`}`, address.url),
        headers: {
          Accept: 'application/json',
          'Content-Type': 'application/json',
          'X-Vault-Request': 'true',
          'X-Vault-Token': address.token,
          ...(address.namespace === undefined ? {} : { 'X-Vault-Namespace': address.namespace }),
        },
        ...(data === undefined ? {} : { body: JSON.stringify(data) }),
        timeoutMs: TIMEOUT_MS,
        signal: new AbortController().signal,
      })
    } catch (error) {
      if (!(error instanceof TransportError)) throw error
      throw new SetupError(`no answer of ${server}: ${error.message}`, {
        cause: error,
        hint: hintBelowHttp(error),
      })
    }
  }
  /** What was asked, and what Vault said to it. */
  const refusal = (what: string, path: string, { status, body }: HttpAnswer): SetupError => {
    const errors = parseJsonObject(body)?.['errors']
    const said = (Array.isArray(errors) ? errors : [])
      .filter((one) => typeof one === 'string')
      .map((one) => foreignText(one.replace(/^\d+ errors? occurred:\s*\*\s*/, ''), [address.token]))
      .join('; ')
      .replace(/\.$/, '')
    const words = said === '' ? '' : `: ${said}`
    return new SetupError(
      `${server} answered ${status} to the ${what} of ${path}${words}`,
      hintFor(status, said),
    )
  }
  const dataOf = ({ body }: HttpAnswer): Data => {
    const data = parseJsonObject(body)?.['data']
    return isRecord(data) ? data : {}
  }
  return {
    async read(path) {
      const answer = await ask('GET', path)
      if (answer.status === 200) return dataOf(answer)
      if (answer.status !== 404) throw refusal('read', path, answer)
      // kv tells of a deleted version so, with its number.
      const data = dataOf(answer)
      return Object.keys(data).length === 0 ? undefined : data
    },
    async list(path) {
      const answer = await ask('GET', `${path}?list=true`)
      if (answer.status !== 200 && answer.status !== 404) throw refusal('list', path, answer)
      const keys = dataOf(answer)['keys']
      return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : []
    },
    async write(path, data) {
      for (let attempt = 1; ; attempt += 1) {
        const answer = await ask('POST', path, data)
        if (answer.status === 200 || answer.status === 204) return dataOf(answer)
        if (!BUSY.test(answer.body) || attempt === BUSY_ATTEMPTS) throw refusal('write', path, answer)
        await sleep(BUSY_WAIT_MS)
      }
    },
    async delete(path) {
      const answer = await ask('DELETE', path)
      if (answer.status !== 204 && answer.status !== 200) throw refusal('deletion', path, answer)
    },
    close: () => http.close(),
  }
}

function hintBelowHttp({ fault, message }: TransportError): string {
  if (fault !== 'tls') return 'check VAULT_ADDR, and that Vault can be reached from here'
  return /another name/.test(message)
    ? 'set VAULT_TLS_SERVER_NAME to a name that the certificate of Vault has'
    : 'set VAULT_CACERT to the file of the CA that signed the certificate of Vault'
}

function hintFor(status: number, said: string): { readonly hint?: string } {
  if (/open \/var\/run\/secrets\/kubernetes\.io/.test(said)) {
    return {
      hint: 'this Vault runs in no pod: set kubernetes.reviewer to token, with kubernetes.caFile and --reviewer-token',
    }
  }
  if (status === 403) {
    return {
      hint: 'the token has ended or its policies do not allow this: docs/vault.md has a policy for who sets Vault up',
    }
  }
  if (status === 503) return { hint: 'Vault is sealed or not ready yet' }
  if (status >= 300 && status < 400) return { hint: 'set VAULT_ADDR to the active node' }
  return {}
}
