/** `npm run vault-setup`: reads its flags, and reports errors under its own name. */
import { IamRaError } from '../../errors.ts'
import { HELP, parseArguments } from './arguments.ts'
import { setUpVault, type SetupRuntime } from './set-up-vault.ts'
import type { Runtime } from '../../run/runtime.ts'

/** @returns the exit code */
export async function runVaultSetup(
  runtime: Omit<SetupRuntime, 'warn'> & Pick<Runtime, 'argv' | 'stderr'>,
): Promise<number> {
  try {
    const args = parseArguments(runtime.argv)
    if (args === undefined) {
      runtime.stdout(HELP)
      return 0
    }
    await setUpVault(args, {
      ...runtime,
      warn: (sentence) => runtime.stderr(`vault-setup: warning: ${sentence}\n`),
    })
    return 0
  } catch (thrown) {
    const error = thrown instanceof IamRaError ? thrown : unforeseen(thrown)
    for (const problem of error.problems) runtime.stderr(`vault-setup: ${problem}\n`)
    runtime.stderr(
      `vault-setup: ${error.message}\n${error.hint === undefined ? '' : `hint: ${error.hint}\n`}`,
    )
    return error.stage === 'settings' ? 2 : 1
  }
}

/** A bug of ours. Its message may quote what was read, so only its type and place are shown. */
function unforeseen(error: unknown): IamRaError {
  const { name, stack = '' } = error instanceof Error ? error : new Error()
  const [place] = /[\w-]+\.ts:\d+/.exec(stack) ?? []
  return new IamRaError(
    'INTERNAL',
    'internal',
    `unexpected ${name} in vault-setup at ${place ?? 'an unknown place'}`,
    {
      cause: error,
      hint: 'this is a bug: run it again without --apply to see what is done, and report this line with the version of Vault',
    },
  )
}
