/** A test file that runs itself again in a network namespace of its own, as a pod has one. Needs root. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cleanEnv } from './clean-env.ts'

const INSIDE = 'IAM_RA_OWN_NETWORK'

/** Returns inside, where loopback is up and nothing else is there; outside it runs the file there, and ends this process. */
export function inOwnNetwork(file: string): void {
  if (process.env[INSIDE] !== undefined) {
    execFileSync('ip', ['link', 'set', 'lo', 'up'], { env: cleanEnv({}) })
    return
  }
  const { status } = spawnSync('unshare', ['--net', '--kill-child', '--fork', process.execPath, file], {
    env: { ...process.env, [INSIDE]: '1' },
    stdio: 'inherit',
  })
  process.exit(status ?? 1)
}
