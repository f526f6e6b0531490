/** One call of AWS until it has an answer: what may pass is tried again, within a time for each call. */
import { IamRaError } from '../../errors.ts'
import { pauseMs } from '../../run/retry.ts'
import type { Runtime } from '../../run/runtime.ts'
import { seconds } from '../../text/time.ts'
import { asAwsError, STAGE } from './refusal.ts'

export interface SendContext {
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  /** Aborted with an IamRaError. */
  readonly interrupt: AbortSignal
  /** For one call with all its attempts. */
  readonly patienceMs: number
}

export interface Call<T> {
  /** As IAM names it. */
  readonly action: string
  /** What it is about, in words that follow the action. */
  readonly what: string
  readonly run: () => Promise<T>
  /**
   * Of what makes something that has no name of its own: asked before another attempt, since one whose answer was lost may
   * have made it.
   */
  readonly made?: () => Promise<T | undefined>
}

/**
 * The SDK's own attempts are off: its older client has one token for all calls, which never fills again, and no deadline.
 * @throws IamRaError
 */
export async function send<T>({ runtime, interrupt, patienceMs }: SendContext, call: Call<T>): Promise<T> {
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

/** For the clients. */
export const NO_RETRIES = {
  mode: 'none',
  acquireInitialRetryToken: () => Promise.resolve({ getRetryCount: () => 0, getRetryDelay: () => 0 }),
  refreshRetryTokenForRetry: () => Promise.reject(new Error('attempts are made elsewhere')),
  recordSuccess: () => undefined,
}
