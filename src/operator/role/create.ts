/** `iam-ra role create`: a role with its policies and its profile, or what is missing of them. */
import { basename } from 'node:path'
import { codeOf, IamRaError } from '../../errors.ts'
import type { Account } from '../../onboarding/aws/account.ts'
import type { Tag } from '../../onboarding/aws/bindings.ts'
import { readInstallation, type Installation } from '../../onboarding/aws/installation.ts'
import { planBinding } from '../../onboarding/aws/plan-binding.ts'
import { planRole } from '../../onboarding/aws/plan-role.ts'
import { wishFaults, type RoleWishes } from '../../onboarding/aws/role-wishes.ts'
import { joined, type Plan } from '../../onboarding/plan/step.ts'
import { readInputFile } from '../../run/input-file.ts'
import { installationOf, withAccount } from '../account.ts'
import { checkTags } from '../added-tags.ts'
import { change, type ChangeFlags } from '../change.ts'
import type { OperatorContext } from '../context.ts'
import { printDocument } from '../report.ts'
import type { AccountFlags } from '../route.ts'
import { checkTemplateFlags, printTemplate, type TemplateFlags } from './template.ts'

export interface CreateFlags extends AccountFlags, ChangeFlags, TemplateFlags {
  readonly policy?: readonly string[]
  /** Files. */
  readonly 'inline-policy'?: readonly string[]
  readonly 'max-session'?: number
  readonly 'session-duration'?: number
  readonly 'permissions-boundary'?: string
  readonly 'iam-role-name'?: string
  readonly tag?: readonly Tag[]
  readonly json?: boolean
}

export async function create(context: OperatorContext, flags: CreateFlags, role: string): Promise<number> {
  const name = installationOf(context, flags)
  checkTags(flags)
  checkTemplateFlags(flags)
  const wishes = await wishesOf(context, flags, role)
  const problems = wishFaults(name, wishes)
  if (problems.length > 0) {
    throw new IamRaError('SETTINGS_INVALID', 'settings', `role ${role} cannot be created like this`, {
      problems,
      hint: 'change the flags, and run it again; iam-ra role create --help has the limits',
    })
  }
  if (flags.print !== undefined) return await printTemplate(context, flags, wishes, name)
  return await withAccount(context, flags, async (account) => {
    let now: Installation | undefined
    const plan = async (): Promise<Plan> => {
      now = await readInstallation(account, name)
      return joined(await planRole(account, now, wishes), await planSettling(account, now, role))
    }
    const code = await change(context, { plan, stage: 'exchange' }, flags)
    const made = now?.roles.find((one) => one.role === role)
    if (flags.json === true && flags['dry-run'] !== true && made !== undefined) {
      const [profile] = made.profiles
      await printDocument(context.runtime, {
        ...{ installation: name, role, arn: made.arn, profile: profile?.arn ?? null },
        trustAnchor: now?.anchor?.arn ?? null,
      })
    }
    return code
  })
}

async function wishesOf({ runtime }: OperatorContext, flags: CreateFlags, role: string): Promise<RoleWishes> {
  const inline = new Map<string, string>()
  for (const path of flags['inline-policy'] ?? []) {
    const name = basename(path).replace(/\.json$/i, '')
    if (!INLINE_NAME.test(name)) {
      throw unfit(path, 'has a name that IAM does not accept', `rename it: ${INLINE_RULE}`)
    }
    if (inline.has(name)) throw unfit(path, 'has the name of another one', 'rename one of the files')
    try {
      inline.set(name, await readInputFile(runtime.fs, path))
    } catch (cause) {
      throw unfit(path, `cannot be read (${codeOf(cause) ?? 'unreadable'})`, 'check the path')
    }
  }
  return {
    ...{ role, iamName: flags['iam-role-name'], boundary: flags['permissions-boundary'] },
    ...{ policies: [...new Set(flags.policy ?? [])], inline: Object.fromEntries(inline) },
    ...{ maxSessionSeconds: flags['max-session'], sessionSeconds: flags['session-duration'] },
    tags: flags.tag ?? [],
  }
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
const INLINE_NAME = /^[\w+=,.@-]{1,128}$/
const INLINE_RULE = 'the policy is named after it, with at most 128 letters, digits and _+=,.@-'

function unfit(path: string, wrong: string, hint: string): IamRaError {
  return new IamRaError('SETTINGS_INVALID', 'settings', `the inline policy ${path} ${wrong}`, { hint })
}

/** Names that the trust policy admits and no tag has, or statements that someone changed by hand. Only then does the quota matter. */
async function planSettling(account: Account, installation: Installation, role: string): Promise<Plan> {
  const found = installation.roles.find((one) => one.role === role)
  const settles = found !== undefined && (found.untagged.length > 0 || found.altered)
  if (!settles) return { steps: [], notes: [], problems: [] }
  const quota = await account.iam.trustPolicyQuota()
  return planBinding(account, installation.owner, found, { quota })
}
