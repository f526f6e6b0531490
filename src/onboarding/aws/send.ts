/** One call to AWS, with retries of what may succeed later, within a time limit for each call. */
import { IamRaError } from '../../errors.ts'
import { pauseMs } from '../../run/retry.ts'
import type { Runtime } from '../../run/runtime.ts'
import { seconds } from '../../text/time.ts'
import { asAwsError, STAGE } from './refusal.ts'

export interface SendContext {
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  /** Aborted with an IamRaError. */
  readonly interrupt: AbortSignal
  /** For all attempts of one call. */
  readonly patienceMs: number
  /** Told before the first further attempt of a call: why the first one failed. */
  readonly onRetry?: ((why: string) => void) | undefined
}

export interface Call<T> {
  /** As in IAM policies. */
  readonly action: string
  /** What it is about, in words that follow the action. */
  readonly what: string
  readonly run: () => Promise<T>
  /**
   * For calls that create something without a unique name: asked before another attempt, since an earlier one whose answer was
   * lost may have created it.
   */
  readonly made?: () => Promise<T | undefined>
}

/**
 * The SDK's own retries are off: its older client has one retry budget for all calls, which is never refilled, and no deadline.
 * @throws IamRaError
 */
export async function send<T>(context: SendContext, call: Call<T>): Promise<T> {
  const { runtime, interrupt, patienceMs, onRetry } = context
  const { clock } = runtime
  const startMs = clock.elapsed()
  for (let count = 1; ; count += 1) {
    interrupt.throwIfAborted()
    try {
      const made = count === 1 ? undefined : await call.made?.()
      return made ?? (await call.run())
    } catch (thrown) {
      interrupt.throwIfAborted()
      const error = asAwsError(thrown, call.action, call.what, clock.now())
      if (!(error instanceof IamRaError) || !error.retryable) throw error
      const waitMs = pauseMs(count, error.retryAfterMs, runtime.random())
      if (clock.elapsed() - startMs + waitMs > patienceMs) throw gaveUp(error, call, count, patienceMs)
      if (count === 1) onRetry?.(error.message)
      await clock.sleep(waitMs, interrupt)
    }
  }
}

function gaveUp(error: IamRaError, { action }: Call<unknown>, count: number, patienceMs: number): IamRaError {
  const { code, message, hint, status, retryAfterMs } = error
  return new IamRaError(code, STAGE, `${message} (${action}, ${count} attempts in ${seconds(patienceMs)})`, {
    ...{ cause: error.cause, hint, status, retryAfterMs },
  })
}

/** Turns the clients' own retries off. */
export const NO_RETRIES = {
  mode: 'none',
  acquireInitialRetryToken: () => Promise.resolve({ getRetryCount: () => 0, getRetryDelay: () => 0 }),
  refreshRetryTokenForRetry: () => Promise.reject(new Error('retries are made elsewhere')),
  recordSuccess: () => undefined,
}
