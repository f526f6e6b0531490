/** `iam-ra init`: the trust anchor of an installation, and the root that it trusts. */
import { IamRaError } from '../errors.ts'
import type { Root } from '../onboarding/authority/authority.ts'
import type { Tag } from '../onboarding/aws/bindings.ts'
import { anchorTemplate } from '../onboarding/aws/cloudformation.ts'
import { readInstallation, type Installation } from '../onboarding/aws/installation.ts'
import { planInit } from '../onboarding/aws/plan-init.ts'
import type { Plan } from '../onboarding/plan/step.ts'
import { installationOf, withAccount } from './account.ts'
import { checkTags } from './added-tags.ts'
import { change, type ChangeFlags } from './change.ts'
import type { OperatorContext } from './context.ts'
import { printDocument, printResult } from './report.ts'
import { checkRootFlags, isRootNamed, withRoot, type RootFlags } from './root.ts'
import type { AccountFlags } from './route.ts'

export interface InitFlags extends AccountFlags, ChangeFlags, RootFlags {
  readonly tag?: readonly Tag[]
  readonly print?: 'cloudformation'
  readonly json?: boolean
}

export async function init(context: OperatorContext, flags: InitFlags): Promise<number> {
  const name = installationOf(context, flags)
  const mode = checkRootFlags(flags)
  checkTags(flags)
  return await withRoot(context, flags, name, (root) =>
    flags.print === undefined
      ? createInstallation(context, flags, { name, mode, root })
      : printTemplate(context, name, root),
  )
}

interface Wishes {
  readonly name: string
  readonly mode: string
  root(): Promise<Root>
}

async function createInstallation(
  context: OperatorContext,
  flags: InitFlags,
  { name, mode, root }: Wishes,
): Promise<number> {
  const { runtime } = context
  const reads: Installation[] = []
  const code = await withAccount(context, flags, (account) => {
    const plan = async (): Promise<Plan> => {
      const now = await readInstallation(account, name)
      reads.push(now)
      // A run that names no root only restores what is missing.
      const isKept = now.anchor !== undefined && !isRootNamed(flags)
      return await planInit(account, now, {
        ...{ mode, tags: flags.tag ?? [] },
        ...(isKept ? {} : { root: await root() }),
      })
    }
    return change(context, { plan, stage: 'exchange' }, flags)
  })
  const anchor = reads.at(-1)?.anchor
  if (flags['dry-run'] === true || anchor === undefined) return code
  if (flags.json === true) {
    await printDocument(runtime, { installation: name, trustAnchor: { name: anchor.name, arn: anchor.arn } })
  }
  if (reads[0]?.anchor === undefined) {
    runtime.stderr('next: iam-ra role create NAME --policy ARN, and iam-ra k8s setup CLUSTER\n')
  }
  return code
}

async function printTemplate(
  { runtime }: OperatorContext,
  name: string,
  root: () => Promise<Root>,
): Promise<number> {
  const { subject, plan, read } = await root()
  if (plan.steps.length + plan.problems.length > 0) {
    throw new IamRaError('SETTINGS_INVALID', 'settings', `the root ${subject} does not exist yet`, {
      problems: plan.problems,
      hint: 'give its certificate with --root FILE, or let iam-ra init create it',
    })
  }
  await printResult(runtime, anchorTemplate(await read()))
  runtime.stderr(
    `next: save it, and run aws cloudformation deploy --stack-name iam-ra-${name} --template-file FILE\n`,
  )
  return 0
}
