/** What is wrong with the PKI mount of a cluster: its place below the trust anchor, its role, and other ways to sign. */
import { X509Certificate } from 'node:crypto'
import { displayDifference } from '../../plan/difference.ts'
import { planAuthority } from '../../vault/authority.ts'
import { oneLine, readCertificates } from '../../vault/certificates.ts'
import { makePlan } from '../../vault/plan.ts'
import { REFERENCE } from '../../vault/reference.ts'
import type { State } from '../../vault/state.ts'
import type { Step } from '../../vault/step.ts'
import { expiry, failed, faultsOr, listed, ok, warning, type Finding } from '../finding.ts'
import type { Bound } from '../scope.ts'
import { setupAt, type VaultPlace } from './place.ts'

export interface PkiFacts {
  readonly place: VaultPlace
  readonly state: State
  /** PEM of the trust anchor; empty if it has none. */
  readonly anchor: string
  readonly bound: readonly Bound[]
  readonly nowMs: number
  /** The command that sets the cluster up. */
  readonly setup: string
}

export function authorityFindings({
  place,
  state,
  anchor,
  bound,
  nowMs,
  setup,
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
  const findings: Finding[] = []
  const name = `${pkiMount} signs as ${oneLine(own.subject)}`
  const ends = expiry(own.validToDate, nowMs)
  const renewal = `renew it: iam-ra vault setup --rotate --root-mount MOUNT --apply, with --setup for ${pkiMount}`
  if (ends.when === 'past') findings.push(failed(`${name}, which ${ends.clause}`, renewal))
  if (ends.when === 'soon') findings.push(warning(`${name}, which ${ends.clause}`, renewal))
  if (!leadsTo(own, issuer.chain, anchor)) {
    findings.push(
      failed(
        `${name}, below ${oneLine(own.issuer)}: that does not lead to the root of the trust anchor, so AWS refuses every pod`,
        'have the root of the trust anchor sign it, or look whether VAULT_ADDR is the Vault of this installation',
      ),
    )
  }
  const { CN: found } = own.toLegacyObject().subject
  const isRoot = readCertificates('the trust anchor', anchor).some(
    (one) => one.fingerprint256 === own.fingerprint256,
  )
  const expected = isRoot ? '' : String(found)
  const others = bound.filter(({ binding }) => binding.issuer !== expected)
  if (others.length > 0) {
    const wanted = [...new Set(others.map(({ binding }) => binding.issuer))]
    findings.push(
      failed(
        `${name}, and the trust policies expect ${listed(wanted.map((one) => (one === '' ? "the trust anchor's own root" : one)))} for ${listed(others.map(({ binding }) => binding.workload))}`,
        `onboard them again, which corrects the policies: iam-ra k8s onboard ${others[0]?.binding.workload ?? ''} --cluster ${place.cluster} --k8s-namespace ${others[0]?.binding.namespace ?? ''} --role ${others[0]?.role.role ?? ''}`,
      ),
    )
  }
  return faultsOr(findings, `${name}, below the root of the trust anchor, and ${ends.clause}`)
}

/** Every link by its signature. The chain may lack what the anchor itself has. */
function leadsTo(own: X509Certificate, chain: readonly string[], anchor: string): boolean {
  const roots = readCertificates('the trust anchor', anchor)
  const above = [...chain.map((pem) => new X509Certificate(pem)), ...roots]
  const seen = new Set<string>()
  let at: X509Certificate | undefined = own
  while (at !== undefined && !seen.has(at.fingerprint256)) {
    const { fingerprint256 } = at
    if (roots.some((root) => root.fingerprint256 === fingerprint256)) return true
    seen.add(fingerprint256)
    const below: X509Certificate = at
    at = above.find(
      (one) => !seen.has(one.fingerprint256) && below.checkIssued(one) && below.verify(one.publicKey),
    )
  }
  return false
}

/** Compared as `vault setup` does; its notes are warnings here. */
export function pkiRoleFindings({ place, state, nowMs, setup }: PkiFacts): readonly Finding[] {
  const config = state.found.get(`auth/${place.authMount}/config`)
  const wanted = setupAt(place, config)
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
