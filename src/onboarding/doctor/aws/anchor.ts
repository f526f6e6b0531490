/** What is wrong with the trust anchor of an installation. */
import { X509Certificate } from 'node:crypto'
import type { Installation } from '../../aws/installation.ts'
import { CA_MODE, tagValue } from '../../aws/owned.ts'
import { oneLine } from '../../vault/certificates.ts'
import type { Commands } from '../commands.ts'
import { expiry, failed, faultsOr, listed, warning, type Finding } from '../finding.ts'

export function anchorFindings(
  installation: Installation,
  nowMs: number,
  commands: Commands,
): readonly Finding[] {
  const { name, anchor, doubles, strangers } = installation
  const [stranger] = strangers
  if (anchor === undefined) {
    return [
      stranger === undefined
        ? failed(
            `installation ${name} has no trust anchor in this account and region`,
            `create it with ${commands.init()}, or name the account and region that have it: --profile, --region`,
          )
        : failed(
            `trust anchor ${stranger.arn} has the name of installation ${name}, but not its tags`,
            'use another --installation, or rename that trust anchor: iam-ra changes only what carries its tags',
          ),
    ]
  }
  const root = rootOf(anchor.certificates)
  const findings: Finding[] = []
  if (!anchor.enabled) findings.push(failed(`trust anchor ${anchor.name} is disabled`, commands.init()))
  if (root === undefined) {
    findings.push(
      failed(
        `trust anchor ${anchor.name} has no certificate as its source, though its certificates come from ${tagValue(anchor.tags, CA_MODE) ?? 'an unknown CA'}`,
        `compare it with the root: aws rolesanywhere get-trust-anchor --trust-anchor-id ${anchor.id}`,
      ),
    )
  }
  const ends = root === undefined ? undefined : expiry(root.validToDate, nowMs)
  if (ends?.when === 'past') {
    findings.push(
      failed(
        `the root of trust anchor ${anchor.name} ${ends.clause}`,
        'make an installation with a new root, by iam-ra init --installation NAME, and onboard the workloads there',
      ),
    )
  }
  if (ends?.when === 'soon') {
    findings.push(
      warning(
        `the root of trust anchor ${anchor.name} ${ends.clause}`,
        'make an installation with a new root, by iam-ra init --installation NAME, and onboard the workloads there before',
      ),
    )
  }
  if (doubles.length > 0) {
    findings.push(
      warning(
        `there are further trust anchors of this installation: ${listed(doubles.map(({ arn }) => arn))}`,
        `${commands.init()} deletes them`,
      ),
    )
  }
  return faultsOr(
    findings,
    `trust anchor ${anchor.name} is enabled; its root ${root === undefined ? '' : oneLine(root.subject)} ${ends?.clause ?? ''}`,
  )
}

/** The first certificate of a bundle; undefined for ACM Private CA. */
function rootOf(pem: string): X509Certificate | undefined {
  return pem === '' ? undefined : new X509Certificate(pem)
}
