/** `iam-ra init`: the trust anchor of an installation, and the root that it trusts. */
import { IamRaError } from '../errors.ts'
import type { Tag } from '../onboarding/aws/bindings.ts'
import { anchorTemplate } from '../onboarding/aws/cloudformation.ts'
import { readInstallation, type Installation } from '../onboarding/aws/installation.ts'
import { planInit } from '../onboarding/aws/plan-init.ts'
import type { Plan } from '../onboarding/plan/step.ts'
import { installationOf, withAccount } from './account.ts'
import { checkTags } from './added-tags.ts'
import { change, type ChangeFlags } from './change.ts'
import type { OperatorContext } from './context.ts'
import { printDocument } from './report.ts'
import { checkRootFlags, isRootNamed, rootOf, type RootFlags } from './root.ts'
import type { AccountFlags } from './route.ts'

export interface InitFlags extends AccountFlags, ChangeFlags, RootFlags {
  readonly tag?: readonly Tag[]
  readonly print?: 'cloudformation'
  readonly json?: boolean
}

export async function init(context: OperatorContext, flags: InitFlags): Promise<number> {
  const { runtime } = context
  const name = installationOf(context, flags)
  const mode = checkRootFlags(flags)
  checkTags(flags)
  if (flags.print !== undefined) return await printTemplate(context, flags, name)
  return await withAccount(context, flags, async (account) => {
    let before: Installation | undefined
    let now: Installation | undefined
    const plan = async (): Promise<Plan> => {
      now = await readInstallation(account, name)
      before ??= now
      // A run without a root only restores what is missing.
      const isKept = now.anchor !== undefined && !isRootNamed(flags)
      const root = isKept ? {} : { root: await rootOf(context, flags, name) }
      return await planInit(account, now, { mode, tags: flags.tag ?? [], ...root })
    }
    const code = await change(context, { plan, stage: 'exchange' }, flags)
    const { anchor } = now ?? {}
    if (flags['dry-run'] === true || anchor === undefined) return code
    if (flags.json === true)
      printDocument(runtime, { installation: name, anchor: { arn: anchor.arn, name: anchor.name } })
    if (before?.anchor === undefined) {
      runtime.stderr('next: iam-ra role create NAME --policy ARN, and iam-ra k8s setup CLUSTER\n')
    }
    return code
  })
}

async function printTemplate(context: OperatorContext, flags: InitFlags, name: string): Promise<number> {
  const { runtime } = context
  const { subject, plan, read } = await rootOf(context, flags, name)
  if (plan.steps.length + plan.problems.length > 0) {
    throw new IamRaError('SETTINGS_INVALID', 'settings', `the root ${subject} does not exist yet`, {
      problems: plan.problems,
      hint: 'give its certificate with --root FILE, or let iam-ra init create it',
    })
  }
  runtime.stdout(anchorTemplate(await read()))
  runtime.stderr(
    `next: aws cloudformation deploy --stack-name iam-ra-${name} --template-file with this as a file\n`,
  )
  return 0
}
