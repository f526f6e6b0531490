/**
 * A test file that runs itself anew as root of Linux namespaces of its own: links, mounts and processes of the node end
 * with them, however the file ends. The one thing that outlives them, the node's control groups, is removed here.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cleanEnv } from '../rig/processes/clean-env.ts'

/** Set inside to the name of the node's control groups. */
const INSIDE = 'IAM_RA_NODE'

/** A network without a way out, and a process id 1 that takes every process of the node with it. */
const UNSHARE = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child']

const CGROUPS = '/sys/fs/cgroup'

export interface Inside {
  readonly pid: number | undefined
  /** The name of the node's control groups. */
  readonly name: string
  /** Standard output so far. */
  output(): string
  /** Resolves when the output has it. @throws Error where the end comes first */
  shows(text: string): Promise<void>
  /** Ids of what runs in it now, as the machine counts; none before the first output. */
  processes(): readonly string[]
  /** The exit code, after all of it is gone; null where a signal ended it. */
  readonly ended: Promise<number | null>
  kill(): void
}

/** The name of the control groups of this node. @throws Error outside of such namespaces */
export function nodeName(): string {
  const name = process.env[INSIDE]
  if (name === undefined) throw new Error('this runs in namespaces of its own alone')
  return name
}

/** Returns inside of namespaces; outside it runs the file there, and ends this process with the same exit code. */
export async function inNamespaces(file: string): Promise<void> {
  if (process.env[INSIDE] !== undefined) return
  const inside = startInside(file)
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, inside.kill)
  }
  const code = await inside.ended
  process.stdout.write(inside.output())
  process.exitCode = code ?? 1
  process.exit()
}

export function startInside(file: string, args: readonly string[] = []): Inside {
  const name = `iam-ra-node-${randomBytes(4).toString('hex')}`
  const servers = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      /^(?:\w+_BIN|CERT_MANAGER_CRDS|IAM_RA_IMAGES|IAM_RA_PYTHON)$/.test(entry[0]) && entry[1] !== undefined,
  )
  const child = spawn(
    'unshare',
    // The shell is process 1: it reaps what is orphaned, as Node does not.
    [...UNSHARE, 'sh', '-c', '"$@"; exit $?', 'sh', process.execPath, file, ...args],
    {
      env: cleanEnv({ ...Object.fromEntries(servers), [INSIDE]: name, HOME: '/run', TMPDIR: '/run' }),
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let output = ''
  let world: string | undefined
  const waiting = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    world ??= worldBelow(child.pid)
    for (const look of waiting) look()
  })
  const processes = (): readonly string[] => (world === undefined ? [] : processesIn(world))
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const ended = closed.then(async (code) => {
    // The kernel has killed what is left, and takes a moment over it.
    for (let attempt = 0; attempt < 100 && processes().length > 0; attempt += 1) await delay(50)
    removeGroups(name)
    return code
  })
  const shows = async (text: string): Promise<void> => {
    const shown = new Promise<void>((resolve) => {
      const look = (): void => {
        if (output.includes(text)) resolve()
      }
      waiting.add(look)
      look()
    })
    const gone = ended.then(() => {
      throw new Error(`it ended before it said ${JSON.stringify(text)}:\n${output}`)
    })
    // Where the text comes first, nobody waits for this any more.
    gone.catch(() => undefined)
    await Promise.race([shown, gone])
  }
  const kill = (): void => void child.kill('SIGKILL')
  return { pid: child.pid, name, output: () => output, shows, processes, ended, kill }
}

/** The namespace of process ids that the children of such a process are in; undefined where it is gone already. */
function worldBelow(pid = 0): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid_for_children`)
  } catch {
    return undefined
  }
}

function processesIn(world: string): readonly string[] {
  return readdirSync('/proc').filter((id) => {
    try {
      return /^\d+$/.test(id) && readlinkSync(`/proc/${id}/ns/pid`) === world
    } catch {
      // It ended meanwhile.
      return false
    }
  })
}

/** The folders of control groups of that name: one for each hierarchy, or one in all. */
export function groupsOf(name: string): string[] {
  const hierarchies = existsSync(join(CGROUPS, 'cgroup.controllers'))
    ? [CGROUPS]
    : readdirSync(CGROUPS).map((hierarchy) => join(CGROUPS, hierarchy))
  return hierarchies.map((hierarchy) => join(hierarchy, name)).filter((folder) => existsSync(folder))
}

/** From the leaves up: the kernel removes a group that has none below and no process. */
function removeGroups(name: string): void {
  for (const group of groupsOf(name)) {
    const below = readdirSync(group, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
    for (const folder of [...below.toSorted((a, b) => b.length - a.length), group]) rmdirSync(folder)
  }
}

/**
 * What a node may not leave behind, as the machine has it now: mounts, links, and control groups that bear a kubelet's or a
 * containerd's name. Its own groups are groupsOf(name); another node's may come and go meanwhile.
 */
export function traces(): Readonly<Record<'mounts' | 'links' | 'groups', readonly string[]>> {
  const hierarchies = readdirSync(CGROUPS, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n').toSorted(),
    links: readdirSync('/sys/class/net').toSorted(),
    groups: hierarchies
      .flatMap(({ name }) => [name, ...readdirSync(join(CGROUPS, name)).map((group) => join(name, group))])
      .filter((path) => /kubepods|k8s\.io/.test(path)),
  }
}
