/** Waits for a certificate that becomes valid soon: an issuer's clock may be ahead of this machine's. */
import { seconds, timestamp } from '../text/time.ts'
import { IamRaError } from '../errors.ts'
import type { Logger } from '../run/log.ts'
import type { Runtime } from '../run/runtime.ts'
import type { IssuedCertificate } from '../credentials.ts'

/** A certificate that becomes valid later is refused: a clock difference does not explain it. */
export const LONGEST_WAIT_MS = 60_000

/** AWS judges by its own clock, which may be a little behind. */
const SPARE_MS = 1000

/** Time left for the exchange after the wait. */
const LEAST_MS = 250

export interface WaitContext {
  readonly runtime: Pick<Runtime, 'clock'>
  readonly signal: AbortSignal
  readonly logger: Pick<Logger, 'warn'>
  /** Until the deadline. */
  readonly remainingMs: number
}

/** @throws IamRaError CERTIFICATE_UNFIT if the deadline comes first; the signal's reason */
export async function untilValid(
  { validFromMs }: Pick<IssuedCertificate, 'validFromMs'>,
  { runtime: { clock }, signal, logger, remainingMs }: WaitContext,
): Promise<void> {
  const startMs = clock.elapsed()
  const mostMs = Math.min(LONGEST_WAIT_MS, remainingMs - LEAST_MS)
  // In a loop, because the clock may be set meanwhile.
  for (let aheadMs = validFromMs - clock.now(); aheadMs > 0; aheadMs = validFromMs - clock.now()) {
    const leftMs = mostMs - (clock.elapsed() - startMs)
    const what = `the certificate and its chain are not valid before ${timestamp(validFromMs)}`
    if (aheadMs > leftMs) throw outOfTime(what, aheadMs, leftMs)
    logger.warn(`${what}, in ${seconds(aheadMs)}: waiting until then`, { stage: 'certificate' })
    await clock.sleep(Math.min(aheadMs + SPARE_MS, leftMs), signal)
  }
}

function outOfTime(what: string, aheadMs: number, leftMs: number): IamRaError {
  return new IamRaError(
    'CERTIFICATE_UNFIT',
    'certificate',
    `${what}, in ${seconds(aheadMs)}, and only ${seconds(Math.max(0, leftMs))} are left to wait`,
    { hint: 'raise DEADLINE, and compare the clocks of this machine and the issuer' },
  )
}
