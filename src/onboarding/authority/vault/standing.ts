/** Whether workloads can get a certificate, as far as this operator's token may look. */
import type { Cluster } from '../../aws/owned.ts'
import { IamRaError } from '../../../errors.ts'
import type { Identity } from '../../names.ts'
import type { Vault } from '../../vault/vault.ts'
import type { Standing } from '../authority.ts'
import { isForbidden } from './client.ts'
import { readIssuer } from './issuer.ts'
import { clusterOf, type VaultCluster } from './names.ts'
import { admits, NAMES } from './role.ts'
import { roleFaults, rolePath } from './namespace.ts'

/** With the CN that its trust policy names for the CA; empty if the anchor's own root signs. */
type Named = Identity & { readonly issuer?: string }

/** @param open the client, opened when it is first needed @returns one for each, in their order */
export async function standings(
  open: () => Promise<Vault>,
  cluster: Cluster,
  workloads: readonly Named[],
): Promise<readonly Standing[]> {
  const names = clusterOf(cluster)
  if (names === undefined) {
    return workloads.map(() => ({ state: 'wrong', why: `run k8s setup ${cluster.name} again` }))
  }
  return await Promise.all(
    workloads.map(async (workload) => {
      try {
        const vault = await open()
        return (
          (await signingFault(vault, names, workload.issuer)) ??
          (await loginFault(vault, names, workload)) ?? { state: 'ok' }
        )
      } catch (error) {
        if (!(error instanceof IamRaError)) throw error
        return { state: 'unknown', why: reason(error) }
      }
    }),
  )
}

async function signingFault(
  vault: Vault,
  { pkiMount, pkiRole }: VaultCluster,
  named: string | undefined,
): Promise<Standing | undefined> {
  const issuer = await readIssuer(vault, pkiMount)
  if (issuer === undefined) return { state: 'wrong', why: `${pkiMount} signs nothing` }
  const { CN } = issuer.certificate.toLegacyObject().subject
  if (named !== undefined && named !== '' && CN !== named) {
    return { state: 'wrong', why: `${pkiMount} signs as ${String(CN)}, not ${named}` }
  }
  const role = await vault.read(`${pkiMount}/roles/${pkiRole}`)
  return role === undefined ? { state: 'wrong', why: `no ${pkiMount}/roles/${pkiRole}` } : undefined
}

async function loginFault(
  vault: Vault,
  names: VaultCluster,
  { namespace, account }: Identity,
): Promise<Standing | undefined> {
  const path = rolePath(names, namespace)
  const role = await vault.read(path)
  if (role === undefined) return { state: 'wrong', why: `no ${path}` }
  const [fault] = roleFaults(names, namespace, role)
  if (fault !== undefined) return { state: 'wrong', why: fault }
  return admits(role, { member: NAMES, name: account })
    ? undefined
    : { state: 'wrong', why: `${path} does not admit ${account}` }
}

function reason(error: IamRaError): string {
  return isForbidden(error) ? 'this Vault token may not look' : error.message
}
