/**
 * Runs the tests on a real node: builds missing servers and the images of this checkout, starts a one-node cluster in
 * its own namespaces, and ends with a line `N passed, N failed`. Missing requirements are failures, never skips.
 */
import { spawnSync } from 'node:child_process'
import { accessSync } from 'node:fs'
import { nodeEnvironment } from '../test/node/environment.ts'
import { runTests, testFiles } from './test-runner.ts'

try {
  const paths = testFiles((path) => path.startsWith('test/node/'), process.argv.slice(2))
  requireTools()
  const env = await nodeEnvironment()
  const { passed, failed } = await runTests(paths, {
    longestMs: 420_000,
    // One node at a time: the machine has to do all the work of a cluster.
    workers: 1,
    env,
  })
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
  process.exitCode = failed === 0 ? 0 : 1
} catch (error) {
  process.stderr.write(`test:e2e: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

/** Checked before minutes of building. */
function requireTools(): void {
  const commands = ['unshare', 'mount', 'ip', 'containerd', 'ctr', 'runc', 'buildah', 'busybox', 'dpkg']
  const missing = [
    ...(process.platform === 'linux' ? [] : ['Linux']),
    ...(process.getuid?.() === 0 ? [] : ['root (for its own namespaces and mounts)']),
    ...commands.filter((name) => !isThere(`command -v ${name}`)),
    ...(isFile('/usr/lib/cni/bridge')
      ? []
      : ['the CNI plug-ins in /usr/lib/cni, where Debian installs them']),
    ...(isThere('busybox | grep -q sh') && !isThere('ldd "$(command -v busybox)"')
      ? []
      : ['a static busybox']),
  ]
  if (missing.length === 0) return
  throw new Error(
    `these tests need ${missing.join(', ')}: on Debian, apt-get install --no-install-recommends ` +
      'containerd runc containernetworking-plugins buildah busybox-static iproute2',
  )
}

function isThere(command: string): boolean {
  return spawnSync('sh', ['-c', command], { stdio: 'ignore' }).status === 0
}

function isFile(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}
