/** What does not fit in an installation, and the command that settles it. Pure. */
import type { X509Certificate } from 'node:crypto'
import { commonName } from '../names.ts'
import { oneLine, readCertificates } from '../vault/certificates.ts'
import type { BoundRole, Installation } from './installation.ts'

export interface Finding {
  /** In words that follow the name of the role or the installation's, such as `has no profile`. */
  readonly wrong: string
  /** What settles it, as a hint. */
  readonly hint: string
}

/** Of the installation as a whole; `roleFindings` has those of each role. */
export function installationFindings(installation: Installation, nowMs: number): readonly Finding[] {
  const { anchor, doubles, strangers, roles } = installation
  const init = run(installation, 'init')
  const [stranger] = strangers
  if (anchor === undefined) {
    return [
      ...(roles.length === 0 ? [] : [{ wrong: 'has roles and no trust anchor', hint: `${init} creates it` }]),
      ...(stranger === undefined
        ? []
        : [
            {
              wrong: `has no trust anchor, and ${stranger.arn}, which has its name, is not tagged as its own`,
              hint: 'choose another installation with --installation, or delete that anchor if nothing uses it',
            },
          ]),
    ]
  }
  const expired = rootsOf(anchor.certificates).filter(({ endsMs }) => endsMs <= nowMs)
  return [
    ...(anchor.enabled ? [] : [{ wrong: 'has a trust anchor that is disabled', hint: `${init} enables it` }]),
    ...doubles.map(({ arn }) => ({
      wrong: `has another trust anchor, ${arn}, from a run that was stopped`,
      hint: `${init} deletes it`,
    })),
    ...expired.map(({ subject, ends }) => ({
      wrong: `has the root ${subject}, which expired on ${ends}`,
      hint: 'create an installation with a new root: iam-ra init --installation NAME',
    })),
  ]
}

export function roleFindings(installation: Installation, role: BoundRole): readonly Finding[] {
  const { anchor } = installation
  const create = run(installation, `role create ${role.role}`)
  const [profile, ...doubles] = role.profiles
  if (role.fault !== undefined) {
    return [{ wrong: role.fault, hint: `look at its tags: aws iam list-role-tags --role-name ${role.name}` }]
  }
  return [
    ...(profile === undefined ? [{ wrong: 'has no profile', hint: `${create} creates it` }] : []),
    ...(profile?.enabled === false
      ? [{ wrong: 'has a profile that is disabled', hint: `${create} enables it` }]
      : []),
    ...doubles.map(({ arn }) => ({
      wrong: `has another profile, ${arn}, from a run that was stopped`,
      hint: `${create} deletes it`,
    })),
    ...(role.altered
      ? [
          {
            wrong: 'has statements of iam-ra in its trust policy that someone changed by hand',
            hint: `${create} writes them again`,
          },
        ]
      : []),
    ...role.lacking.map((one) => ({
      wrong: `does not admit ${commonName(one)}, which its tags have`,
      hint: `${onboard(installation, role, one)} admits it`,
    })),
    ...role.untagged.map(({ name }) => ({
      wrong: `admits ${name}, which none of its tags has`,
      hint: `${create} removes it from the trust policy`,
    })),
    ...role.bindings
      .filter((one) => anchor === undefined || !anchor.arn.endsWith(`/${one.anchor.id}`))
      .map((one) => ({
        wrong: `admits ${commonName(one)} through another trust anchor, ${one.anchor.id}`,
        hint: `${onboard(installation, role, one)} binds it to this one`,
      })),
  ]
}

function onboard(
  installation: Installation,
  { role }: BoundRole,
  { cluster, namespace, workload }: BoundRole['bindings'][number],
): string {
  return run(
    installation,
    `k8s onboard ${workload} --role ${role} --cluster ${cluster} --k8s-namespace ${namespace}`,
  )
}

function run({ name }: Installation, command: string): string {
  return `iam-ra ${command}${name === 'default' ? '' : ` --installation ${name}`}`
}

export interface RootFacts {
  readonly subject: string
  readonly endsMs: number
  /** The day. */
  readonly ends: string
}

/** Of a trust anchor; none for one of ACM Private CA. */
export function rootsOf(pem: string): readonly RootFacts[] {
  return readCertificates('the trust anchor', pem).map(({ subject, validToDate }: X509Certificate) => ({
    subject: oneLine(subject),
    endsMs: validToDate.getTime(),
    ends: validToDate.toISOString().slice(0, 10),
  }))
}
