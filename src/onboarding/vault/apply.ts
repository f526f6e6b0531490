/** Applies a plan step by step, and reports each step when it is done. */
import { IamRaError } from '../../errors.ts'
import { issueForMount, requestCertificate, takeCertificate, type AuthorityFiles } from './issue.ts'

import { paths } from './resources.ts'
import type { Setup } from './setup.ts'
import { readMounts } from './state.ts'
import { ACCESSOR, REVIEWER_TOKEN, type Plan, type Step } from './step.ts'
import type { Vault } from './vault.ts'

export interface ApplyContext extends AuthorityFiles {
  readonly vault: Vault
  readonly setup: Setup
  /** Undefined if none was given. */
  readonly reviewerToken: string | undefined
  say(line: string): void
}

/** @throws IamRaError at the first step that fails; the earlier ones are done, and a further run continues from there */
export async function applyPlan({ steps }: Plan, context: ApplyContext): Promise<void> {
  let found: Promise<string> | undefined
  const fill = { reviewerToken: context.reviewerToken, accessor: () => (found ??= findAccessor(context)) }
  for (const step of steps) {
    if (step.kind === 'authority') await applyAuthority(step, context)
    else {
      await context.vault.write(step.path, (await filled(step.data, fill)) as Record<string, unknown>)
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

interface Fill {
  readonly reviewerToken: string | undefined
  /** Looked up when first needed, because an earlier step creates the mount. */
  accessor(): Promise<string>
}

async function filled(value: unknown, fill: Fill): Promise<unknown> {
  if (Array.isArray(value)) return await Promise.all(value.map((one: unknown) => filled(one, fill)))
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(async ([name, one]) => [name, await filled(one, fill)] as const)
    return Object.fromEntries(await Promise.all(entries))
  }
  if (value === REVIEWER_TOKEN) return fill.reviewerToken
  if (typeof value !== 'string' || !value.includes(ACCESSOR)) return value
  return value.replaceAll(ACCESSOR, await fill.accessor())
}

async function findAccessor({ vault, setup }: ApplyContext): Promise<string> {
  const path = paths.authMount(setup)
  const mount = (await readMounts(vault)).get(path)
  if (mount !== undefined) return mount.accessor
  throw new IamRaError('REFUSED', 'identity', `${path} was removed after it was created`, {
    hint: 'check whether something else writes to this Vault; a further run continues from here',
  })
}
