/** What a cluster is called in Vault. */
import type { Cluster } from '../../aws/owned.ts'
import { isLoopback, vaultAddress } from '../../../settings/addresses.ts'
import { NAME, PATH, type ClusterSetup } from '../../vault/setup.ts'

/** What later commands must know of a cluster: it is kept in the trust anchor's tag. */
export interface VaultCluster {
  /** Of Vault, as pods reach it. */
  readonly address: string
  readonly authMount: string
  readonly pkiMount: string
  /** Its policy has the same name. */
  readonly pkiRole: string
  /** Of Vault Enterprise or HCP Vault. */
  readonly vaultNamespace?: string | undefined
}

/** Of the tokens with which pods log in. */
export const AUDIENCE = 'vault'
export const ROOT_MOUNT = 'pki-root'

const HOUR_SECONDS = 3600
const LIFETIME_HOURS = 43_800
/** RFC 5280, appendix A: ub-common-name. */
const MOST_COMMON_NAME = 64

export function wordsOf(names: VaultCluster): readonly string[] {
  const { address, authMount, pkiMount, pkiRole, vaultNamespace } = names
  return [address, authMount, pkiMount, pkiRole, ...(vaultNamespace === undefined ? [] : [vaultNamespace])]
}

/** Undefined if another version wrote them, or somebody who may tag: they become paths, settings of pods and commands. */
export function clusterOf({ words }: Cluster): VaultCluster | undefined {
  const [address, authMount, pkiMount, pkiRole, vaultNamespace] = words
  if (address === undefined || authMount === undefined || pkiMount === undefined || pkiRole === undefined) {
    return undefined
  }
  const isFit = 'value' in vaultAddress(address) && [authMount, pkiMount].every((one) => PATH.test(one))
  if (!isFit || !NAME.test(pkiRole)) return undefined
  return {
    address,
    authMount,
    pkiMount,
    pkiRole,
    ...(vaultNamespace === undefined ? {} : { vaultNamespace }),
  }
}

/** Who may tag the trust anchor chooses where pods send their tokens, so the operator is shown it each time. */
export function addressNote(cluster: string, { address }: VaultCluster): string {
  const { protocol } = new URL(address)
  const open = protocol === 'http:' && !isLoopback(new URL(address))
  const plain = open ? ', in plain http: anyone on the way can read their tokens' : ''
  return `pods of cluster ${cluster} log in to Vault at ${address}, as the trust anchor's tag has it${plain}`
}

export interface ClusterWishes {
  /** Of Vault, as pods reach it. */
  readonly address: string
  /** Of the API server, as Vault reaches it. */
  readonly host: string
  readonly reviewer: 'vault' | 'token'
  readonly vaultNamespace?: string | undefined
}

export function defaultSetup(
  cluster: string,
  { address, host, reviewer, vaultNamespace }: ClusterWishes,
): ClusterSetup {
  const mount = `pki-${cluster}`
  const urls = [address, 'v1', ...(vaultNamespace === undefined ? [] : [vaultNamespace]), mount].join('/')
  const commonName = `Pods of cluster ${cluster}`
  return {
    cluster,
    kubernetes: { mount: `kubernetes-${cluster}`, host, reviewer },
    pki: {
      mount,
      role: `iam-ra-${cluster}`,
      commonName: commonName.length <= MOST_COMMON_NAME ? commonName : cluster,
      seconds: LIFETIME_HOURS * HOUR_SECONDS,
      issuingCertificates: [`${urls}/ca`],
      crlDistributionPoints: [`${urls}/crl`],
    },
  }
}
