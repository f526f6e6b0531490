/** What a log says of renewals that fail: each failure once an hour, not each time, for a pod may fail for days. */
import { IamRaError } from '../errors.ts'
import { seconds } from '../duration.ts'
import type { Logger } from '../log.ts'
import type { Clock } from '../runtime.ts'

export interface FailureLog {
  /** @param inUse the credentials that apps have; absent before the first */
  failed(failure: IamRaError, pauseMs: number, inUse?: CredentialsLeft): void
  succeeded(): void
}

export interface CredentialsLeft {
  /** Epoch milliseconds. */
  readonly expiresAtMs: number
  readonly leftMs: number
}

const REPEAT_MS = 3_600_000

export function createFailureLog(clock: Pick<Clock, 'elapsed'>, logger: Logger): FailureLog {
  let count = 0
  const saidAtMs = new Map<string, number>()
  const isNew = (what: string): boolean => {
    for (const [one, atMs] of saidAtMs) if (clock.elapsed() - atMs >= REPEAT_MS) saidAtMs.delete(one)
    if (saidAtMs.has(what)) return false
    saidAtMs.set(what, clock.elapsed())
    return true
  }
  return {
    failed: (failure, pauseMs, inUse) => {
      count += 1
      const effect = effectOf(inUse)
      const message = `${effect}, next run in ${seconds(pauseMs)}: ${failure.message}`
      const fields = {
        stage: failure.stage,
        code: failure.code,
        failures: count,
        expires: inUse === undefined ? undefined : new Date(inUse.expiresAtMs).toISOString(),
        hint: failure.hint,
      }
      // Not by the sentence: a number in it, of attempts for instance, differs each time.
      if (!isNew([effect, failure.stage, ...codes(failure), failure.hint].join(' '))) {
        logger.step(message, fields)
        return
      }
      // With its stack, where that was asked for.
      if (failure.code === 'INTERNAL') logger.error(failure)
      logger.warn(message, fields)
    },
    succeeded: () => {
      if (count > 0) logger.info('renewals succeed again', { failures: count })
      count = 0
      saidAtMs.clear()
    },
  }
}

function effectOf(inUse: CredentialsLeft | undefined): string {
  if (inUse === undefined) return 'no credentials yet'
  return inUse.leftMs > 0 ? 'renewal failed' : 'renewal failed and the credentials have ended'
}

/** With those of its causes: a deadline says what it cut short. */
function codes({ code, status, cause }: IamRaError): string[] {
  return [`${code}/${status ?? ''}`, ...(cause instanceof IamRaError ? codes(cause) : [])]
}
