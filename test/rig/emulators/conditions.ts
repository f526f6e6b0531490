/**
 * The conditions of a policy's statement. IAM User Guide, "IAM JSON policy elements: Condition operators" and "Condition keys with
 * multiple values".
 */

export type Texts = string | readonly string[]

/** Values by key by operator. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, Texts>>>>

/** What a request brings; a key with a list is one of those that AWS calls multivalued. */
export type Context = Readonly<Record<string, Texts>>

/**
 * Every key of every operator; of the values of one key any.
 * @throws Error for what is not known here
 */
export function holds(condition: Conditions, context: Context, version: string | undefined): boolean {
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

function meets(operator: string, value: Texts | undefined, wanted: readonly string[]): boolean {
  const [, quantifier, single = ''] = /^(?:(ForAllValues|ForAnyValue):)?(.*)$/.exec(operator) ?? []
  if (quantifier === undefined) {
    if (typeof value === 'object')
      throw new Error(`${operator} has no quantifier, and its key several values`)
    return meetsOne(single, value, wanted)
  }
  if (typeof value === 'string') throw new Error(`${operator} of a key with one value is not known here`)
  const each = (value ?? []).map((one) => meetsOne(single, one, wanted))
  // Of none, all hold and not any.
  return quantifier === 'ForAllValues' ? each.every(Boolean) : each.some(Boolean)
}

function meetsOne(operator: string, value: string | undefined, wanted: readonly string[]): boolean {
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

export function matchesArn(wanted: string, value: string): boolean {
  const [patterns, parts] = [arnParts(wanted), arnParts(value)]
  return patterns.length === parts.length && patterns.every((one, index) => matches(one, parts[index] ?? ''))
}

function arnParts(arn: string): readonly string[] {
  const parts = arn.split(':')
  return [...parts.slice(0, 5), parts.slice(5).join(':')]
}

/** `*` for any characters, `?` for one. */
export function matches(pattern: string, value: string): boolean {
  const source = pattern
    .split(/([*?])/)
    .map((part) => (part === '*' ? '.*' : part === '?' ? '.' : part.replace(/[^A-Za-z0-9]/g, '\\$&')))
    .join('')
  return new RegExp(`^${source}$`, 's').test(value)
}
