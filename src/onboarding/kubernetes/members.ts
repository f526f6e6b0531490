/** Members of an object as a cluster has it, whose shape may be another one. */
import { isRecord } from '../../text/json.ts'

export type Data = Readonly<Record<string, unknown>>

export function recordOf(value: unknown): Data {
  return isRecord(value) ? value : {}
}

export function listOf(value: unknown): readonly Data[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
