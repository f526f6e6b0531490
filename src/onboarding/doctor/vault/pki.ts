/** What is wrong with the PKI mount of a cluster: its place below the trust anchor, its role, and other ways to sign. */
import { X509Certificate } from 'node:crypto'
import { otherIssuer } from '../../authority/vault/cluster.ts'
import { issuerBelow } from '../../authority/vault/issuer.ts'
import { defaultSetup, type VaultCluster } from '../../authority/vault/names.ts'
import { displayDifference } from '../../plan/difference.ts'
import { planAuthority } from '../../vault/authority.ts'
import { oneLine } from '../../vault/certificates.ts'
import { makePlan } from '../../vault/plan.ts'
import { REFERENCE } from '../../vault/reference.ts'
import type { ClusterSetup } from '../../vault/setup.ts'
import type { State } from '../../vault/state.ts'
import type { Step } from '../../vault/step.ts'
import type { Commands } from '../commands.ts'
import { expiry, failed, faultsOr, listed, ok, warning, type Finding } from '../finding.ts'
import type { Bound } from '../../aws/installation.ts'

interface PkiFacts {
  readonly cluster: string
  readonly place: VaultCluster
  readonly state: State
  /** PEM of the trust anchor; empty if it has none. */
  readonly anchor: string
  readonly bound: readonly Bound[]
  readonly nowMs: number
  /** The command that sets the cluster up. */
  readonly setup: string
  readonly commands: Commands
}

/** What the library of `vault setup` needs to know of a cluster. */
export function setupOf(
  cluster: string,
  { address, authMount, pkiMount, pkiRole, vaultNamespace }: VaultCluster,
): ClusterSetup {
  const usual = defaultSetup(cluster, { address, vaultNamespace, host: '', reviewer: 'vault' })
  return {
    ...usual,
    kubernetes: { ...usual.kubernetes, mount: authMount },
    pki: { ...usual.pki, mount: pkiMount, role: pkiRole },
  }
}

export function authorityFindings({
  place,
  state,
  anchor,
  bound,
  nowMs,
  setup,
  commands,
}: PkiFacts): readonly Finding[] {
  const { pkiMount } = place
  const type = state.mounts.get(`${pkiMount}/`)?.type
  if (type === undefined) return [failed(`Vault has no PKI mount ${pkiMount}`, setup)]
  if (type !== 'pki')
    return [
      failed(`${pkiMount} is a mount of type ${type}, not pki`, `move it away, or set up another: ${setup}`),
    ]
  const issuer = state.issuers.find(({ id }) => id === state.defaultIssuer)
  if (issuer === undefined) return [failed(`${pkiMount} has no default issuer, so it signs nothing`, setup)]
  if (issuer.keyId === '')
    return [failed(`${pkiMount} has no key of its default issuer, so it signs nothing`, setup)]
  const own = new X509Certificate(issuer.pem)
  const [, ...above] = issuer.chain.map((pem) => new X509Certificate(pem))
  const below = issuerBelow(pkiMount, { certificate: own, above }, anchor, nowMs)
  if ('wrong' in below) return [failed(`${below.wrong}, so AWS refuses every pod`, otherIssuer(pkiMount))]
  const name = `${pkiMount} signs as ${oneLine(own.subject)}`
  const ends = expiry(own.validToDate, nowMs)
  const findings: Finding[] = []
  if (ends.when === 'soon') findings.push(warning(`${name}, which ${ends.clause}`, otherIssuer(pkiMount)))
  const others = bound.filter(({ binding }) => binding.issuer !== below.name)
  for (const { binding, role } of others.slice(0, 1)) {
    const expected = binding.issuer === '' ? "the trust anchor's own root" : binding.issuer
    findings.push(
      failed(
        `${name}, and trust policies expect ${expected} for ${listed(others.map((one) => one.binding.workload))}`,
        `onboard each again: ${commands.onboard(binding, role.role)}`,
      ),
    )
  }
  return faultsOr(findings, `${name}, below the root of the trust anchor, and ${ends.clause}`)
}

/** Compared as `vault setup` does; its notes are warnings here. */
export function pkiRoleFindings({ cluster, place, state, nowMs, setup }: PkiFacts): readonly Finding[] {
  const wanted = setupOf(cluster, place)
  const wishes = { rotate: false, reviewerToken: false, replaceReviewerToken: false }
  const { steps, notes, problems } = makePlan(wanted, REFERENCE, wishes, state, nowMs)
  const said = new Set(planAuthority(wanted.pki, state, wishes, nowMs).notes)
  const paths = [`${place.pkiMount}/roles/${place.pkiRole}`, `sys/policies/acl/${place.pkiRole}`]
  const findings = [
    ...steps
      .filter(isWrite)
      .filter(({ path }) => paths.includes(path))
      .map(({ path, verb, differences }) =>
        verb === 'create'
          ? failed(`Vault has no ${path}`, setup)
          : failed(
              `${path} is not as it was set up: ${differences.map(displayDifference).join('; ')}`,
              setup,
            ),
      ),
    ...problems.filter((one) => paths.some((path) => one.startsWith(path))).map((one) => failed(one, setup)),
    ...notes
      .filter((one) => !said.has(one))
      .map((one) => warning(one, `docs/vault.md says who may sign what`)),
  ]
  return findings.length > 0
    ? faultsOr(findings, `${paths[0] ?? ''} signs only a pod's own name`)
    : [ok(`${paths[0] ?? ''} signs only a pod's own name`)]
}

function isWrite(step: Step): step is Extract<Step, { kind: 'write' }> {
  return step.kind === 'write'
}
