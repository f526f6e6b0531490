/**
 * A container without an image's comforts: a root file system with the executable and the libraries that it names and
 * nothing else, read-only, with /proc and a small /dev as runtimes mount them; no /tmp, no /etc, no HOME.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { readElf } from '../../scripts/build/elf.ts'
import type { RunFolder } from '../e2e/harness.ts'

const LIBRARY_FOLDERS = {
  'x86-64': ['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/lib64', '/usr/lib64'],
  arm64: ['/lib/aarch64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/lib64', '/usr/lib64'],
} as const

/** Where the run's folder is in the container. */
export const POD = '/pod'

const work = mkdtempSync(join(tmpdir(), 'iam-ra-confined-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
const root = join(work, 'root')
mkdirSync(root)
const image = makeImage(join(import.meta.dirname, '../../dist/aws-iam-ra'))
let runs = 0

export interface Confinement {
  readonly uid: number
  /** Bytes, as a container's limit counts them: the pages of the executable, which no cache has, are among them. */
  readonly memory: number
}

export interface Confined {
  /** For the harness: what starts the binary, in the place of the one that the harness names. */
  readonly under: readonly string[]
  /** For the harness: the settings that name paths. */
  readonly env: Readonly<Record<string, string | undefined>>
  report(): Report
  /** Takes the cgroup away. */
  end(): void
}

export interface Report {
  /** The signal that ended it, or 0. */
  readonly signal: number
  /** What the kernel said of the process as it started: /proc/self/status. */
  readonly status: Readonly<Record<string, string>>
  /** Most that the limit counted at one time. */
  readonly peakBytes: number
}

/** Below the run's folder the credentials' folder can be written to, all else can be read. */
export function confined({ uid, memory }: Confinement, folder: RunFolder): Confined {
  runs += 1
  const report = join(work, `report-${runs}`)
  const group = memoryGroup(memory)
  const credentials = dirname(folder.credentials)
  mkdirSync(credentials, { recursive: true })
  for (const path of [folder.path, folder.home]) chmodSync(path, 0o755)
  chmodSync(folder.terminationLog, 0o666)
  chownSync(credentials, uid, uid)
  const launcher = join(import.meta.dirname, 'confine.py')
  const options = ['--root', root, '--uid', `${uid}`, '--cgroup', group.procs, '--report', report]
  const launch = ['python3', launcher, ...options, '--', '/aws-iam-ra'].map((word) => `'${word}'`).join(' ')
  const script = [
    'set -e',
    ...mounts(folder.path, credentials, folder.terminationLog),
    // The harness's own executable stands first.
    'shift',
    `exec ${launch} "$@"`,
  ].join('\n')
  return {
    under: ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script, 'sh'],
    env: {
      HOME: undefined,
      SERVICE_ACCOUNT_TOKEN_FILE: `${POD}/token`,
      AWS_SHARED_CREDENTIALS_FILE: `${POD}/home/.aws/credentials`,
      TERMINATION_LOG: undefined,
    },
    report: () => ({
      ...(JSON.parse(readFileSync(report, 'utf8')) as Omit<Report, 'peakBytes'>),
      peakBytes: Number(readFileSync(group.peak, 'utf8')),
    }),
    end: () => rmdirSync(group.path),
  }
}

/** In a mount namespace that ends with the run, and with it the loop device and what was cached of it. */
function mounts(folder: string, credentials: string, log: string): string[] {
  const dev = `${root}/dev`
  const nodes = { null: 3, zero: 5, full: 7, random: 8, urandom: 9 }
  return [
    `mount -o ro,loop '${image}' '${root}'`,
    // The kernel's default of 128 KiB, whatever this machine's disk has: what is read ahead counts to the limit.
    `blockdev --setra 256 "$(findmnt -n -o SOURCE '${root}')"`,
    `mount -t proc -o ro,nosuid,nodev,noexec proc '${root}/proc'`,
    `mount -t tmpfs -o size=64k,mode=755,nosuid dev '${dev}'`,
    ...Object.entries(nodes).map(([name, minor]) => `mknod -m 666 '${dev}/${name}' c 1 ${minor}`),
    `touch '${dev}/termination-log'`,
    `mount --bind '${log}' '${dev}/termination-log'`,
    `mount -o remount,ro '${dev}'`,
    `mount --bind '${folder}' '${root}${POD}'`,
    `mount -o remount,bind,ro '${root}${POD}'`,
    `mount --bind '${credentials}' '${root}${POD}/home/.aws'`,
  ]
}

/** @returns the path of a file system in a file */
function makeImage(binary: string): string {
  const folder = join(work, 'content')
  for (const name of ['proc', 'dev', 'pod']) mkdirSync(join(folder, name), { recursive: true })
  const { machine, interpreter, libraries } = readElf(readFileSync(binary))
  const found = libraries.map((name) => {
    const path = LIBRARY_FOLDERS[machine].map((place) => join(place, name)).find((one) => existsSync(one))
    if (path === undefined) throw new Error(`${name}, which the executable needs, is nowhere on this machine`)
    return path
  })
  for (const path of new Set([interpreter, ...found])) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    copyFileSync(realpathSync(path), join(folder, path))
  }
  copyFileSync(binary, join(folder, 'aws-iam-ra'))
  const path = join(work, 'image')
  const made = spawnSync(
    'sh',
    ['-c', 'chmod -R a+rX "$0" && mkfs.ext4 -q -O ^has_journal -d "$0" "$1" 256M', folder, path],
    { encoding: 'utf8', env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } },
  )
  if (made.status !== 0) throw new Error(`mkfs.ext4 makes no file system: ${made.stderr}`)
  rmSync(folder, { recursive: true })
  return path
}

interface MemoryGroup {
  readonly path: string
  readonly procs: string
  readonly peak: string
}

const VERSION_1 = '/sys/fs/cgroup/memory'
const VERSION_2 = '/sys/fs/cgroup'

/** A memory cgroup of either version, without swap, as a kubelet has it. @throws Error where this machine has neither */
function memoryGroup(limit: number): MemoryGroup {
  const isFirst = existsSync(join(VERSION_1, 'memory.limit_in_bytes'))
  if (!isFirst && !existsSync(join(VERSION_2, 'cgroup.subtree_control')))
    throw new Error('this machine has no memory cgroups: these tests need them')
  if (!isFirst) writeFileSync(join(VERSION_2, 'cgroup.subtree_control'), '+memory')
  const path = join(isFirst ? VERSION_1 : VERSION_2, `iam-ra-test-${process.pid}-${runs}`)
  mkdirSync(path)
  writeFileSync(join(path, isFirst ? 'memory.limit_in_bytes' : 'memory.max'), `${limit}`)
  const swap = isFirst ? (['memory.memsw.limit_in_bytes', limit] as const) : (['memory.swap.max', 0] as const)
  if (existsSync(join(path, swap[0]))) writeFileSync(join(path, swap[0]), `${swap[1]}`)
  const peak = join(path, isFirst ? 'memory.max_usage_in_bytes' : 'memory.peak')
  return { path, procs: join(path, 'cgroup.procs'), peak }
}
