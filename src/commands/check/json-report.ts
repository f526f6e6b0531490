/** A check's report as one JSON document, for programs. Members are only ever added. */
import type { IamRaError } from '../../errors.ts'
import type { Fact, Facts } from '../../run/watch.ts'
import { VERSION } from '../../version.ts'
import { timestamp } from '../../text/time.ts'
import { failedStep, type CheckStep, type Report } from './report.ts'

export function jsonReport(write: (text: string) => void): Report {
  return {
    add: () => undefined,
    end: (steps) => {
      const failed = failedStep(steps)
      const document = {
        version: VERSION,
        outcome: failed === undefined ? 'ok' : 'failed',
        exit_code: failed?.error.exitCode ?? 0,
        steps: steps.map(stepMembers),
      }
      write(`${JSON.stringify(document, undefined, 2)}\n`)
    },
  }
}

/** JSON leaves out undefined members. */
function stepMembers({ name, state, lacks, given, sent, found, warnings, error }: CheckStep): object {
  return {
    name,
    state,
    lacks,
    settings: given?.map((one) => ({ name: one.name, origin: one.origin, text: one.text })),
    sent: plain(sent),
    found: plain(found),
    warnings,
    error: error === undefined ? undefined : errorMembers(error),
  }
}

function plain(facts: Facts): Readonly<Record<string, Fact | undefined>> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, fact]) => [
      name,
      fact instanceof Date ? timestamp(fact.getTime()) : fact,
    ]),
  )
}

function errorMembers({ stage, code, message, hint, problems }: IamRaError): object {
  return { stage, code, message, hint, problems: problems.length === 0 ? undefined : problems }
}
