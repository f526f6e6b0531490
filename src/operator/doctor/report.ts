/** Prints what doctor finds on stdout, which is its result: as text, line by line, or as one JSON document. */
import { stepMembers } from '../../inspection/json.ts'
import type { CheckStep } from '../../inspection/step.ts'
import { stepText } from '../../inspection/text.ts'
import type { Group, Line, State } from '../../onboarding/doctor/finding.ts'
import { SCHEMA } from '../report.ts'
import { oneLine, plainJson } from '../../text/one-line.ts'

export interface DoctorReport {
  line(line: Line): void
  /** A step of the pod's whole way. */
  step(step: CheckStep): void
  end(lines: readonly Line[]): void
}

const STATES: Readonly<Record<State, string>> = {
  ok: 'ok',
  warning: 'warning',
  failed: 'FAILED',
  unknown: 'unknown',
  skipped: 'skipped',
}
/** Of the groups, and of the states. */
const [GROUP, STATE] = [10, 9]

export function textReport(write: (text: string) => void, now: () => number): DoctorReport {
  let last: Group | undefined
  let isAfterStep = false
  return {
    line({ group, state, sentence, hint }) {
      if (isAfterStep) {
        write('\n')
        last = undefined
        isAfterStep = false
      }
      write(`${row(group === last ? '' : group, state, sentence)}${hint === undefined ? '' : hintRow(hint)}`)
      last = group
    },
    step(step) {
      write(`\n${stepText(step, now()).trimEnd()}\n`)
      isAfterStep = true
    },
    end: (lines) => write(`\n${summary(lines)}`),
  }
}

function row(group: string, state: State, sentence: string): string {
  return `${group.padEnd(GROUP)}${STATES[state].padEnd(STATE)}${oneLine(sentence)}\n`
}

function hintRow(hint: string): string {
  return `${'hint'.padEnd(GROUP)}${oneLine(hint)}\n`
}

function summary(lines: readonly Line[]): string {
  const faults = lines.filter(({ state }) => state === 'failed')
  if (faults.length > 0) {
    const more = faults.length === 1 ? '1 fault' : `${faults.length} faults; settle the first one first`
    return row('Result', 'failed', `${more}, then run this again`)
  }
  const unseen = [...new Set(lines.filter(({ state }) => state === 'skipped').map(({ group }) => group))]
  return row(
    'Result',
    'ok',
    `no fault found${unseen.length === 0 ? '' : `; no verdict on ${unseen.join(' and ')}, which could not be looked at`}`,
  )
}

export function jsonReport(write: (text: string) => void): DoctorReport {
  const steps: CheckStep[] = []
  return {
    line: () => undefined,
    step: (step) => void steps.push(step),
    end(lines) {
      const checks = lines.map(({ group, check, state, sentence, hint }) => ({
        group,
        check,
        state,
        sentence,
        hint,
      }))
      const exchange = steps.length === 0 ? {} : { exchange: steps.map(stepMembers) }
      write(`${plainJson({ schema: SCHEMA, checks, ...exchange }, 2)}\n`)
    },
  }
}
