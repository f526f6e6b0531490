/** Reads and checks the members of a JSON object; collects the problems, so that all can be reported at once. */
import { isRecord } from '../../text/json.ts'
import { vaultDuration } from '../../settings/values.ts'

export interface Reader {
  has(member: string): boolean
  /** Empty if it is missing or wrong, which is then a problem. */
  text(member: string, shape: RegExp, expected: string): string
  optional(member: string, shape: RegExp): string | undefined
  texts(member: string, shape: RegExp, expected: string): readonly string[]
  choice<Choice extends string>(member: string, choices: readonly [Choice, ...Choice[]]): Choice
  /** In seconds. */
  duration(member: string): number
  object(member: string): Reader
  objects(member: string): readonly Reader[]
  problem(member: string, expected: string): void
  /** Valid by itself, but not together with another member. */
  conflict(member: string, wrong: string, expected: string): void
  /** Call this after the last member: a member that was never read is a mistyped name. */
  end(): void
}

export function createReader(
  data: Readonly<Record<string, unknown>>,
  prefix: string,
  problems: string[],
): Reader {
  const asked = new Set<string>()
  const take = (member: string): unknown => {
    asked.add(member)
    return data[member]
  }
  const problem = (member: string, expected: string): void => {
    const what = data[member] === undefined ? 'is missing' : 'is wrong'
    problems.push(`${prefix}${member} ${what}: it must be ${expected}`)
  }
  const below = (member: string, value: unknown): Reader => {
    if (!isRecord(value)) problem(member, 'an object')
    return createReader(isRecord(value) ? value : {}, `${prefix}${member}.`, isRecord(value) ? problems : [])
  }
  return {
    has: (member) => data[member] !== undefined,
    text(member, shape, expected) {
      const value = take(member)
      if (typeof value === 'string' && shape.test(value)) return value
      problem(member, expected)
      return ''
    },
    optional(member, shape) {
      const value = take(member)
      if (value === undefined) return undefined
      if (typeof value === 'string' && shape.test(value)) return value
      problem(member, 'a valid string')
      return undefined
    },
    texts(member, shape, expected) {
      const value = take(member)
      if (Array.isArray(value) && value.every((one) => typeof one === 'string' && shape.test(one))) {
        return value as string[]
      }
      problem(member, `a list of ${expected}`)
      return []
    },
    choice(member, choices) {
      const value = take(member)
      const found = choices.find((choice) => choice === value)
      if (found === undefined) problem(member, choices.join(' or '))
      return found ?? choices[0]
    },
    duration(member) {
      const value = take(member)
      const checked = typeof value === 'string' ? vaultDuration(value) : undefined
      if (checked !== undefined && 'value' in checked && Number.isInteger(checked.value)) return checked.value
      problem(member, 'a duration such as 5m or 43800h')
      return 0
    },
    object: (member) => below(member, take(member)),
    objects(member) {
      const value = take(member)
      if (!Array.isArray(value)) {
        problem(member, 'a list')
        return []
      }
      return value.map((one: unknown, at) => {
        if (!isRecord(one)) problems.push(`${prefix}${member}[${at}] is wrong: it must be an object`)
        return createReader(
          isRecord(one) ? one : {},
          `${prefix}${member}[${at}].`,
          isRecord(one) ? problems : [],
        )
      })
    },
    problem,
    conflict: (member, wrong, expected) =>
      void problems.push(`${prefix}${member} ${wrong}: it must be ${expected}`),
    end() {
      for (const member of Object.keys(data)) {
        if (!asked.has(member)) problems.push(`${prefix}${member} is not a known member`)
      }
    },
  }
}
