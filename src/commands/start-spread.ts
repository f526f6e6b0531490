/** START_SPREAD: pods of a large job start at once, and CreateSession takes ten a second. */
import { seconds } from '../text/time.ts'
import type { Logger } from '../run/log.ts'
import type { Runtime } from '../run/runtime.ts'

/** Waits a random part of it. @throws the signal's reason */
export async function spreadStart(
  spreadMs: number,
  { clock, random }: Pick<Runtime, 'clock' | 'random'>,
  logger: Logger,
  interrupt: AbortSignal,
): Promise<void> {
  if (spreadMs === 0) return
  const waitMs = random() * spreadMs
  logger.step(`START_SPREAD: waiting ${seconds(waitMs)}`)
  await clock.sleep(waitMs, interrupt)
}
