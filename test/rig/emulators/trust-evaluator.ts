/**
 * Whether a role's trust policy lets IAM Roles Anywhere in with a certificate. IAM User Guide, "Policy evaluation logic" and
 * "IAM JSON policy elements: Condition operators"; IAM Roles Anywhere User Guide, "Trust model", for the three actions.
 */

/** @throws Error if the policy has something that is not known here: no answer is better than a wrong one */
export function trusts(policy: string, context: Readonly<Record<string, string>>): boolean {
  const { Statement: stated, Version: version } = JSON.parse(policy) as {
    readonly Statement?: Statement | readonly Statement[]
    readonly Version?: string
  }
  const statements = [stated ?? []].flat().filter((one) => isForUs(one) && holds(one, context, version))
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

type Texts = string | readonly string[]

interface Statement {
  readonly Sid?: string
  readonly Effect: string
  readonly Principal: '*' | Readonly<Record<string, Texts>>
  readonly Action: Texts
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, Texts>>>>
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

/** Every key of every operator; of the values of one key any. */
function holds(
  { Condition: condition = {} }: Statement,
  context: Readonly<Record<string, string>>,
  version: string | undefined,
): boolean {
  const byKey = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]))
  return Object.entries(condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => {
      const wanted = [values].flat().map(String)
      if (version === '2012-10-17' && wanted.some((value) => value.includes('${')))
        throw new Error('policy variables are not known here')
      // The names of keys ignore case.
      return meets(operator, byKey.get(key.toLowerCase()), wanted)
    }),
  )
}

function meets(operator: string, value: string | undefined, wanted: readonly string[]): boolean {
  const [, name = '', ifExists] = /^(.*?)(IfExists)?$/.exec(operator) ?? []
  if (name === 'Null') return wanted.includes(String(value === undefined))
  const [, kind = '', not, how = ''] = /^(String|Arn)(Not)?(\w+)$/.exec(name) ?? []
  const compare = COMPARE[`${kind}${how}`]
  if (compare === undefined) throw new Error(`${operator} is not known here`)
  // A negated operator holds if the key is absent.
  if (value === undefined) return ifExists !== undefined || not !== undefined
  return wanted.some((one) => compare(one, value)) === (not === undefined)
}

const COMPARE: Readonly<Record<string, (wanted: string, value: string) => boolean>> = {
  StringEquals: (wanted, value) => wanted === value,
  StringEqualsIgnoreCase: (wanted, value) => wanted.toLowerCase() === value.toLowerCase(),
  StringLike: matches,
  // Both take patterns, in each of the six parts of the ARN by itself.
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
}

function matchesArn(wanted: string, value: string): boolean {
  const [patterns, parts] = [arnParts(wanted), arnParts(value)]
  return patterns.length === parts.length && patterns.every((one, index) => matches(one, parts[index] ?? ''))
}

function arnParts(arn: string): readonly string[] {
  const parts = arn.split(':')
  return [...parts.slice(0, 5), parts.slice(5).join(':')]
}

/** `*` for any characters, `?` for one. */
function matches(pattern: string, value: string): boolean {
  const source = pattern
    .split(/([*?])/)
    .map((part) => (part === '*' ? '.*' : part === '?' ? '.' : part.replace(/[^A-Za-z0-9]/g, '\\$&')))
    .join('')
  return new RegExp(`^${source}$`, 's').test(value)
}
