/** Where a cluster's pods go in Vault, as the trust anchor's tag for the cluster keeps it. */
import type { Cluster } from '../../aws/owned.ts'
import type { Setup } from '../../vault/setup.ts'
import type { Data } from '../../vault/difference.ts'

export interface VaultPlace {
  readonly cluster: string
  /** As pods reach it. */
  readonly address: string
  readonly authMount: string
  readonly pkiMount: string
  readonly pkiRole: string
}

/** @returns undefined if the tag has other words */
export function vaultPlace({ name, mode, words }: Cluster): VaultPlace | undefined {
  const [address, authMount, pkiMount, pkiRole] = words
  if (mode !== 'vault' || address === undefined || authMount === undefined) return undefined
  if (pkiMount === undefined || pkiRole === undefined) return undefined
  return { cluster: name, address, authMount, pkiMount, pkiRole }
}

/** What the library of `vault setup` needs to know of it. What it would write besides roles and policies is not compared. */
export function setupAt({ cluster, authMount, pkiMount, pkiRole }: VaultPlace, config: Data = {}): Setup {
  return {
    cluster,
    kubernetes: {
      mount: authMount,
      host: String(config['kubernetes_host'] ?? ''),
      reviewer: config['disable_local_ca_jwt'] === true ? 'token' : 'vault',
    },
    pki: {
      ...{ mount: pkiMount, role: pkiRole, commonName: '', seconds: 0 },
      ...{ issuingCertificates: [], crlDistributionPoints: [] },
    },
    kv: { mount: 'secret', path: 'iam-ra' },
    operator: { role: 'none', account: 'none', audience: 'vault' },
    bindings: [],
  }
}
