/** check: the whole way, step by step, with what was sent and found at each. Nothing that it makes lasts. */
import type { IamRaError } from '../../errors.ts'
import type { CheckSettings } from '../../settings/settings.ts'
import type { Look, StepDescription } from '../../run/watch.ts'
import { openSink } from '../../sink/sinks.ts'
import type { Source } from '../../sources/source.ts'
import { openSource } from '../../sources/sources.ts'
import type { CommandContext, FailureContext } from '../command.ts'
import { createInspection, type Inspection } from './inspection.ts'
import { jsonReport } from './json-report.ts'
import { failedStep, type CheckStep, type Report } from './report.ts'
import { textReport } from './text-report.ts'

const SETTINGS = {
  name: 'settings',
  title: 'settings',
  how: 'reads',
} as const satisfies Partial<StepDescription>

/**
 * Goes on after a failure with what does not need the step that failed.
 * @returns the exit code that a run would have had
 * @throws IamRaError INTERRUPTED or INTERNAL
 */
export async function runCheck(
  { given, ...settings }: CheckSettings,
  context: CommandContext,
): Promise<number> {
  const { runtime, logger, interrupt, warnings } = context
  const report = reportOf(context)
  const inspection = createInspection(runtime, logger, settings.deadlineMs, interrupt, report.add)
  inspection.add({ ...SETTINGS, state: 'ok', given, sent: {}, found: {}, warnings })
  const [source, sink] = await Promise.all([openSource(settings.source), openSink(settings.sink)])
  await followSource(source, inspection)
  await lookAt(sink.preview(), inspection)
  return ended(inspection.steps, report)
}

/** Settings that are wrong leave nothing to look at. @returns the exit code */
export function reportSettings(failure: IamRaError, context: FailureContext): number {
  const report = reportOf(context)
  const step: CheckStep = {
    ...SETTINGS,
    state: 'failed',
    sent: {},
    found: {},
    warnings: [],
    error: failure,
  }
  report.add(step)
  return ended([step], report)
}

function reportOf({ json, runtime: { stdout, clock } }: FailureContext): Report {
  return json ? jsonReport(stdout) : textReport(stdout, clock.now)
}

function ended(all: readonly CheckStep[], report: Report): number {
  report.end(all)
  return failedStep(all)?.error.exitCode ?? 0
}

/** A step that failed leaves those after it with what can be looked at without it. */
async function followSource(source: Source, inspection: Inspection): Promise<void> {
  const run = await inspection.follow((watch) => source.obtain(watch))
  await run?.lease?.end()
  await run?.revoked
  const failed = failedStep(inspection.steps)
  if (failed === undefined) return
  const after = source.probes.findIndex(({ step }) => step.name === failed.name) + 1
  await lookAt(source.probes.slice(after), inspection)
}

/** At each, whatever became of the one before. */
async function lookAt(looks: readonly Look[], inspection: Inspection): Promise<void> {
  for (const look of looks) await inspection.follow((watch) => watch.look(look))
}
