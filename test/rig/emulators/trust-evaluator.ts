/**
 * Whether a role's trust policy lets IAM Roles Anywhere in with a certificate. IAM User Guide, "Policy evaluation logic" and
 * "IAM JSON policy elements: Condition operators"; IAM Roles Anywhere User Guide, "Trust model", for the three actions.
 */

import { holds, matches, type Conditions, type Texts } from './conditions.ts'

/** @throws Error if the policy has something that is not known here: no answer is better than a wrong one */
export function trusts(policy: string, context: Readonly<Record<string, string>>): boolean {
  const { Statement: stated, Version: version } = JSON.parse(policy) as {
    readonly Statement?: Statement | readonly Statement[]
    readonly Version?: string
  }
  const statements = [stated ?? []]
    .flat()
    .filter((one) => isForUs(one) && holds(one.Condition ?? {}, context, version))
  return ACTIONS.every((action) => {
    const effects = statements.filter((one) => names(one, action)).map(({ Effect }) => Effect)
    return effects.includes('Allow') && !effects.includes('Deny')
  })
}

/** What the conditions of the policy may ask for. @param tags as sessionTags gives them */
export function trustContext(caller: {
  readonly anchorArn: string
  readonly tags: Readonly<Record<string, string>>
  readonly sourceIdentity: string | undefined
}): Readonly<Record<string, string>> {
  return {
    'aws:SourceArn': caller.anchorArn,
    'aws:SourceAccount': caller.anchorArn.split(':')[4] ?? '',
    ...(caller.sourceIdentity === undefined ? {} : { 'sts:SourceIdentity': caller.sourceIdentity }),
    ...Object.fromEntries(
      Object.entries(caller.tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value]),
    ),
  }
}

interface Statement {
  readonly Sid?: string
  readonly Effect: string
  readonly Principal: '*' | Readonly<Record<string, Texts>>
  readonly Action: Texts
  readonly Condition?: Conditions
}

const ELEMENTS = ['Sid', 'Effect', 'Principal', 'Action', 'Condition']
const ACTIONS = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']
const SERVICE = 'rolesanywhere.amazonaws.com'

function isForUs(statement: Statement): boolean {
  const strange = Object.keys(statement).find((element) => !ELEMENTS.includes(element))
  if (strange !== undefined) throw new Error(`a statement's ${strange} is not known here`)
  if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny')
    throw new Error(`the effect ${statement.Effect} is not known here`)
  const { Principal: principal } = statement
  return principal === '*' || [principal['Service'] ?? []].flat().includes(SERVICE)
}

/** Actions ignore case, and take patterns. */
function names(statement: Statement, action: string): boolean {
  return [statement.Action].flat().some((one) => matches(one.toLowerCase(), action.toLowerCase()))
}
