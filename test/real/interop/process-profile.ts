/** An AWS config file whose profile takes its credentials from the shipped file, everything that this needs in flags. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BINARY, type Upstream } from './serving.ts'

/**
 * @param options.quoted whether the line has quotes, as a path with a blank in it needs; not all readers know them. Default true
 * @returns what leads an app to it: the SDK's process inherits the app's environment, so nothing of ours is in there
 */
export function processEnv(
  upstream: Upstream,
  home: string,
  changes: Readonly<Record<string, string>> = {},
  { quoted = true } = {},
): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(home, 'config-'))
  const tokenFile = join(folder, quoted ? "a token, it's ours" : 'token')
  writeFileSync(tokenFile, upstream.token())
  const config = join(folder, 'config')
  const settings = { ...upstream.env, SERVICE_ACCOUNT_TOKEN_FILE: tokenFile, ...changes }
  const flags = Object.entries(settings).map(
    ([name, value]) =>
      `--${name.toLowerCase().replaceAll('_', '-')} ${quoted ? JSON.stringify(value) : value}`,
  )
  const line = [BINARY, 'credential-process', ...flags].join(' ')
  writeFileSync(config, `[profile from-vault]\ncredential_process = ${line}\n`)
  return { AWS_CONFIG_FILE: config, AWS_PROFILE: 'from-vault', AWS_EC2_METADATA_DISABLED: 'true' }
}
