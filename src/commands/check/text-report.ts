/** A check's report as text, for a person whose pod does not work. */
import { failedStep, type CheckStep } from '../../inspection/step.ts'
import { COLUMN, stepText } from '../../inspection/text.ts'
import { VERSION } from '../../version.ts'
import type { Report } from './report.ts'

export function textReport(write: (text: string) => void, now: () => number): Report {
  let count = 0
  return {
    add: (step) => {
      write(
        `${count === 0 ? `aws-iam-ra ${VERSION} check: nothing is written\n\n` : ''}${stepText(step, now())}\n`,
      )
      count += 1
    },
    end: (steps) => write(resultText(steps)),
  }
}

function resultText(steps: readonly CheckStep[]): string {
  const failed = failedStep(steps)
  const warnings = steps.reduce((sum, step) => sum + step.warnings.length, 0)
  const warned = warnings === 0 ? '' : `, with ${warnings === 1 ? 'a warning' : `${warnings} warnings`}`
  return failed === undefined
    ? `${'ok'.padEnd(COLUMN)}a run would work${warned}\n`
    : `${'FAILED'.padEnd(COLUMN)}a run would fail here: ${failed.title} (exit code ${failed.error.exitCode})${warned}\n`
}
