/** The child's side of an exchange that the agent makes in a process of its own, as of obtain. */
import { MOST_PAUSE_MS, parseRequest, sourceFor } from '../../agent/obtaining.ts'
import { createBounds } from '../../run/deadline.ts'
import type { AgentSettings } from '../../settings/settings.ts'
import { obtainFrom } from '../../sources/pipeline.ts'
import type { CommandContext } from '../command.ts'
import { EARLY_WORD } from '../long-lived/retry-notice.ts'
import { tellObtained } from '../obtain/run.ts'

/** @throws IamRaError */
export async function runAgentExchange(
  settings: AgentSettings,
  { runtime, logger, interrupt }: CommandContext,
): Promise<number> {
  const source = sourceFor(settings, parseRequest(await runtime.stdin()))
  const bounds = createBounds(settings.deadlineMs, runtime.clock, interrupt)
  try {
    const context = { runtime, bounds, logger, ...EARLY_WORD, mostPauseMs: MOST_PAUSE_MS }
    await tellObtained(await obtainFrom(source, context), runtime)
    return 0
  } finally {
    bounds.release()
  }
}
