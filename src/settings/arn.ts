/** The three ARNs: parsed, each checked for its resource type, then against one another. */
import { parseArn, type Arn } from '../aws/arn.ts'
import { expecting, listOf, region, type Check, type Unfit } from './values.ts'

export type ArnSetting = 'ROLE_ARN' | 'ANCHOR_ARN' | 'PROFILE_ARN'

interface Kind {
  readonly noun: string
  readonly expected: string
  readonly service: 'iam' | 'rolesanywhere'
  readonly resource: RegExp
}

/** `Length 36` and this pattern are the Roles Anywhere API's for the ids of trust anchors and profiles. */
const ID = '[a-f0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}'

const KINDS: Readonly<Record<ArnSetting, Kind>> = {
  ROLE_ARN: {
    noun: "a role's ARN",
    expected: 'arn:aws:iam::<account>:role/<name>',
    service: 'iam',
    resource: /^role\/([!-.0-~]+\/)*[\w+=,.@-]{1,64}$/,
  },
  ANCHOR_ARN: {
    noun: "a trust anchor's ARN",
    expected: 'arn:aws:rolesanywhere:<region>:<account>:trust-anchor/<id>',
    service: 'rolesanywhere',
    resource: new RegExp(`^trust-anchor/${ID}$`, 'i'),
  },
  PROFILE_ARN: {
    noun: "a profile's ARN",
    expected: 'arn:aws:rolesanywhere:<region>:<account>:profile/<id>',
    service: 'rolesanywhere',
    resource: new RegExp(`^profile/${ID}$`, 'i'),
  },
}

export const roleArn: Check<Arn> = arnFor('ROLE_ARN')
export const anchorArn: Check<Arn> = arnFor('ANCHOR_ARN')
export const profileArn: Check<Arn> = arnFor('PROFILE_ARN')

export const anchorArns: Check<readonly Arn[]> = listOf(
  'ARNs of trust anchors, separated by commas',
  "is not a trust anchor's ARN",
  (text) => valueOf(anchorArn(text)),
)

/** An id of `*` means all profiles of that account and region. */
export const profileArns: Check<readonly Arn[]> = listOf(
  'ARNs of profiles, separated by commas, with * as an id for all profiles of that account and region',
  "is not a profile's ARN",
  (text) => {
    const [, start] = /^(.*:profile\/)\*$/s.exec(text) ?? []
    // The rest is checked with any valid id.
    const isFit =
      'value' in
      profileArn(start === undefined ? text : `${start}${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`)
    return isFit ? parseArn(text) : undefined
  },
)

function valueOf(checked: { readonly value: Arn } | Unfit): Arn | undefined {
  return 'value' in checked ? checked.value : undefined
}

function arnFor(setting: ArnSetting): Check<Arn> {
  const { expected, noun } = KINDS[setting]
  return expecting(expected, (text) => {
    const arn = parseArn(text)
    if (arn === undefined) return { wrong: 'is not an ARN' }
    const kind = kindOf(arn)
    if (kind !== undefined && kind !== setting) {
      return { wrong: `is ${KINDS[kind].noun}, which belongs in ${kind}` }
    }
    if (arn.service === 'sts' && arn.resource.startsWith('assumed-role/')) {
      return { wrong: "is a session's ARN", expected: `the role's own, ${expected}` }
    }
    if (kind === undefined) return { wrong: `is not ${noun}` }
    const wrong = faultOf(arn, KINDS[kind])
    return wrong === undefined ? { value: arn } : { wrong }
  })
}

/** By service and the resource's first word, so that a swapped ARN is recognized whatever else is wrong with it. */
function kindOf({ service, resource }: Arn): ArnSetting | undefined {
  if (service === 'iam') return resource.startsWith('role/') ? 'ROLE_ARN' : undefined
  if (service !== 'rolesanywhere') return undefined
  if (resource.startsWith('trust-anchor/')) return 'ANCHOR_ARN'
  return resource.startsWith('profile/') ? 'PROFILE_ARN' : undefined
}

function faultOf(arn: Arn, kind: Kind): string | undefined {
  if (!/^aws(-[a-z]+)*$/.test(arn.partition)) return 'does not name an AWS partition'
  if (kind.service === 'iam' && arn.region !== '') return 'has a region, but IAM has none'
  if (kind.service !== 'iam' && !('value' in region(arn.region))) return 'does not name a region'
  if (!/^\d{12}$/.test(arn.account)) return 'does not have an account of 12 digits'
  return kind.resource.test(arn.resource) ? undefined : `does not name a ${kind.expected.replace(/^.*:/, '')}`
}

/** Undefined if the ARN itself is missing or wrong. */
export type Arns = Readonly<Record<'role' | 'anchor' | 'profile', Arn | undefined>>

export type ArnConflict = Unfit & { readonly setting: ArnSetting }

/**
 * Combinations that CreateSession never accepts. Trust anchor and profile are in the same region (Roles Anywhere user
 * guide). A role is passed to the profile, and iam:PassRole works within one account only (IAM user guide, “pass a role
 * to an AWS service”).
 */
export function arnConflicts({ role, anchor, profile }: Arns): readonly ArnConflict[] {
  const conflicts: ArnConflict[] = []
  const compare = (
    setting: ArnSetting,
    part: 'partition' | 'region' | 'account',
    own: Arn | undefined,
    other: Arn | undefined,
    whose: string,
  ): void => {
    if (own === undefined || other === undefined || own[part] === other[part]) return
    conflicts.push({ setting, wrong: `has ${part} ${own[part]}`, expected: `${whose}, ${other[part]}` })
  }
  compare('ROLE_ARN', 'partition', role, anchor, "the trust anchor's")
  compare('ROLE_ARN', 'account', role, profile, "the profile's")
  compare('PROFILE_ARN', 'partition', profile, anchor, "the trust anchor's")
  compare('PROFILE_ARN', 'region', profile, anchor, "the trust anchor's")
  compare('PROFILE_ARN', 'account', profile, anchor, "the trust anchor's")
  return conflicts
}
