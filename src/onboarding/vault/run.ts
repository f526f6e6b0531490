/** `npm run vault-setup`: its flags, and its errors in its own name. */
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

/** A fault of ours. Its own words may quote what was read, so that its kind and place are all that is said. */
function unforeseen(error: unknown): IamRaError {
  const { name, stack = '' } = error instanceof Error ? error : new Error()
  const [place] = /[\w-]+\.ts:\d+/.exec(stack) ?? []
  return new IamRaError(
    'INTERNAL',
    'internal',
    `it stopped at a mistake of its own, ${name} at ${place ?? 'an unknown place'}`,
    {
      cause: error,
      hint: 'run it again without --apply, which shows what is done; report this line with the version of Vault',
    },
  )
}
