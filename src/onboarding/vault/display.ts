/** Prints the steps of a plan for Vault. */
import * as display from '../plan/display.ts'
import type { Shown } from '../plan/step.ts'
import type { AuthorityStep } from './authority.ts'
import type { Plan, Step } from './step.ts'

export function displayPlan(plan: Plan): string[] {
  return display.displayPlan(plan, showStep)
}

export function showStep(step: Step): Shown {
  if (step.kind === 'authority') {
    return { verb: verbOf(step.step), what: `${step.mount}: ${describe(step.step)}` }
  }
  return { verb: step.verb, what: step.path, differences: step.differences }
}

function verbOf({ kind }: AuthorityStep): Shown['verb'] {
  return kind === 'default' || kind === 'chain' ? 'change' : 'create'
}

function describe(step: AuthorityStep): string {
  switch (step.kind) {
    case 'request':
      return step.keyId === undefined
        ? `a key that stays in Vault, with its certificate request in ${step.file}`
        : `the certificate request for the key that is waiting for a certificate, to ${step.file}`
    case 'sign':
      return `a key that stays in Vault and its certificate, signed by ${step.rootMount}; it signs from then on`
    case 'import':
      return `the certificate in ${step.file}, ${step.subject}; it signs from then on`
    case 'chain':
      return `the chain of ${step.subject}, with all certificates above it in ${step.file}; it signs from then on`
    case 'default':
      return `${step.subject}, which Vault already has, signs from then on`
  }
}
