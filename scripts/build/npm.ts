/**
 * npm as a child: it needs to know of this machine's registry, proxy and CA, and nothing else. Part of the image's build,
 * which has no test/.
 */
import { spawnSync } from 'node:child_process'

const BOUND_MS = 300_000

/** @returns stdout @throws Error with npm's own words */
export function npm(args: readonly string[], cwd: string): string {
  const known =
    /^(?:PATH|TMPDIR|HOME|NPM_CONFIG_\w+|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR)|(?:HTTPS?|NO)_PROXY)$/i
  const found = Object.entries(process.env).filter(
    (entry): entry is [string, string] => known.test(entry[0]) && entry[1] !== undefined,
  )
  const { status, stdout, stderr, error } = spawnSync('npm', args, {
    cwd,
    encoding: 'utf8',
    env: Object.fromEntries(found),
    timeout: BOUND_MS,
  })
  if (status === 0) return stdout
  throw new Error(`npm ${args[0] ?? ''} failed: ${error?.message ?? stderr.slice(-2000)}`)
}
