/** Prints a plan for people. */
import type { AuthorityStep } from './authority.ts'
import type { Difference } from './difference.ts'
import type { Plan, Step } from './step.ts'

export function displayPlan({ steps, notes }: Plan): string[] {
  return [...steps.flatMap(displayStep), ...notes.map((note) => `note: ${note}`)]
}

function displayStep(step: Step): string[] {
  if (step.kind === 'authority') return [`${sign(step.step)} ${step.mount}: ${describe(step.step)}`]
  return [
    `${step.verb === 'create' ? '+ create' : '~ change'} ${step.path}`,
    ...step.differences.map((difference) => `    ${displayDifference(difference)}`),
  ]
}

function displayDifference({ name, before, after }: Difference): string {
  return before === undefined ? `${name}: ${after}` : `${name}: ${before} -> ${after}`
}

function changes(kind: AuthorityStep['kind']): boolean {
  return kind === 'default' || kind === 'chain'
}

function sign({ kind }: AuthorityStep): string {
  return changes(kind) ? '~ change' : '+ create'
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

export function summary({ steps }: Plan): string {
  const created = steps.filter((step) =>
    step.kind === 'write' ? step.verb === 'create' : !changes(step.step.kind),
  )
  return `${created.length} to create, ${steps.length - created.length} to change`
}
