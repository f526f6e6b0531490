/** Applies one step of a plan to Vault, and says what was done. */
import { IamRaError } from '../../errors.ts'
import { issueForMount, requestCertificate, takeCertificate, type AuthorityFiles } from './issue.ts'

import { paths } from './resources.ts'
import type { ClusterSetup } from './setup.ts'
import { readMounts } from './state.ts'
import { ACCESSOR, REVIEWER_TOKEN, type Step } from './step.ts'
import type { Vault } from './vault.ts'

export interface ApplyContext extends AuthorityFiles {
  readonly vault: Vault
  readonly setup: ClusterSetup
  /** Undefined if there is none; asked for when a step writes it. */
  readonly reviewerToken: (() => Promise<string>) | undefined
}

/** @returns a function that applies a step, and returns a line about it */
export function applyingTo(context: ApplyContext): (step: Step) => Promise<string> {
  let found: Promise<string> | undefined
  const fill = { reviewerToken: context.reviewerToken, accessor: () => (found ??= findAccessor(context)) }
  return async (step) => {
    if (step.kind === 'authority') return await applyAuthority(step, context)
    await context.vault.write(step.path, (await filled(step.data, fill)) as Record<string, unknown>)
    return `${step.verb === 'create' ? 'created' : 'changed'} ${step.path}`
  }
}

async function applyAuthority(
  { mount, step }: Extract<Step, { kind: 'authority' }>,
  context: ApplyContext,
): Promise<string> {
  switch (step.kind) {
    case 'request':
      return await requestCertificate(mount, step, context)
    case 'sign':
      return await issueForMount(mount, step, context)
    case 'import':
    case 'chain':
      return await takeCertificate(mount, step, context)
    case 'default':
      await context.vault.write(`${mount}/config/issuers`, { default: step.issuer })
      return `changed ${mount}/config/issuers: ${step.subject} signs from now on`
  }
}

interface Fill {
  readonly reviewerToken: (() => Promise<string>) | undefined
  /** Looked up when first needed, because an earlier step creates the mount. */
  accessor(): Promise<string>
}

async function filled(value: unknown, fill: Fill): Promise<unknown> {
  if (Array.isArray(value)) return await Promise.all(value.map((one: unknown) => filled(one, fill)))
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(async ([name, one]) => [name, await filled(one, fill)] as const)
    return Object.fromEntries(await Promise.all(entries))
  }
  if (value === REVIEWER_TOKEN) return await fill.reviewerToken?.()
  if (typeof value !== 'string' || !value.includes(ACCESSOR)) return value
  return value.replaceAll(ACCESSOR, await fill.accessor())
}

async function findAccessor({ vault, setup }: ApplyContext): Promise<string> {
  const path = paths.authMount(setup)
  const mount = (await readMounts(vault, 'sys/auth')).get(path)
  if (mount !== undefined) return mount.accessor
  throw new IamRaError('REFUSED', 'identity', `${path} was removed after it was created`, {
    hint: 'check whether something else writes to this Vault; a further run continues from here',
  })
}
