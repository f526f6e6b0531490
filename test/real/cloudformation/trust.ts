/** A role's trust policy: what CloudFormation makes of the template, and whom IAM lets in by it. */

export type Parameters = Readonly<Record<string, string | number | readonly string[]>>

/** What a certificate is to IAM: https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html */
export interface Caller {
  readonly anchorArn: string
  /** The CN of the authority that signed it, whatever is above that one. */
  readonly issuerName: string
  readonly commonName: string
  /** The first of its URIs. */
  readonly uri?: string
}

/** The functions that the templates use, by their references. @throws Error for another one */
export function resolve(
  value: unknown,
  parameters: Parameters,
  conditions: Readonly<Record<string, unknown>>,
): unknown {
  const again = (part: unknown): unknown => resolve(part, parameters, conditions)
  if (Array.isArray(value)) return value.map(again)
  if (typeof value !== 'object' || value === null) return value
  const [[name, argument] = ['', undefined], ...more] = Object.entries(value)
  const parameter = (key: string): Parameters[string] => {
    const found = parameters[key]
    if (found === undefined) throw new Error(`nothing is named ${key}`)
    return found
  }
  if (more.length === 0 && name === 'Ref') return parameter(String(argument))
  if (more.length === 0 && name === 'Fn::Sub') {
    return String(argument).replaceAll(/\$\{(\w+)\}/g, (_found, key: string) => String(parameter(key)))
  }
  if (more.length === 0 && name === 'Fn::If') {
    const [condition, yes, no] = argument as [string, unknown, unknown]
    return again(holds(conditions[condition], again) ? yes : no)
  }
  if (name.startsWith('Fn::')) throw new Error(`${name} is not known here`)
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, again(part)]))
}

function holds(condition: unknown, again: (part: unknown) => unknown): boolean {
  const { 'Fn::Equals': sides } = condition as { 'Fn::Equals': [unknown, unknown] }
  return again(sides[0]) === again(sides[1])
}

interface Statement {
  readonly Effect: string
  readonly Principal: { readonly Service: string }
  readonly Action: readonly string[]
  readonly Condition: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
}

/**
 * All three actions, as Roles Anywhere needs them. IAM's reference of condition operators: StringEquals compares case, of
 * several values one must fit, and of several keys each.
 */
export function letsIn(policy: unknown, caller: Caller): boolean {
  const keys: Readonly<Record<string, string | undefined>> = {
    'aws:SourceArn': caller.anchorArn,
    'aws:PrincipalTag/x509Issuer/CN': caller.issuerName,
    'aws:PrincipalTag/x509Subject/CN': caller.commonName,
    'aws:PrincipalTag/x509SAN/URI': caller.uri,
  }
  const { Statement: statements } = policy as { Statement: readonly Statement[] }
  const allowed = statements.flatMap(({ Effect, Principal, Action, Condition }) => {
    const meets = Object.entries(Condition).every(([operator, wanted]) => {
      if (operator !== 'ArnEquals' && operator !== 'StringEquals')
        throw new Error(`${operator} is not known here`)
      // ArnEquals takes asterisks, which must not stand there.
      if (/[*?]/.test(JSON.stringify(wanted))) throw new Error('a pattern in a condition')
      return Object.entries(wanted).every(([key, values]) =>
        [values].flat().some((value) => keys[key] === value),
      )
    })
    return Effect === 'Allow' && Principal.Service === 'rolesanywhere.amazonaws.com' && meets ? Action : []
  })
  return ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'].every((action) =>
    allowed.includes(action),
  )
}
