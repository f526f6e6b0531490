/**
 * The real servers of the tests: Vault, etcd, Kubernetes, kustomize and Helm, built by Go from pinned modules in
 * test/rig/servers/modules and kept by version in the user's cache directory, so that a fresh clone finds them. A
 * binary named in the environment (VAULT_BIN, KUBE_APISERVER_BIN, ETCD_BIN and so on) or found on PATH is used instead.
 * cert-manager's definitions for the API server come the same way: a directory in its module, which needs no building.
 * Its controller is a program of ours beside its go.mod, because its own command is in no module that can be had.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { ROOT } from '../../../scripts/checks/files.ts'

const MODULES = join(ROOT, 'test/rig/servers/modules')

const LOOPBACK_NAMES = [
  'vault',
  'kube-apiserver',
  'kube-apiserver-1.37',
  'etcd',
  'kubectl',
  'kustomize',
  'helm',
  'cert-manager-crds',
  'cert-manager-controller',
] as const
const NODE_NAMES = ['kubelet', 'kube-scheduler', 'kube-controller-manager'] as const

export type ServerName = (typeof LOOPBACK_NAMES)[number] | (typeof NODE_NAMES)[number]

interface Server {
  /** Directory of its Go module, and the package in it to build. */
  readonly module: string
  readonly package: string
  /** The part of the package to use instead of a build: a directory of YAML. */
  readonly definitions?: string
  /** A program of ours in the module's directory, to build instead of the package that it uses. */
  readonly program?: string
  readonly variable: string
  /** How long a first build took on two cores. */
  readonly duration: string
}

const SERVERS: Readonly<Record<ServerName, Server>> = {
  vault: {
    module: 'vault',
    package: 'github.com/hashicorp/vault',
    variable: 'VAULT_BIN',
    duration: '7 to 10 minutes',
  },
  'kube-apiserver': ofKubernetes('kube-apiserver', '4 minutes'),
  'kube-apiserver-1.37': {
    ...ofKubernetes('kube-apiserver', '4 minutes'),
    module: 'kubernetes-1.37',
    variable: 'KUBE_APISERVER_1_37_BIN',
  },
  etcd: { module: 'etcd', package: 'go.etcd.io/etcd/server/v3', variable: 'ETCD_BIN', duration: '1 minute' },
  kustomize: {
    module: 'kustomize',
    package: 'sigs.k8s.io/kustomize/kustomize/v5',
    variable: 'KUSTOMIZE_BIN',
    duration: '1 minute',
  },
  helm: { module: 'helm', package: 'helm.sh/helm/v4/cmd/helm', variable: 'HELM_BIN', duration: '2 minutes' },
  'cert-manager-crds': {
    module: 'cert-manager',
    package: 'github.com/cert-manager/cert-manager',
    definitions: 'deploy/crds',
    variable: 'CERT_MANAGER_CRDS',
    duration: '2 seconds',
  },
  'cert-manager-controller': {
    module: 'cert-manager',
    package: 'github.com/cert-manager/cert-manager',
    program: 'main.go',
    variable: 'CERT_MANAGER_CONTROLLER_BIN',
    duration: '3 minutes',
  },
  kubelet: ofKubernetes('kubelet', '1 minute'),
  'kube-scheduler': ofKubernetes('kube-scheduler', '1 minute'),
  'kube-controller-manager': ofKubernetes('kube-controller-manager', '1 minute'),
  kubectl: ofKubernetes('kubectl', '1 minute'),
}

function ofKubernetes(name: string, duration: string): Server {
  return {
    module: 'kubernetes',
    package: `k8s.io/kubernetes/cmd/${name}`,
    variable: `${name.toUpperCase().replaceAll('-', '_')}_BIN`,
    duration,
  }
}

/** Servers that need no node. */
export const LOOPBACK_SERVERS: readonly ServerName[] = LOOPBACK_NAMES
export const ALL_SERVERS: readonly ServerName[] = [...LOOPBACK_NAMES, ...NODE_NAMES]

export interface FoundServer {
  readonly path: string
  /** Where it was found, for messages. */
  readonly origin: string
}

/** Undefined if it has to be built first. @throws Error if the environment names an unusable path */
export function findServer(name: ServerName): FoundServer | undefined {
  const { variable, definitions } = SERVERS[name]
  const [isUsable, what] =
    definitions === undefined ? [isExecutable, 'an executable file'] : [isFolder, 'a directory']
  const named = process.env[variable]
  if (named !== undefined && named !== '') {
    if (!isUsable(named)) throw new Error(`${variable} names ${named}, which is not ${what}`)
    return { path: named, origin: variable }
  }
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable)
  if (onPath !== undefined) return { path: onPath, origin: 'PATH' }
  const cached = cachedPath(name)
  return isUsable(cached) ? { path: cached, origin: 'the cache' } : undefined
}

/** The path of the server, or of the directory of definitions. @throws Error with what to do if it was not built */
export function requireServer(name: ServerName): string {
  const found = findServer(name)
  if (found === undefined) {
    throw new Error(
      `${name} is missing: build it with npm run servers, or set ${SERVERS[name].variable} to one`,
    )
  }
  return found.path
}

/** For tests that run with their own home directory, which has no cache. @throws Error if one was not built */
export function serverVariables(names: readonly ServerName[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [SERVERS[name].variable, requireServer(name)]))
}

/** Builds missing servers, with progress on stdout. @throws Error if Go is missing or a build fails */
export async function ensureServers(names: readonly ServerName[] = LOOPBACK_SERVERS): Promise<void> {
  for (const name of names) {
    const found = findServer(name)
    if (found !== undefined) process.stdout.write(`servers: ${name} from ${found.origin} (${found.path})\n`)
    else await buildServer(name)
  }
}

/** The cache for all clones of this user. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'iam-ra')
}

function cachedPath(name: ServerName): string {
  const folder = `${name}-${versionOf(name)}${programDigest(name)}-${process.platform}-${process.arch}`
  return join(cacheFolder(), 'servers', folder, name)
}

/** A changed program is built again. */
function programDigest(name: ServerName): string {
  const { module, program } = SERVERS[name]
  if (program === undefined) return ''
  const text = readFileSync(join(MODULES, module, program))
  return `-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`
}

/** The version that its go.mod requires. */
export function versionOf(name: ServerName): string {
  const { module, package: target } = SERVERS[name]
  const text = readFileSync(join(MODULES, module, 'go.mod'), 'utf8')
  const required = [...text.matchAll(/^(?:require )?\t?(\S+) v(\S+)$/gm)].find(([, path = '']) =>
    target.startsWith(path),
  )
  if (required === undefined)
    throw new Error(`test/rig/servers/modules/${module}/go.mod requires no module that contains ${target}`)
  return required[2] ?? ''
}

async function buildServer(name: ServerName): Promise<void> {
  const { module, package: target, definitions, program, duration } = SERVERS[name]
  if (spawnSync('go', ['version']).status !== 0) {
    throw new Error(
      `Go is needed to build ${name} and is not on PATH: install Go 1.26 or newer, or set ${SERVERS[name].variable} to a built one`,
    )
  }
  process.stdout.write(`servers: building ${name} ${versionOf(name)} (about ${duration} on two cores)\n`)
  const started = performance.now()
  const path = cachedPath(name)
  mkdirSync(join(path, '..'), { recursive: true })
  // Next to the project: inside another module's tree, Go would treat the module as a part of that one.
  const work = mkdtempSync(join(tmpdir(), 'iam-ra-servers-'))
  try {
    cpSync(join(MODULES, module), work, { recursive: true })
    const partial = `${path}.partial-${process.pid}`
    if (definitions === undefined) {
      await run(
        'go',
        ['build', '-mod=readonly', '-trimpath', '-ldflags=-s -w', '-o', partial, program ?? target],
        work,
        name,
      )
    } else copyDefinitions(join(moduleFolder(target, work), definitions), partial)
    renameSync(partial, path)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  process.stdout.write(`servers: built ${name} in ${seconds} s: ${path}\n`)
}

/** Where Go keeps the module, downloaded and verified with go.sum. */
function moduleFolder(target: string, work: string): string {
  const { status, stdout, stderr } = spawnSync('go', ['mod', 'download', '-json', target], {
    cwd: work,
    encoding: 'utf8',
  })
  const { Dir: folder, Error: reason } = JSON.parse(stdout || '{}') as { Dir?: string; Error?: string }
  if (status === 0 && folder !== undefined) return folder
  throw new Error(`go cannot download ${target}: ${reason ?? stderr.trim()}`)
}

/** Copies the files alone: Go's own directory is read-only, and a copy of it could not be removed. */
function copyDefinitions(from: string, to: string): void {
  mkdirSync(to)
  for (const name of readdirSync(from).filter((found) => found.endsWith('.yaml'))) {
    copyFileSync(join(from, name), join(to, name))
  }
}

/** Prints a line now and then to show progress. */
function run(command: string, args: readonly string[], cwd: string, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    const started = performance.now()
    let last = ''
    const take = (chunk: Buffer): void => {
      const lines = chunk.toString().trim().split('\n')
      last = lines.at(-1) ?? last
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    const progress = setInterval(() => {
      const seconds = ((performance.now() - started) / 1000).toFixed(0)
      process.stdout.write(
        `servers: ${name}, ${seconds} s so far${last === '' ? '' : `, ${last.slice(0, 100)}`}\n`,
      )
      last = ''
    }, 20_000)
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(progress)
      if (code === 0) resolve()
      else reject(new Error(`building ${name} failed (go exited with ${code ?? 'a signal'}): ${last}`))
    })
  })
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

if (import.meta.main) {
  try {
    await ensureServers(ALL_SERVERS)
  } catch (error) {
    process.stderr.write(`servers: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
