/** What is in Vault now, as far as a setup is concerned. Only reads. */
import { isRecord } from '../../text/json.ts'
import type { Data } from './difference.ts'
import { fillParameters, type ParameterFiles } from './parameters.ts'
import { authConfig, paths, plainResources, storedArns, urls } from './resources.ts'
import { hasBindings, type ClusterSetup } from './setup.ts'
import type { Vault } from './vault.ts'

export interface Mount {
  readonly type: string
  readonly accessor: string
  readonly maxLeaseSeconds: number
  /** For a kv mount. */
  readonly version: string
}

export interface Issuer {
  readonly id: string
  readonly pem: string
  /** Empty if Vault has no key for it. */
  readonly keyId: string
  /** PEM, the certificate itself first. */
  readonly chain: readonly string[]
}

export interface State {
  /** Secrets engines by path, and auth mounts by `auth/` and their path; all end with a slash. */
  readonly mounts: ReadonlyMap<string, Mount>
  /** What was found at each path that a setup writes to; an empty path is absent. */
  readonly found: ReadonlyMap<string, Data>
  readonly issuers: readonly Issuer[]
  /** Empty if there is none. */
  readonly defaultIssuer: string
  readonly keys: readonly string[]
  /** Whether the PKI mount answers ACME. */
  readonly acme: boolean
  /** In the PKI mount. */
  readonly pkiRoles: readonly string[]
  /** In the auth mount, with each role's data; not read for a set-up without bindings. */
  readonly authRoles: ReadonlyMap<string, Data>
}

export async function readState(vault: Vault, setup: ClusterSetup, files: ParameterFiles): Promise<State> {
  const mounts = new Map([
    ...(await readMounts(vault, 'sys/mounts')),
    ...(await readMounts(vault, 'sys/auth')),
  ])
  const has = (mount: string, type: string): boolean => mounts.get(mount)?.type === type
  const hasAuth = has(paths.authMount(setup), 'kubernetes')
  const hasPki = has(paths.pkiMount(setup), 'pki')
  const found = new Map<string, Data>()
  const look = async (path: string): Promise<void> => {
    const data = await vault.read(path)
    if (data !== undefined) found.set(path, data)
  }
  const there = (mount: string | undefined): boolean => {
    if (mount === undefined) return true
    return mount.startsWith('auth/') ? hasAuth : hasPki
  }
  // Only their paths matter, and those contain no accessor.
  for (const { path, mount } of [
    authConfig(setup, undefined),
    urls(setup),
    ...plainResources(setup, fillParameters(files, setup, '')),
  ]) {
    if (there(mount)) await look(path)
  }
  if (
    hasBindings(setup) &&
    has(paths.kvMount(setup), 'kv') &&
    mounts.get(paths.kvMount(setup))?.version === '2'
  ) {
    for (const { path } of storedArns(setup)) await look(path)
  }
  const authRoles = new Map<string, Data>()
  for (const name of hasAuth && hasBindings(setup) ? await vault.list(paths.authRoles(setup)) : []) {
    const path = `${paths.authRoles(setup)}/${name}`
    authRoles.set(name, found.get(path) ?? (await vault.read(path)) ?? {})
  }
  return {
    mounts,
    found,
    ...(hasPki ? await readAuthority(vault, setup.pki.mount) : { issuers: [], defaultIssuer: '', keys: [] }),
    // Vault has this path only since 1.14.
    acme: hasPki && (await vault.read(paths.acme(setup)))?.['enabled'] === true,
    pkiRoles: hasPki ? await vault.list(paths.pkiRoles(setup)) : [],
    authRoles,
  }
}

/** As State has them: secrets engines, or auth mounts. */
export async function readMounts(
  vault: Vault,
  path: 'sys/mounts' | 'sys/auth',
): Promise<ReadonlyMap<string, Mount>> {
  return mountsOf(await vault.read(path), path === 'sys/auth' ? 'auth/' : '')
}

function mountsOf(answer: Data = {}, prefix: string): ReadonlyMap<string, Mount> {
  return new Map(
    Object.entries(answer).flatMap(([path, mount]) => {
      if (!isRecord(mount)) return []
      const config = isRecord(mount['config']) ? mount['config'] : {}
      const options = isRecord(mount['options']) ? mount['options'] : {}
      const one: Mount = {
        type: text(mount['type']),
        accessor: text(mount['accessor']),
        maxLeaseSeconds: Number(config['max_lease_ttl'] ?? 0),
        version: text(options['version']),
      }
      return [[`${prefix}${path}`, one] as const]
    }),
  )
}

/** Not pki/issuer/default, which is a 500 if there is none. */
export async function readAuthority(
  vault: Vault,
  mount: string,
): Promise<Pick<State, 'issuers' | 'defaultIssuer' | 'keys'>> {
  const issuers: Issuer[] = []
  for (const id of await vault.list(`${mount}/issuers`)) {
    const data = (await vault.read(`${mount}/issuer/${id}`)) ?? {}
    const chain = Array.isArray(data['ca_chain']) ? data['ca_chain'].map(text) : []
    issuers.push({ id, pem: text(data['certificate']), keyId: text(data['key_id']), chain })
  }
  const config = (await vault.read(`${mount}/config/issuers`)) ?? {}
  return { issuers, defaultIssuer: text(config['default']), keys: await vault.list(`${mount}/keys`) }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
