/** An AWS config file whose profile takes its credentials from the shipped file, everything that this needs in flags. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BINARY, type Upstream } from './serving.ts'

/** @returns what leads an app to it: the SDK's process inherits the app's environment, so nothing of ours is in there */
export function processEnv(
  upstream: Upstream,
  home: string,
  changes: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(home, 'config-'))
  const tokenFile = join(folder, "a token, it's ours")
  writeFileSync(tokenFile, upstream.token())
  const config = join(folder, 'config')
  const settings = { ...upstream.env, SERVICE_ACCOUNT_TOKEN_FILE: tokenFile, ...changes }
  const flags = Object.entries(settings).map(
    ([name, value]) => `--${name.toLowerCase().replaceAll('_', '-')} "${value}"`,
  )
  const line = [BINARY, 'credential-process', ...flags].join(' ')
  writeFileSync(config, `[profile from-vault]\ncredential_process = ${line}\n`)
  return { AWS_CONFIG_FILE: config, AWS_PROFILE: 'from-vault', AWS_EC2_METADATA_DISABLED: 'true' }
}
