/**
 * The Python packages of requirements.txt in a virtual environment of the project's own, made at its first use. It is kept in
 * the user's cache folder under a digest of what is in it, so that another list of packages makes another one.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cleanEnv } from './clean-env.ts'
import { cacheFolder } from '../servers/build.ts'

const CACHE = join(cacheFolder(), 'python')
const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt')
/** A download on a slow line. */
const INSTALL_BOUND_MS = 600_000

interface Step {
  readonly progress: string
  readonly failure: string
  readonly hint: string
}

const VENV: Step = {
  progress: 'making a virtual environment',
  failure: 'python3 cannot make a virtual environment',
  hint: 'install Python 3.11 with venv and pip (on Debian: apt-get install python3 python3-venv python3-pip)',
}
const INSTALL: Step = {
  progress: 'installing the packages, about 300 MB, once',
  failure: 'pip cannot install the packages',
  hint: 'see its own words above; it takes PIP_INDEX_URL and the like from the environment',
}

/**
 * The interpreter that has the packages. Makes the environment where there is none yet, with progress on stderr.
 * @throws Error that says what is missing; never leaves a half-made environment under the final name
 */
export function pythonEnvironment(): string {
  const name = `interop-${createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)}`
  const folder = join(CACHE, name)
  const python = join(folder, 'bin/python')
  mkdirSync(CACHE, { recursive: true })
  removeLeftovers()
  // False as well where the Python that it was made with has gone since.
  if (existsSync(python)) return python
  rmSync(folder, { recursive: true, force: true })
  // Made aside and renamed. Only the scripts in bin/ know the old path; none of them is used, modules are run instead.
  const draft = join(CACHE, `${name}.making-${process.pid}`)
  try {
    make(VENV, 'python3', ['-m', 'venv', draft])
    const install = ['install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]
    make(INSTALL, join(draft, 'bin/python'), ['-m', 'pip', ...install])
    if (!moved(draft, folder) && !existsSync(python))
      throw new Error(`python: cannot move ${draft} into its place`)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return python
}

/**
 * Further packages, in a folder of their own that is to stand in PYTHONPATH.
 * @param name of the folder
 * @param requirements path of their list, every dependency in it
 * @throws Error where pip cannot install them; its reason is on stderr
 */
export function furtherPackages(name: string, requirements: string): string {
  const python = pythonEnvironment()
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const folder = join(CACHE, `${name}-${digest}`)
  if (existsSync(folder)) return folder
  const draft = `${folder}.making-${process.pid}`
  try {
    const install = ['install', '--quiet', '--disable-pip-version-check', '--no-deps']
    const step = { ...INSTALL, progress: `installing the packages for ${name}, once` }
    make(step, python, ['-m', 'pip', ...install, '--target', draft, '-r', requirements])
    if (!moved(draft, folder) && !existsSync(folder)) throw new Error(`cannot move ${draft} into its place`)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return folder
}

/** What a run that was killed left behind; one that is still at work keeps its own. */
function removeLeftovers(): void {
  for (const file of readdirSync(CACHE)) {
    const [, pid] = /\.making-(\d+)$/.exec(file) ?? []
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(CACHE, file), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** False where another run was first. */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch {
    return false
  }
}

function make(step: Step, command: string, args: readonly string[]): void {
  process.stderr.write(`python: ${step.progress}\n`)
  // Progress goes to stderr, so that a test's stdout stays its own.
  const { status, error } = spawnSync(command, args, {
    env: installEnv(),
    stdio: ['ignore', process.stderr, process.stderr],
    timeout: INSTALL_BOUND_MS,
  })
  if (status === 0) return
  const why = error === undefined ? `exit ${status ?? 'by a signal'}` : error.message
  throw new Error(`python: ${step.failure} (${why})\nhint: ${step.hint}`)
}

/** pip alone may need what a machine says about its network. */
function installEnv(): Record<string, string> {
  const network = /^(?:PIP_\w+|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE|(?:HTTPS?|NO)_PROXY)$/i
  const found = Object.entries(process.env).filter(
    (entry): entry is [string, string] => network.test(entry[0]) && entry[1] !== undefined,
  )
  return cleanEnv(Object.fromEntries(found))
}
