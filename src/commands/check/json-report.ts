/** A check's report as one JSON document, for programs. Members are only ever added. */
import { stepMembers } from '../../inspection/json.ts'
import { failedStep } from '../../inspection/step.ts'
import { VERSION } from '../../version.ts'
import type { Report } from './report.ts'

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
