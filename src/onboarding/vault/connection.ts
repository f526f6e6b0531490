/** Vault's address and the token, from the operator's environment. */
import { join } from 'node:path'
import { readPem, readText, type InputFiles } from './files.ts'
import type { Runtime } from '../../run/runtime.ts'
import { passwordKind, secretKind } from '../../text/secrets.ts'
import { serverName } from '../../settings/values.ts'
import { mistake } from './error.ts'
import { createVault, type Vault } from './vault.ts'

const CA_HINT = "set it to the file of the CA that signed Vault's certificate, or unset it"

interface Environment extends Pick<Runtime, 'env' | 'home' | 'http' | 'clock'>, InputFiles {
  warn(sentence: string): void
}

/** @throws IamRaError if VAULT_ADDR or a token is missing, or the token would go over plain http */
export async function openVault(runtime: Environment): Promise<Vault> {
  refuseSecrets(runtime)
  const url = readAddress(valueOf(runtime, 'VAULT_ADDR'))
  if (valueOf(runtime, 'VAULT_SKIP_VERIFY') !== undefined) {
    runtime.warn("VAULT_SKIP_VERIFY is ignored: Vault's certificate is always checked")
  }
  const token = await readToken(runtime)
  const tlsServerName = readServerName(valueOf(runtime, 'VAULT_TLS_SERVER_NAME'))
  const namespace = vaultNamespace(runtime)
  const ca = await vaultCa(runtime)
  return createVault(
    { url, token, ...(namespace === undefined ? {} : { namespace }) },
    runtime.http({
      ...(ca === undefined ? {} : { ca }),
      ...(tlsServerName === undefined ? {} : { tlsServerName }),
    }),
    (ms) => runtime.clock.sleep(ms),
  )
}

/** The certificates to trust as Vault's, PEM; undefined for the built-in roots. @throws IamRaError */
export async function vaultCa(runtime: Pick<Environment, 'env' | 'readFile'>): Promise<string | undefined> {
  const file = valueOf(runtime, 'VAULT_CACERT')
  return file === undefined ? undefined : await readPem(runtime, file, 'VAULT_CACERT', CA_HINT)
}

/** Of Vault Enterprise or HCP Vault. */
export function vaultNamespace(runtime: Pick<Environment, 'env'>): string | undefined {
  return valueOf(runtime, 'VAULT_NAMESPACE')
}

/** Checks every variable that is read except VAULT_TOKEN, where a secret belongs. */
function refuseSecrets(runtime: Environment): void {
  for (const name of ['VAULT_ADDR', 'VAULT_CACERT', 'VAULT_TLS_SERVER_NAME', 'VAULT_NAMESPACE']) {
    const text = valueOf(runtime, name) ?? ''
    // VAULT_ADDR has its own message for a password.
    const kind = secretKind(text) ?? (name === 'VAULT_ADDR' ? undefined : passwordKind(text))
    if (kind === undefined) continue
    throw mistake(`${name} contains what looks like ${kind}, and nothing was sent`, {
      hint: 'set a token in VAULT_TOKEN, and a CA by its path',
    })
  }
}

function valueOf({ env }: Pick<Environment, 'env'>, name: string): string | undefined {
  const value = env[name]?.trim()
  return value === '' ? undefined : value
}

function readAddress(text: string | undefined): URL {
  const hint = 'set it to an address such as https://vault.example:8200'
  if (text === undefined) throw mistake('VAULT_ADDR is not set', { hint })
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw mistake('VAULT_ADDR is not a Vault address', { hint })
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw mistake('VAULT_ADDR has more than a host and a port, and the rest would not be sent', {
      hint: `${hint}; set a namespace in VAULT_NAMESPACE`,
    })
  }
  // This token can do a lot more than a pod's.
  if (url.protocol === 'http:' && !/^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(url.hostname)) {
    throw mistake('VAULT_ADDR is plain http to another machine, and anyone on the way could read the token', {
      hint,
    })
  }
  return url
}

function readServerName(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const checked = serverName(text)
  if ('value' in checked) return checked.value
  throw mistake(`VAULT_TLS_SERVER_NAME ${checked.wrong}`, {
    hint: `set it to ${checked.expected}`,
  })
}

async function readToken(runtime: Environment): Promise<string> {
  const given = valueOf(runtime, 'VAULT_TOKEN')
  const hint = 'set VAULT_TOKEN, or log in with vault login'
  const token =
    given ??
    (runtime.home === undefined
      ? ''
      : await readText(runtime, join(runtime.home, '.vault-token'), 'the token of vault login').catch(
          () => '',
        )
    ).trim()
  if (token === '') throw mistake('there is no Vault token', { hint })
  if (!/^[!-~]+$/.test(token)) throw mistake('the Vault token has characters that no token has', { hint })
  return token
}
