/**
 * Whether policies of an identity or a resource allow an action. IAM User Guide, "Policy evaluation logic" and "IAM policy
 * elements: Variables and tags".
 */
import { holds, matches, matchesArn, type Conditions, type Context, type Texts } from './conditions.ts'
import type { Asked } from './permissions.ts'

export interface PolicyDocument {
  readonly Version: string
  readonly Statement: readonly PolicyStatement[]
}

interface PolicyStatement {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  /** Of a resource's policy; not looked at. */
  readonly Principal?: unknown
  readonly Action: Texts
  readonly Resource: Texts
  readonly Condition?: Conditions
}

const ELEMENTS = ['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition']

/** @throws Error if a policy has something that is not known here: no answer is better than a wrong one */
export function effectOf(policies: readonly PolicyDocument[], asked: Asked): 'Allow' | 'Deny' | undefined {
  const effects = policies.flatMap(({ Version, Statement }) =>
    Statement.filter((one) => isAbout(one, asked) && holds(one.Condition ?? {}, asked.context, Version)).map(
      ({ Effect }) => Effect,
    ),
  )
  return effects.includes('Deny') ? 'Deny' : effects[0]
}

function isAbout(statement: PolicyStatement, { action, resource, context }: Asked): boolean {
  const strange = Object.keys(statement).find((element) => !ELEMENTS.includes(element))
  if (strange !== undefined) throw new Error(`a statement's ${strange} is not known here`)
  return (
    // Actions ignore case.
    [statement.Action].flat().some((one) => matches(one.toLowerCase(), action.toLowerCase())) &&
    [statement.Resource].flat().some((one) => isNamed(one, resource, context))
  )
}

function isNamed(pattern: string, resource: string, context: Context): boolean {
  if (pattern === '*') return true
  const parts = pattern.split(/\$\{([^}]*)\}/)
  const filled = parts.map((part, at) => (at % 2 === 0 ? part : context[part]))
  // A variable without a value matches nothing.
  return filled.every((part) => typeof part === 'string') && matchesArn(filled.join(''), resource)
}
