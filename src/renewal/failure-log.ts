/** Logs failed renewals: each distinct failure once an hour, not every time, since a pod may fail for days. */
import { codeOf, type IamRaError } from '../errors.ts'
import { seconds } from '../text/time.ts'
import type { Logger } from '../run/log.ts'
import type { Clock } from '../run/runtime.ts'

export interface FailureLog {
  /**
   * @param inUse the credentials that apps have; absent before the first
   * @param isAsked log it even if it is a repeat: somebody asked for this run and wants to know the result
   */
  failed(failure: IamRaError, pauseMs: number, inUse?: CredentialsLeft, isAsked?: boolean): void
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
    failed: (failure, pauseMs, inUse, isAsked = false) => {
      count += 1
      const effect = effectOf(inUse)
      const message = `${effect}, next run in ${seconds(pauseMs)}: ${failure.message}`
      const fields = {
        stage: failure.stage,
        code: failure.code,
        failures: count,
        expires: inUse === undefined ? undefined : new Date(inUse.expiresAtMs).toISOString(),
        ...(failure.problems.length > 0 && { problems: failure.problems }),
        hint: failure.hint,
      }
      const chain = chainOf(failure)
      // Keyed without the message: it may contain a number, such as the attempts, that differs each time.
      if (isNew([effect, failure.stage, ...chain, ...failure.problems, failure.hint].join(' ')) || isAsked) {
        // Includes its stack, if verbose.
        if (failure.code === 'INTERNAL') logger.error(failure)
        logger.warn(message, fields)
      } else logger.step(message, fields)
      if (chain.length > 1) logger.step(`caused by ${chain.slice(1).join(', by ')}`, { stage: failure.stage })
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
  return inUse.leftMs > 0 ? 'renewal failed' : 'renewal failed and the credentials have expired'
}

/** A cause may lead back to itself. */
const LONGEST_CHAIN = 6

/** Name, code and status of the error and its causes, without their messages: a deadline's message says what it cut short. */
function chainOf(failure: IamRaError): string[] {
  const chain: string[] = []
  let error: unknown = failure
  while (error instanceof Error && chain.length < LONGEST_CHAIN) {
    const status = 'status' in error && typeof error.status === 'number' ? error.status : undefined
    chain.push([error.name, codeOf(error), status].filter((part) => part !== undefined).join(' '))
    error = error.cause
  }
  return chain
}
