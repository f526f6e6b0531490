/**
 * Vault's HTTP API with the operator's token, over the project's own transport, so that TLS is always checked and no
 * proxy is used. Not src/vault/client.ts, which follows a standby's redirect: this token can do a lot more than a pod's,
 * and is sent only to the operator's own address. It also needs to delete, and to read the body of a kv 404.
 */
import { IamRaError } from '../../errors.ts'
import { isRecord, parseJsonObject } from '../../text/json.ts'
import { explain } from '../../net/rules.ts'
import { TransportError, type HttpAnswer, type HttpClient } from '../../net/http.ts'
import { vaultErrors } from '../../vault/answer.ts'
import { encodeVaultPath } from '../../vault/path.ts'
import { vaultRequest } from '../../vault/request.ts'
import type { Data } from './difference.ts'

import { hintBelowHttp, VAULT_RULES } from './vault-hint.ts'

export interface Vault {
  /** `data` of the answer; undefined if there is nothing. @throws IamRaError */
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

/** Every Vault has these. */
const EVERYWHERE: readonly string[] = ['sys/mounts', 'sys/auth']
const OTHER_SERVER = 'check VAULT_ADDR: something else answers there'

const TIMEOUT_MS = 30_000
/** A kv version 2 mount says so for a moment after it was created. */
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
      return await http.request(
        vaultRequest({
          method,
          url: new URL(`/v1/${encodeVaultPath(plain)}${query === undefined ? '' : `?${query}`}`, address.url),
          headers: {
            'X-Vault-Token': address.token,
            ...(address.namespace === undefined ? {} : { 'X-Vault-Namespace': address.namespace }),
          },
          data,
          timeoutMs: TIMEOUT_MS,
          signal: new AbortController().signal,
        }),
      )
    } catch (error) {
      if (!(error instanceof TransportError)) throw error
      throw new IamRaError('UNREACHABLE', 'identity', `no answer from ${server}: ${error.message}`, {
        cause: error,
        hint: hintBelowHttp(error),
      })
    }
  }
  /** The error for what was asked and what Vault said. */
  const refusal = (what: string, path: string, { status, body }: HttpAnswer): IamRaError => {
    const json = parseJsonObject(body)
    if (/^Client sent an HTTP request to an HTTPS server/.test(body)) {
      return new IamRaError(
        'ANSWER_INVALID',
        'identity',
        `${server} speaks https, but was asked in plain http`,
        {
          hint: 'use https:// in VAULT_ADDR, and set VAULT_CACERT to its CA',
        },
      )
    }
    const said = vaultErrors(json, [address.token]).join('; ')
    const words = said === '' ? '' : `: ${said}`
    // Without Vault's `errors`, 400 to 428 is from another server; the rest may be from a proxy in front of Vault.
    const isVaults = Array.isArray(json?.['errors']) || status < 400 || status >= 429
    return new IamRaError(
      'REFUSED',
      'identity',
      `${server} answered ${status} to the ${what} of ${path}${words}`,
      {
        status,
        hint: isVaults && status >= 300 ? explain(VAULT_RULES, { status, text: said }).hint : OTHER_SERVER,
      },
    )
  }
  const stranger = (what: string, path: string, { status }: HttpAnswer): IamRaError =>
    new IamRaError(
      'ANSWER_INVALID',
      'identity',
      `${server} answered ${status} to the ${what} of ${path}, but not as Vault does`,
      {
        status,
        hint:
          address.namespace === undefined
            ? OTHER_SERVER
            : `${OTHER_SERVER}, or VAULT_NAMESPACE names a namespace that it does not have`,
      },
    )
  /** Empty if the answer has none, as for many writes. */
  const dataOf = (what: string, path: string, answer: HttpAnswer): Data => {
    const body = parseJsonObject(answer.body)
    if (body === undefined && answer.status !== 204) throw stranger(what, path, answer)
    const data = body?.['data']
    if (isRecord(data)) return data
    if (answer.status === 200 && /^(read|list)$/.test(what)) throw stranger(what, path, answer)
    return {}
  }
  return {
    async read(path) {
      const answer = await ask('GET', path)
      if (answer.status === 200) return dataOf('read', path, answer)
      if (answer.status !== 404) throw refusal('read', path, answer)
      if (EVERYWHERE.includes(path)) throw stranger('read', path, answer)
      // kv reports a deleted version like this, with its number.
      const data = dataOf('read', path, answer)
      return Object.keys(data).length === 0 ? undefined : data
    },
    async list(path) {
      const answer = await ask('GET', `${path}?list=true`)
      if (answer.status !== 200 && answer.status !== 404) throw refusal('list', path, answer)
      const keys = dataOf('list', path, answer)['keys']
      return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : []
    },
    async write(path, data) {
      for (let attempt = 1; ; attempt += 1) {
        const answer = await ask('POST', path, data)
        if (answer.status === 200 || answer.status === 204) return dataOf('write', path, answer)
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
