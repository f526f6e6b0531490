/** Other PKI mounts of this Vault: the one that has the root, and those that sign for a cluster of the same name. */
import type { ClusterSetup } from '../../vault/setup.ts'
import { paths } from '../../vault/resources.ts'
import { readCertificates } from '../../vault/certificates.ts'
import type { State } from '../../vault/state.ts'
import type { Vault } from '../../vault/vault.ts'
import { issuerBelow, readIssuer } from './issuer.ts'

/** @returns the mount whose default issuer is in the trust anchor; undefined if the root is not in this Vault */
export async function findRootMount(
  vault: Vault,
  { mounts }: State,
  anchor: string,
  first: string,
): Promise<string | undefined> {
  const roots = readCertificates('the trust anchor', anchor).map(({ fingerprint256 }) => fingerprint256)
  const names = pkiMounts({ mounts }).toSorted((a, b) => Number(b === first) - Number(a === first))
  for (const mount of names) {
    const issuer = await readIssuer(vault, mount)
    if (issuer !== undefined && roots.includes(issuer.certificate.fingerprint256)) return mount
  }
  return undefined
}

/** PKI roles that sign, below the same root, this cluster's names for callers of another auth mount. */
export async function findNamesakes(
  vault: Vault,
  setup: ClusterSetup,
  state: State,
  anchor: string,
): Promise<readonly string[]> {
  const own = paths.authMount(setup)
  const owners = new Map([...state.mounts].map(([path, { accessor }]) => [accessor, path]))
  const problems: string[] = []
  for (const mount of pkiMounts(state)) {
    const issuer = await readIssuer(vault, mount)
    // An expired one may be renewed, and its role signs then.
    if (issuer === undefined || 'wrong' in issuerBelow(mount, issuer, anchor, 0)) continue
    for (const role of await vault.list(`${mount}/roles`)) {
      const { allowed_domains: domains } = (await vault.read(`${mount}/roles/${role}`)) ?? {}
      const owner = accessorsFor(setup.cluster, domains)
        .map((accessor) => owners.get(accessor))
        .find((path) => path !== undefined && path !== own)
      if (owner !== undefined) problems.push(namesake(setup, `${mount}/roles/${role}`, owner))
    }
  }
  return problems
}

function namesake({ cluster, kubernetes }: ClusterSetup, role: string, owner: string): string {
  const mount = owner.replace(/^auth\/|\/$/g, '')
  return `${role} signs names of cluster ${cluster} for callers of ${owner}, below the same root: there is a cluster of the same name elsewhere. Choose another cluster name; if it is this cluster, give a --setup FILE with kubernetes.mount ${mount} in place of ${kubernetes.mount}`
}

/** By their accessors, the auth mounts whose callers get names of a cluster: k8s/vault/pki-role.json. */
function accessorsFor(cluster: string, domains: unknown): readonly string[] {
  const texts = Array.isArray(domains) ? domains.map(String) : []
  return texts.flatMap((text) => {
    if (!text.endsWith(`.${cluster}`)) return []
    return [...text.matchAll(/\{\{identity\.entity\.aliases\.([^.}]+)\./g)].map(
      ([, accessor = '']) => accessor,
    )
  })
}

function pkiMounts({ mounts }: Pick<State, 'mounts'>): readonly string[] {
  return [...mounts]
    .filter(([path, { type }]) => type === 'pki' && !path.startsWith('auth/'))
    .map(([path]) => path.replace(/\/$/, ''))
}
