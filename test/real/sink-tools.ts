/** What the sink's tests on real file systems need of Linux: strace to meddle with single calls, mounts of their own. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunFolder } from '../e2e/harness.ts'

/** @throws Error where the machine lacks something, since a test that is left out proves nothing */
export function requireTools(...tools: readonly ('strace' | 'unshare')[]): void {
  const missing = [
    ...(process.platform === 'linux' ? [] : ['Linux']),
    ...(process.getuid?.() === 0 ? [] : ['root']),
    ...tools.filter((tool) => spawnSync(tool, ['-V']).error !== undefined),
  ]
  if (missing.length === 0) return
  throw new Error(
    `the tests of the sink on real file systems need ${missing.join(', ')}: run them as root on Linux, and install strace and util-linux`,
  )
}

/** A system call on a path; one on an open file has the path that the file has at that moment. */
export interface SystemCall {
  readonly name: string
  readonly path: string
}

export interface Tracing {
  /** For the harness: what starts the binary. */
  readonly under: readonly string[]
  /** The calls on the paths, in their order; a run that was killed at one has not made that. */
  calls(): readonly SystemCall[]
}

const work = mkdtempSync(join(tmpdir(), 'iam-ra-strace-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
let traces = 0

/** @param inject what strace does with which calls, such as `rename:signal=KILL:when=1` */
export function traced(paths: readonly string[], inject?: string): Tracing {
  const output = join(work, `${(traces += 1)}`)
  const filters = paths.flatMap((path) => ['-P', path])
  const injection = inject === undefined ? [] : ['-e', `inject=${inject}`]
  return {
    // -s 0: no content of a file in the trace.
    under: ['strace', '-f', '-q', '-y', '-s', '0', '-o', output, ...filters, ...injection, '--'],
    calls: () => readFileSync(output, 'utf8').split('\n').flatMap(callOf),
  }
}

/**
 * Stops the process (SIGSTOP) where it has made the call, and says so on stderr: `[pid 7] --- stopped by SIGSTOP ---`.
 * The test goes on with the process by `resume`, whatever happens.
 */
export function stoppedAfter({ name, path }: SystemCall): readonly string[] {
  const filter = ['-P', path, '-e', `inject=${name}:signal=STOP:when=1`]
  return ['strace', '-f', '-q', '-s', '0', ...filter, '--']
}

export function resume(stderr: string): void {
  const pid = /\[pid +(\d+)\] --- stopped by SIGSTOP/.exec(stderr)?.[1]
  if (pid === undefined) throw new Error('strace names no process that is stopped')
  process.kill(Number(pid), 'SIGCONT')
}

/** `21480 fchmod(6</x/y>, 0600) = 0`; the first path of a line is what the call is about. */
function callOf(line: string): SystemCall[] {
  const [, name, rest = ''] = /^\d+ +(\w+)\((.*)$/.exec(line) ?? []
  if (name === undefined) return []
  const path = /^\d+<([^>]*)>/.exec(rest)?.[1] ?? /"([^"]*)"/.exec(rest)?.[1]
  return path === undefined ? [] : [{ name, path }]
}

/** Where a run in a mount namespace of its own leaves a copy of its folder, which is gone with the namespace. */
export function copyOf(folder: RunFolder): string {
  return join(folder.path, 'seen')
}

/**
 * Starts the binary in a mount namespace that ends with it, after `setup`, a script with the folder of the credentials
 * file as `$folder`; what is there afterwards is copied to `copyOf(folder)`.
 */
export function mounted(folder: RunFolder, setup: string): readonly string[] {
  const script = [
    'set -e',
    'mkdir -p "$folder"',
    setup,
    'set +e',
    '"$@"',
    'code=$?',
    'test ! -d "$folder" || cp -a "$folder" "$copy"',
    'exit $code',
  ].join('\n')
  const names = [`folder=${join(folder.home, '.aws')}`, `copy=${copyOf(folder)}`]
  return ['unshare', '--mount', '--kill-child', 'env', ...names, 'sh', '-c', script, 'sh']
}
