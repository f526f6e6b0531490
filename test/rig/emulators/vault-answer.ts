/** The envelopes of Vault's HTTP API: answers, errors and the errors that its multierror type prints. */
import { randomUUID } from 'node:crypto'
import type { EmulatorResponse } from './http.ts'

export interface VaultAnswerParts {
  readonly requestId?: string
  readonly data?: object
  readonly auth?: object
  readonly warnings?: readonly string[]
  readonly mountType?: string
}

/** A refusal on its way to the client. */
export class VaultRefusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** What Vault's backends return as a plain error response: status 400 and the sentence. */
export function badRequest(message: string): VaultRefusal {
  return new VaultRefusal(400, message)
}

/** `permission denied` as an auth method says it: the word alone. */
export function permissionDenied(): VaultRefusal {
  return new VaultRefusal(403, 'permission denied')
}

/** The core's own refusals come as a list, even of one. */
export function coreRefusal(status: number, ...errors: readonly string[]): VaultRefusal {
  const head = errors.length === 1 ? '1 error occurred:' : `${errors.length} errors occurred:`
  return new VaultRefusal(status, `${[head, ...errors.map((error) => `* ${error}`)].join('\n\t')}\n\n`)
}

export function vaultAnswer(parts: VaultAnswerParts): EmulatorResponse {
  return json(200, {
    request_id: parts.requestId ?? randomUUID(),
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data: parts.data ?? null,
    wrap_info: null,
    warnings: parts.warnings === undefined || parts.warnings.length === 0 ? null : parts.warnings,
    auth: parts.auth ?? null,
    mount_type: parts.mountType ?? '',
  })
}

export function vaultErrors(status: number, ...errors: readonly string[]): EmulatorResponse {
  return json(status, { errors })
}

export function json(status: number, value: object): EmulatorResponse {
  return { status, headers: { 'Content-Type': 'application/json' }, body: `${JSON.stringify(value)}\n` }
}

/** A Go duration of whole seconds, as Vault's warnings print it: `72h0m0s`, `1m30s`, `45s`. */
export function goDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const rest = `${seconds % 60}s`
  if (hours > 0) return `${hours}h${minutes}m${rest}`
  return minutes > 0 ? `${minutes}m${rest}` : rest
}

/** A field as Vault's framework reads text: numbers and truth values too. */
export function textField(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** What Vault and Go say of a duration that cannot be read, or is below nothing. */
export function durationFault(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') return 'could not parse duration from input'
  if (/^-\d+$/.test(String(value))) return `cannot provide negative value '${value}'`
  const unit = /^\d+(?:\.\d+)?([^\d.]+)/.exec(String(value))?.[1]
  return unit === undefined
    ? `time: invalid duration "${value}"`
    : `time: unknown unit "${unit}" in duration "${value}"`
}

/** Seconds of a duration as Vault's API takes it: `3600`, `90s`, `1h30m`, `3d`. Undefined for anything else. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined
  if (typeof value !== 'string') return undefined
  if (value === '') return 0
  if (/^-?\d+$/.test(value)) return Number(value)
  if (/^\d+d$/.test(value)) return Number(value.slice(0, -1)) * 86400
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(value)) return undefined
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 }
  const parts = value.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)
  let seconds = 0
  for (const [, amount, unit] of parts) seconds += Number(amount) * (units[unit ?? ''] ?? 0)
  return Math.floor(seconds)
}
