/** The AWS account and the installation that a command works on. */
import { IamRaError } from '../errors.ts'
import { openAccount, type Account } from '../onboarding/aws/account.ts'
import { installationFault } from '../onboarding/names.ts'
import type { OperatorContext } from './context.ts'
import type { AccountFlags } from './route.ts'

/** @throws IamRaError if it is not a name */
export function installationOf({ runtime }: OperatorContext, flags: AccountFlags): string {
  const name = flags.installation ?? (runtime.env['IAM_RA_INSTALLATION']?.trim() || 'default')
  const fault = installationFault(name)
  if (fault === undefined) return name
  throw new IamRaError('SETTINGS_INVALID', 'settings', `the installation "${name}" ${fault.wrong}`, {
    hint: `set --installation or IAM_RA_INSTALLATION to ${fault.expected}`,
  })
}

/** Opens the account for one piece of work, and closes its connections after it. @throws IamRaError */
export async function withAccount<T>(
  { runtime, interrupt }: OperatorContext,
  { region, profile }: AccountFlags,
  work: (account: Account) => Promise<T>,
): Promise<T> {
  const said = new Set<string>()
  let isOver = false
  const onRetry = (why: string): void => {
    // Several calls at once meet the same; calls that a failed one left behind concern nobody.
    if (!isOver && !said.has(why)) runtime.stderr(`note: ${why}; trying again for up to a minute\n`)
    said.add(why)
  }
  const account = await openAccount(runtime, { region, profile, interrupt, onRetry })
  try {
    return await work(account)
  } finally {
    isOver = true
    account.close()
  }
}
