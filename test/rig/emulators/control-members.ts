/** The members of a control-plane request, checked against the bounds of the public API model; every fault is named at once. */
import { invalid, Refusal } from './x509-signature.ts'

export interface Bounds {
  readonly min?: number
  readonly max?: number
  /** Of the whole text. */
  readonly pattern?: RegExp
}

export interface Members {
  demand(...names: readonly string[]): void
  text(name: string, bounds?: Bounds): string | undefined
  integer(name: string, bounds: { readonly min: number; readonly max: number }): number | undefined
  flag(name: string): boolean | undefined
  /** @param most how long the list may be */
  texts(name: string, most: number, bounds?: Bounds): readonly string[] | undefined
  record<T>(name: string, read: (members: Members) => T): T | undefined
  records<T>(name: string, most: number, read: (members: Members) => T): readonly T[] | undefined
}

type Source = Readonly<Record<string, unknown>>

/** @throws Refusal that names every member that is missing or out of bounds */
export function readMembers<T>(source: Source, read: (members: Members) => T): T {
  const faults: string[] = []
  const value = read(membersOf(source, '', faults))
  if (faults.length === 0) return value
  throw invalid(
    `${faults.length} validation error${faults.length > 1 ? 's' : ''} detected: ${faults.join('; ')}`,
  )
}

function membersOf(source: Source, at: string, faults: string[]): Members {
  /** A member that is null is absent. */
  const find = (name: string): unknown => source[name] ?? undefined
  const blame = (shown: string, path: string, rule: string): void => {
    faults.push(`Value ${shown} at '${path}' failed to satisfy constraint: Member must ${rule}`)
  }
  const checkText = (value: unknown, path: string, bounds: Bounds): string => {
    if (typeof value !== 'string') throw strange(path, 'a string')
    const { min = 0, max = Infinity, pattern } = bounds
    if (value.length < min) blame(`'${value}'`, path, `have length greater than or equal to ${min}`)
    if (value.length > max) blame('it', path, `have length less than or equal to ${max}`)
    if (pattern !== undefined && !new RegExp(`^(?:${pattern.source})$`).test(value))
      blame(`'${value}'`, path, `satisfy regular expression pattern: ${pattern.source}`)
    return value
  }
  const list = (name: string, most: number): readonly unknown[] | undefined => {
    const value = find(name)
    if (value === undefined) return undefined
    if (!Array.isArray(value)) throw strange(at + name, 'a list')
    if (value.length > most) blame('it', at + name, `have length less than or equal to ${most}`)
    return value as readonly unknown[]
  }
  const member = (name: string, index: number): string => `${at}${name}.${index + 1}.member`
  return {
    demand(...names) {
      for (const name of names) if (find(name) === undefined) blame('null', at + name, 'not be null')
    },
    text(name, bounds = {}) {
      const value = find(name)
      return value === undefined ? undefined : checkText(value, at + name, bounds)
    },
    integer(name, { min, max }) {
      const value = find(name)
      if (value === undefined) return undefined
      if (typeof value !== 'number' || !Number.isInteger(value)) throw strange(at + name, 'an integer')
      if (value < min) blame(`'${value}'`, at + name, `have value greater than or equal to ${min}`)
      if (value > max) blame(`'${value}'`, at + name, `have value less than or equal to ${max}`)
      return value
    },
    flag(name) {
      const value = find(name)
      if (value !== undefined && typeof value !== 'boolean') throw strange(at + name, 'a boolean')
      return value
    },
    texts: (name, most, bounds = {}) =>
      list(name, most)?.map((value, index) => checkText(value, member(name, index), bounds)),
    record(name, read) {
      const value = find(name)
      return value === undefined
        ? undefined
        : read(membersOf(asSource(value, at + name), `${at}${name}.`, faults))
    },
    records: (name, most, read) =>
      list(name, most)?.map((value, index) => {
        const path = member(name, index)
        return read(membersOf(asSource(value, path), `${path}.`, faults))
      }),
  }
}

export function asSource(value: unknown, path: string): Source {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw strange(path, 'a structure')
  return value as Source
}

/** Of no modelled kind: what cannot be read at all is refused before the service sees it. */
function strange(path: string, kind: string): Refusal {
  return new Refusal(400, 'SerializationException', `${path} cannot be read as ${kind}`)
}

/** Roles Anywhere's API Reference, "Tag". */
export function readTags(members: Members): readonly (readonly [key: string, value: string])[] {
  return (
    members.records('tags', 200, (tag) => {
      tag.demand('key', 'value')
      return [
        tag.text('key', { min: 1, max: 128, pattern: TAG }) ?? '',
        tag.text('value', { max: 256, pattern: TAG }) ?? '',
      ] as const
    }) ?? []
  )
}

const TAG = /[ a-zA-Z0-9_.:/=+@-]*/
export const NAME: Bounds = { min: 1, max: 255, pattern: /[ a-zA-Z0-9-_]*/ }
export const TAG_KEY: Bounds = { min: 1, max: 128, pattern: TAG }
