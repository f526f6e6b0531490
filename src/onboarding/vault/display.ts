/** A plan as people read it. */
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
        ? `a key that stays in Vault, its certificate request to ${step.file}`
        : `the certificate request of the key that waits for a certificate, to ${step.file}`
    case 'sign':
      return `a key that stays in Vault and its certificate, signed by ${step.rootMount}; it signs from then on`
    case 'import':
      return `the certificate of ${step.file}, ${step.subject}; it signs from then on`
    case 'chain':
      return `the chain of ${step.subject}, with all that ${step.file} has above it; it signs from then on`
    case 'default':
      return `${step.subject}, which Vault has already, signs from then on`
  }
}

export function summary({ steps }: Plan): string {
  const created = steps.filter((step) =>
    step.kind === 'write' ? step.verb === 'create' : !changes(step.step.kind),
  )
  return `${created.length} to create, ${steps.length - created.length} to change`
}
