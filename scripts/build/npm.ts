/** npm as a child: it needs to know of this machine's registry, proxy and CA, and nothing else. */
import { spawnSync } from 'node:child_process'
import { cleanEnv } from '../../test/rig/processes/clean-env.ts'

const BOUND_MS = 300_000

/** @returns stdout @throws Error with npm's own words */
export function npm(args: readonly string[], cwd: string): string {
  const network = /^(?:HOME|NPM_CONFIG_\w+|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR)|(?:HTTPS?|NO)_PROXY)$/i
  const found = Object.entries(process.env).filter(
    (entry): entry is [string, string] => network.test(entry[0]) && entry[1] !== undefined,
  )
  const { status, stdout, stderr, error } = spawnSync('npm', args, {
    cwd,
    encoding: 'utf8',
    env: cleanEnv(Object.fromEntries(found)),
    timeout: BOUND_MS,
  })
  if (status === 0) return stdout
  throw new Error(`npm ${args[0] ?? ''} failed: ${error?.message ?? stderr.slice(-2000)}`)
}
