/** check: every step of a run, with what each sent and found. Everything it creates is revoked or discarded. */
import type { IamRaError } from '../../errors.ts'
import type { CheckSettings } from '../../settings/settings.ts'
import { followSource, lookAt } from '../../inspection/follow.ts'
import { createInspection } from '../../inspection/inspection.ts'
import { failedStep, type CheckStep } from '../../inspection/step.ts'
import type { StepDescription } from '../../run/watch.ts'
import { openSink } from '../../sink/sinks.ts'
import { openSource } from '../../sources/sources.ts'
import type { CommandContext, FailureContext } from '../command.ts'
import { jsonReport } from './json-report.ts'
import type { Report } from './report.ts'
import { textReport } from './text-report.ts'

const SETTINGS = {
  name: 'settings',
  title: 'settings',
  how: 'reads',
} as const satisfies Partial<StepDescription>

/**
 * After a failure it goes on with whatever does not need the failed step.
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

/** With wrong settings there is nothing else to check. @returns the exit code */
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
