/** Whether a certificate is valid now, or whether this machine's clock is wrong instead. */
import type { IamRaError } from '../errors.ts'
import { timestamp } from '../text/time.ts'
import { unfit, type Certificate } from './certificate.ts'
import { LONGEST_WAIT_MS } from './until-valid.ts'

export interface Moment {
  /** This machine's time, epoch milliseconds. */
  readonly nowMs: number
  /** The server's Date header at the same moment, epoch milliseconds. */
  readonly serverDateMs?: number
}

/** A Date header has whole seconds, and the answer took a moment to arrive. */
const NEGLIGIBLE_MS = 5_000

/** Both ends are included (RFC 5280 section 4.1.2.5). */
export function isValidAt(certificate: Certificate, nowMs: number): boolean {
  return certificate.notBeforeMs <= nowMs && nowMs <= certificate.notAfterMs
}

/**
 * Why it is neither valid nor will be soon. No tolerance after expiry: AWS has its own clock to judge by.
 */
export function validityFault(
  certificate: Certificate,
  what: string,
  moment: Moment,
  expiredHint: string,
): IamRaError | undefined {
  const { nowMs } = moment
  if (isValidAt(certificate, Math.max(nowMs, Math.min(nowMs + LONGEST_WAIT_MS, certificate.notBeforeMs))))
    return undefined
  const early = moment.nowMs < certificate.notBeforeMs
  const bound = early
    ? `is not valid before ${timestamp(certificate.notBeforeMs)}`
    : `expired at ${timestamp(certificate.notAfterMs)}`
  const difference = moment.serverDateMs === undefined ? undefined : moment.nowMs - moment.serverDateMs
  const clockIsWrong = difference !== undefined && Math.abs(difference) > NEGLIGIBLE_MS
  return unfit(
    `${what} ${bound}, and it is ${timestamp(moment.nowMs)} here${clockClause(difference, clockIsWrong)}`,
    clockIsWrong
      ? "set this machine's clock (NTP): AWS also refuses signatures that are minutes off"
      : early
        ? 'compare the clocks of this machine and the issuer'
        : expiredHint,
  )
}

function clockClause(difference: number | undefined, clockIsWrong: boolean): string {
  if (difference === undefined) return ''
  if (!clockIsWrong) return ", as on Vault's clock"
  return `: this machine's clock is ${duration(Math.abs(difference))} ${difference < 0 ? 'behind' : 'ahead of'} Vault's`
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const

/** The two largest units: `3 h 10 min`. */
function duration(ms: number): string {
  let seconds = Math.round(ms / 1000)
  const parts: string[] = []
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size)
    seconds -= count * size
    if (count > 0) parts.push(`${count} ${unit}`)
  }
  return parts.slice(0, 2).join(' ')
}
