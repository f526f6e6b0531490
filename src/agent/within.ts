/** Waits for a result no longer than this. */
import type { Clock } from '../run/runtime.ts'

/** @returns undefined if it does not come in time; whatever it is then goes on. @param coming never rejects */
export async function within<T>(
  ms: number,
  coming: Promise<T>,
  clock: Pick<Clock, 'sleep'>,
): Promise<T | undefined> {
  if (ms <= 0) return undefined
  const answered = new AbortController()
  const tooLate = clock.sleep(ms, answered.signal).then(
    () => undefined,
    () => undefined,
  )
  try {
    return await Promise.race([coming, tooLate])
  } finally {
    answered.abort()
  }
}
