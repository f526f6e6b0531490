/** START_SPREAD: pods of a large job start at once, and CreateSession takes ten a second. */
import { seconds } from '../duration.ts'
import type { Logger } from '../log.ts'
import type { Runtime } from '../runtime.ts'

/** @returns a random part of it, milliseconds */
export function drawStart(spreadMs: number, random: () => number, logger: Logger): number {
  if (spreadMs === 0) return 0
  const waitMs = random() * spreadMs
  logger.step(`START_SPREAD: waiting ${seconds(waitMs)}`)
  return waitMs
}

/** Waits a random part of it. @throws the signal's reason */
export async function spreadStart(
  spreadMs: number,
  { clock, random }: Pick<Runtime, 'clock' | 'random'>,
  logger: Logger,
  interrupt: AbortSignal,
): Promise<void> {
  if (spreadMs !== 0) await clock.sleep(drawStart(spreadMs, random, logger), interrupt)
}
