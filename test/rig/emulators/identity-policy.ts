/** Whether policies of an operator allow an action. IAM User Guide, "Policy evaluation logic". */
import { holds, matches, matchesArn, type Conditions, type Texts } from './conditions.ts'
import type { Asked } from './permissions.ts'

export interface PolicyDocument {
  readonly Version: string
  readonly Statement: readonly PolicyStatement[]
}

interface PolicyStatement {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: Texts
  readonly Resource: Texts
  readonly Condition?: Conditions
}

const ELEMENTS = ['Sid', 'Effect', 'Action', 'Resource', 'Condition']

/** @throws Error if a policy has something that is not known here: no answer is better than a wrong one */
export function effectOf(policies: readonly PolicyDocument[], asked: Asked): 'Allow' | 'Deny' | undefined {
  const effects = policies.flatMap(({ Version, Statement }) =>
    Statement.filter((one) => isAbout(one, asked) && holds(one.Condition ?? {}, asked.context, Version)).map(
      ({ Effect }) => Effect,
    ),
  )
  return effects.includes('Deny') ? 'Deny' : effects[0]
}

function isAbout(statement: PolicyStatement, { action, resource }: Asked): boolean {
  const strange = Object.keys(statement).find((element) => !ELEMENTS.includes(element))
  if (strange !== undefined) throw new Error(`a statement's ${strange} is not known here`)
  return (
    // Actions ignore case.
    [statement.Action].flat().some((one) => matches(one.toLowerCase(), action.toLowerCase())) &&
    [statement.Resource].flat().some((one) => one === '*' || matchesArn(one, resource))
  )
}
