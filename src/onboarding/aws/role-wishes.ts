/** What an operator wants a role to be, and what is wrong with the wishes alone. */
import { parseJsonObject } from '../../text/json.ts'
import { iamNameFault, roleFault } from '../names.ts'
import type { Tag } from './bindings.ts'
import type { BoundRole } from './installation.ts'

export interface RoleWishes {
  /** What the operator calls it. */
  readonly role: string
  /** Its name in IAM; by default it follows from the other. */
  readonly iamName?: string | undefined
  /** ARNs. */
  readonly policies: readonly string[]
  /** JSON by name. */
  readonly inline: Readonly<Record<string, string>>
  readonly boundary?: string | undefined
  /** 3600 to 43200: what the role allows. By default it stays as it is. */
  readonly maxSessionSeconds?: number | undefined
  /** 900 to 43200: what the profile gives. By default it stays as it is. */
  readonly sessionSeconds?: number | undefined
  /** The organisation's own. */
  readonly tags: readonly Tag[]
}

export type Seconds = Required<{ [K in 'maxSessionSeconds' | 'sessionSeconds']: number }>

/** AWS's own defaults. */
const HOUR_SECONDS = 3600

export function secondsOf(found: BoundRole | undefined, wishes: RoleWishes): Seconds {
  return {
    maxSessionSeconds: wishes.maxSessionSeconds ?? found?.maxSessionSeconds ?? HOUR_SECONDS,
    sessionSeconds: wishes.sessionSeconds ?? found?.profiles[0]?.durationSeconds ?? HOUR_SECONDS,
  }
}

/** Of the wishes alone: known before AWS is asked for anything. */
export function wishFaults(installation: string, wishes: RoleWishes): readonly string[] {
  const { role, iamName, policies, inline } = wishes
  const named = [
    [role, roleFault(role, installation, iamName)],
    [iamName ?? '', iamName === undefined ? undefined : iamNameFault(iamName)],
  ] as const
  return [
    ...named.flatMap(([text, fault]) =>
      fault === undefined ? [] : [`"${text}" ${fault.wrong}; use ${fault.expected}`],
    ),
    ...policies.filter((one) => !POLICY_ARN.test(one)).map((one) => `"${one}" is not the ARN of a policy`),
    ...Object.entries(inline)
      .filter(([, text]) => parseJsonObject(text) === undefined)
      .map(([policy]) => `the inline policy ${policy} is not a JSON object`),
    ...range('--max-session', wishes.maxSessionSeconds, 3600),
    ...range('--session-duration', wishes.sessionSeconds, 900),
  ]
}

const POLICY_ARN = /^arn:aws[a-z-]*:iam::(?:aws|\d{12}):policy\/[\w+=,.@/-]+$/

/** https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_CreateProfile.html and IAM's CreateRole. */
function range(flag: string, seconds: number | undefined, least: number): readonly string[] {
  return seconds === undefined || (seconds >= least && seconds <= 43_200)
    ? []
    : [`${flag} ${seconds} is out of range; use ${least} to 43200 seconds`]
}
