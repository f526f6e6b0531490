/** Follows a source of credentials step by step. Whatever it creates is revoked or discarded. */
import type { Obtained } from '../credentials.ts'
import type { Look } from '../run/watch.ts'
import type { Source } from '../sources/source.ts'
import type { Inspection } from './inspection.ts'
import { failedStep } from './step.ts'

/**
 * After a failed step, checks what can be checked without it.
 * @returns what was obtained, to be dropped: nothing if a step failed
 */
export async function followSource(source: Source, inspection: Inspection): Promise<Obtained | undefined> {
  const run = await inspection.follow((watch) => source.obtain(watch))
  await run?.lease?.end()
  await run?.revoked
  const failed = failedStep(inspection.steps)
  if (failed === undefined) return run
  const after = source.probes.findIndex(({ step }) => step.name === failed.name) + 1
  await lookAt(source.probes.slice(after), inspection)
  return undefined
}

/** Each one, whatever happened to the previous one. */
export async function lookAt(looks: readonly Look[], inspection: Inspection): Promise<void> {
  for (const look of looks) await inspection.follow((watch) => watch.look(look))
}
