/** What a reader asks for: the query of its address, read strictly, so that two readings of one query cannot differ. */
import type { Arn } from '../aws/arn.ts'
import { arnConflicts } from '../settings/arn.ts'
import { SETTINGS } from '../settings/options.ts'
import type { AgentOffer } from '../settings/settings.ts'
import { textFault } from '../settings/sources.ts'
import type { Check } from '../settings/values.ts'

export interface Question {
  readonly roleArn: Arn
  readonly profileArn: Arn
  readonly anchorArn: Arn
  readonly durationSeconds: number
  readonly sessionName?: string
}

/** Why there is no answer, as a sentence for the reader. */
export interface Unread {
  readonly wrong: string
}

const NAMES = ['role', 'profile', 'anchor', 'duration', 'session'] as const
type Name = (typeof NAMES)[number]

/** @param query what follows the first `?` */
export function readQuestion(query: string, offer: AgentOffer): Question | Unread {
  const given = readParameters(query)
  if ('wrong' in given) return given
  const { texts } = given
  const role = checked(texts, 'role', SETTINGS.ROLE_ARN.check)
  const profile = checked(texts, 'profile', SETTINGS.PROFILE_ARN.check)
  const anchor = checked(texts, 'anchor', SETTINGS.ANCHOR_ARN.check)
  const duration = checked(texts, 'duration', SETTINGS.SESSION_DURATION.check)
  const session = checked(texts, 'session', SETTINGS.SESSION_NAME.check)
  for (const one of [role, profile, anchor, duration, session]) if ('wrong' in one) return one
  if (!('value' in role)) return { wrong: 'role is missing; ask for ?role= and the ARN of an IAM role' }
  const question = {
    roleArn: role.value,
    profileArn: 'value' in profile ? profile.value : offer.profile,
    anchorArn: 'value' in anchor ? anchor.value : offer.anchor,
    durationSeconds: 'value' in duration ? duration.value : offer.durationSeconds,
    ...('value' in session && { sessionName: session.value }),
  }
  return notOffered(question, offer) ?? question
}

function readParameters(query: string): { readonly texts: ReadonlyMap<Name, string> } | Unread {
  const texts = new Map<Name, string>()
  for (const part of query.split('&')) {
    const equals = part.indexOf('=')
    const name = NAMES.find((one) => one === part.slice(0, Math.max(0, equals)))
    if (name === undefined) return { wrong: `the query has a parameter other than ${NAMES.join(', ')}` }
    if (texts.has(name)) return { wrong: `${name} is given twice` }
    const text = decoded(part.slice(equals + 1))
    if (text === undefined) return { wrong: `${name} is not percent-encoded ASCII text` }
    if (text === '') return { wrong: `${name} is empty` }
    texts.set(name, text)
  }
  return { texts }
}

/** `+` is a plus: what SDKs and manifests write is no HTML form. */
function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text)
    return /^[\x20-\x7e]*$/.test(plain) ? plain : undefined
  } catch {
    return undefined
  }
}

function checked<T>(
  texts: ReadonlyMap<Name, string>,
  name: Name,
  check: Check<T>,
): { readonly value: T } | Unread | { readonly isAbsent: true } {
  const text = texts.get(name)
  if (text === undefined) return { isAbsent: true }
  const fault = textFault(text)
  const found = fault ?? check(text)
  if ('value' in found) return found
  return { wrong: `${name} ${found.wrong}; expected ${found.expected}` }
}

function notOffered({ roleArn, profileArn, anchorArn }: Question, offer: AgentOffer): Unread | undefined {
  if (!offer.anchors.some(({ text }) => text === anchorArn.text))
    return { wrong: 'anchor is not one that this agent may use (AGENT_ANCHORS)' }
  if (!offer.profiles.some((one) => covers(one, profileArn)))
    return { wrong: 'profile is not one that this agent may use (AGENT_PROFILES)' }
  const [conflict] = arnConflicts({ role: roleArn, anchor: anchorArn, profile: profileArn })
  if (conflict === undefined) return undefined
  const name = conflict.setting === 'ROLE_ARN' ? 'role' : 'profile'
  return { wrong: `${name} ${conflict.wrong}; expected ${conflict.expected}` }
}

/** An offer of `profile/*` is every profile of that account and region. */
function covers(offered: Arn, asked: Arn): boolean {
  if (offered.text === asked.text) return true
  return offered.resource === 'profile/*' && asked.text.startsWith(offered.text.slice(0, -1))
}
