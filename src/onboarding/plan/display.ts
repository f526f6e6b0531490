/** Prints a plan for people. */
import { displayDifference } from './difference.ts'
import type { Plan, Shown } from './step.ts'

const SIGNS: Readonly<Record<Shown['verb'], string>> = { create: '+', change: '~', delete: '-' }

export function displayPlan<Step>({ steps, notes }: Plan<Step>, show: (step: Step) => Shown): string[] {
  return [...steps.flatMap((step) => displayStep(show(step))), ...notes.map((note) => `note: ${note}`)]
}

function displayStep({ verb, what, differences = [] }: Shown): string[] {
  return [
    `${SIGNS[verb]} ${verb} ${what}`,
    ...differences.map((difference) => `    ${displayDifference(difference)}`),
  ]
}

export function summary<Step>({ steps }: Plan<Step>, show: (step: Step) => Shown): string {
  const verbs = steps.map((step) => show(step).verb)
  const count = (verb: Shown['verb']): number => verbs.filter((one) => one === verb).length
  const deleted = count('delete')
  return `${count('create')} to create, ${count('change')} to change${deleted === 0 ? '' : `, ${deleted} to delete`}`
}
