/** Sets Vault up for pods: `npm run vault-setup -- --help`, and docs/vault.md. */
import { readFile, writeFile } from 'node:fs/promises'
import { systemRuntime } from '../src/run/runtime.ts'
import { ROOT } from './checks/files.ts'
import { runVaultSetup } from '../src/onboarding/vault/run.ts'

process.exitCode = await runVaultSetup({
  ...systemRuntime(process),
  root: ROOT,
  readFile: (path) => readFile(path),
  writeFile: (path, text) => writeFile(path, text),
})
