/** `iam-ra vault setup`: sets up Vault for pods. */
import { checkArguments, type GivenArguments } from '../onboarding/vault/arguments.ts'
import { setUpVault } from '../onboarding/vault/set-up-vault.ts'
import type { OperatorContext } from './context.ts'
import { warn } from './report.ts'

export type VaultSetupFlags = GivenArguments

export async function vaultSetup(
  { runtime, interrupt }: OperatorContext,
  flags: VaultSetupFlags,
): Promise<number> {
  await setUpVault(checkArguments(flags, 'run iam-ra vault setup --help to list the flags'), {
    ...runtime,
    readFile: (path) => runtime.fs.readFile(path),
    warn: (sentence) => warn(runtime, sentence),
    signal: interrupt,
  })
  return 0
}
