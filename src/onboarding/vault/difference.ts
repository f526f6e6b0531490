/** The differences between a resource of Vault and what the setup wants. */
import { createHash } from 'node:crypto'
import { pemBlocks } from '../../x509/pem.ts'
import { durationSeconds } from '../../settings/values.ts'
import type { Difference } from '../plan/difference.ts'

export type Data = Readonly<Record<string, unknown>>

/** Members that this Vault does not support, so that its answers omit them. */
export function unknownMembers(wanted: Data, found: Data): string[] {
  return Object.keys(wanted).filter((name) => !(name in found))
}

/** Each member that differs. Other members that Vault shows are not compared. */
export function differences(wanted: Data, found: Data | undefined): Difference[] {
  return Object.entries(wanted).flatMap(([name, value]): Difference[] => {
    if (found === undefined) return [{ name, after: shown(value) }]
    const before = found[name]
    if (!(name in found) || same(value, before)) return []
    if (Array.isArray(value) && Array.isArray(before)) return listDifferences(name, value, before)
    if (name === 'policy') return policyDifferences(String(before), String(value))
    return [{ name, before: shown(before), after: shown(value) }]
  })
}

/** Vault shows durations in seconds, lists in any order, and sometimes an empty list as null. */
function same(wanted: unknown, found: unknown): boolean {
  if (Array.isArray(wanted)) {
    const [one, other] = [sorted(wanted), sorted(found ?? [])]
    return JSON.stringify(one) === JSON.stringify(other)
  }
  if (typeof wanted === 'string' && typeof found === 'number') return durationSeconds(wanted) === found
  if (typeof wanted === 'string' && typeof found === 'string') return textOf(wanted) === textOf(found)
  return JSON.stringify(wanted) === JSON.stringify(found)
}

/** Vault keeps PEM as it was written, which may differ from its current form. */
function textOf(text: string): string {
  const ders = pemBlocks(text).map(({ der }) => Buffer.from(der ?? []).toString('hex'))
  return ders.length === 0 ? text.trim() : ders.join(' ')
}

function sorted(list: unknown): unknown {
  return Array.isArray(list) ? list.map(String).toSorted() : list
}

function listDifferences(name: string, wanted: readonly unknown[], found: readonly unknown[]): Difference[] {
  const without = (list: readonly unknown[], others: readonly unknown[]): readonly unknown[] =>
    list.filter((one) => !others.includes(one))
  return [{ name, before: shown(without(found, wanted)), after: shown(without(wanted, found)) }]
}

function policyDifferences(before: string, after: string): Difference[] {
  const [old, now] = [policyLines(before), policyLines(after)]
  const gone = old.filter((line) => !now.includes(line))
  const come = now.filter((line) => !old.includes(line))
  if (gone.length + come.length === 0) {
    return [{ name: 'policy', before: 'the same lines', after: 'in another order, or with other comments' }]
  }
  const joined = (lines: readonly string[]): string => (lines.length === 0 ? '(nothing)' : lines.join(' '))
  return [{ name: 'policy', before: joined(gone), after: joined(come) }]
}

/** Its lines, without comments. */
function policyLines(policy: string): string[] {
  return policy
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

function shown(value: unknown): string {
  if (typeof value === 'string' && value.includes('-----BEGIN')) {
    return `PEM with SHA-256 ${createHash('sha256').update(value.trim()).digest('hex').slice(0, 16)}`
  }
  if (typeof value === 'string' && value.includes('\n')) return policyLines(value).join(' ')
  return JSON.stringify(value)
}
