/**
 * Runs the tests against real servers and third-party clients: builds missing servers, starts what it needs on its own
 * loopback ports, and ends with a line `N passed, N failed`. Missing requirements are failures, never skips, except for
 * the definitions of the Vault Secrets Operator, which may not be kept here: a note says so if they are missing.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { templateCheck } from '../test/real/cloudformation/lint.ts'
import { pythonEnvironment } from '../test/rig/processes/python.ts'
import { TESTED_KITS } from '../test/real/interop/readers/kits.ts'
import { prepareReaders } from '../test/real/interop/readers/prepare.ts'
import { build, buildOperator, buildRelease } from './build.ts'
import { cacheFolder, ensureServers, LOOPBACK_SERVERS, serverVariables } from '../test/rig/servers/build.ts'
import { runTests, testFiles } from './test-runner.ts'

/** From Debian, except for Python. */
const TOOLS = [
  'strace',
  'unshare',
  'setpriv',
  'ip',
  'curl',
  'openssl',
  'python3',
  'mkfs.ext4',
  'qemu-aarch64-static',
]

/**
 * Run only when named: four minutes of eight operators at once, which the clock of a busy machine can disturb, and the
 * operator's program killed after each of its calls.
 */
const LONG = ['aws-races', 'processes-killed']

try {
  const parts = process.argv.slice(2)
  const isWanted = (path: string): boolean =>
    LONG.every((name) => !path.includes(name) || parts.includes(name))
  const paths = testFiles((path) => path.startsWith('test/real/') && isWanted(path), parts)
  requireTools()
  await ensureServers()
  // Here and not in the tests: pip and similar tools may need this machine's environment variables for its index and
  // CA.
  if (paths.some((path) => path.includes('/interop/'))) prepareReaders(TESTED_KITS)
  if (paths.some((path) => /vault-aws|\/onboarding\//.test(path))) pythonEnvironment()
  if (paths.some((path) => path.includes('cloudformation'))) templateCheck()
  build()
  // The shipped files run on other processors, under qemu.
  if (paths.some((path) => path.includes('ship-emulated'))) await buildRelease()
  if (paths.some((path) => path.includes('ship-operator'))) await buildOperator(true)
  const options = {
    longestMs: 600_000,
    env: {
      // The tests have their own home directory, without a cache.
      ...serverVariables(LOOPBACK_SERVERS),
      XDG_CACHE_HOME: join(cacheFolder(), '..'),
      ...(process.env['VSO_CRDS'] === undefined ? {} : { VSO_CRDS: process.env['VSO_CRDS'] }),
    },
  }
  // A flood takes the processors from anything that runs at the same time.
  const isFlood = (path: string): boolean => path.endsWith('/flood.test.ts')
  const together = paths.filter((path) => !isFlood(path))
  const [others, floods] = [
    await runTests(together, options),
    await runTests(paths.filter(isFlood), { ...options, workers: 1 }),
  ]
  const [passed, failed] = [others.passed + floods.passed, others.failed + floods.failed]
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
  process.exitCode = failed === 0 ? 0 : 1
} catch (error) {
  process.stderr.write(`test:real: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

/** Checked before a quarter of an hour of building. Tests that kill processes or fill disks need root and these. */
function requireTools(): void {
  const isThere = (name: string): boolean =>
    spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' }).status === 0
  const missing = [
    ...(process.platform === 'linux' ? [] : ['Linux']),
    ...(process.getuid?.() === 0 ? [] : ['root (to mount, to drop privileges and to trace)']),
    ...TOOLS.filter((name) => !isThere(name)),
  ]
  if (missing.length > 0)
    throw new Error(`these tests need ${missing.join(', ')}: npm test runs without them`)
}
