/** Does a plan, step by step, and says each as it is done. */
import { issueForMount, requestCertificate, takeCertificate, type AuthorityFiles } from './issue.ts'
import { SetupError } from './error.ts'
import { paths } from './resources.ts'
import type { Setup } from './setup.ts'
import { readMounts } from './state.ts'
import { ACCESSOR, REVIEWER_TOKEN, type Plan, type Step } from './step.ts'
import type { Vault } from './vault.ts'

export interface ApplyContext extends AuthorityFiles {
  readonly vault: Vault
  readonly setup: Setup
  /** Undefined where none was given. */
  readonly reviewerToken: string | undefined
  say(line: string): void
}

/** @throws SetupError at the first step that fails; those before it are done, and a further run goes on from there */
export async function applyPlan({ steps }: Plan, context: ApplyContext): Promise<void> {
  for (const step of steps) {
    if (step.kind === 'authority') await applyAuthority(step, context)
    else {
      await context.vault.write(step.path, (await filled(step.data, context)) as Record<string, unknown>)
      context.say(`${step.verb === 'create' ? 'created' : 'changed'} ${step.path}`)
    }
  }
}

async function applyAuthority(
  { mount, step }: Extract<Step, { kind: 'authority' }>,
  context: ApplyContext,
): Promise<void> {
  switch (step.kind) {
    case 'request':
      return context.say(await requestCertificate(mount, step, context))
    case 'sign':
      return context.say(await issueForMount(mount, step, context))
    case 'import':
    case 'chain':
      return context.say(await takeCertificate(mount, step, context))
    case 'default':
      await context.vault.write(`${mount}/config/issuers`, { default: step.issuer })
      return context.say(`changed ${mount}/config/issuers: ${step.subject} signs from now on`)
  }
}

/** The accessor is looked up at its first need: the mount that it is of was made by a step before. */
async function filled(value: unknown, context: ApplyContext): Promise<unknown> {
  if (Array.isArray(value)) return await Promise.all(value.map((one: unknown) => filled(one, context)))
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(
      async ([name, one]) => [name, await filled(one, context)] as const,
    )
    return Object.fromEntries(await Promise.all(entries))
  }
  if (value === REVIEWER_TOKEN) return context.reviewerToken
  if (typeof value !== 'string' || !value.includes(ACCESSOR)) return value
  const mount = (await readMounts(context.vault)).get(paths.authMount(context.setup))
  if (mount === undefined) {
    throw new SetupError(`${paths.authMount(context.setup)} has gone since it was made`, {
      hint: 'another writer may be at work; a further run goes on from here',
    })
  }
  return value.replaceAll(ACCESSOR, mount.accessor)
}
