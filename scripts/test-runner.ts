/** Runs test files, each in its own process, at least two at a time. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { availableParallelism, constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT, sourceFiles } from './checks/files.ts'
import { cleanEnv } from '../test/rig/processes/clean-env.ts'

interface Outcome {
  readonly path: string
  readonly passed: number
  readonly failed: number
  readonly output: string
}

export interface TestRun {
  readonly passed: number
  readonly failed: number
}

export interface RunnerOptions {
  /** Added to the clean environment that each file gets. */
  readonly env?: Readonly<Record<string, string>>
  /** How many files at a time. Defaults to one per core, and at least two. */
  readonly workers?: number
  /** After this a file is killed and counts as failed: one that hangs must not hang the whole run. */
  readonly longestMs: number
}

/** The test files that `select` accepts, and that have one of `parts`, if any, in their path. */
export function testFiles(select: (path: string) => boolean, parts: readonly string[]): string[] {
  const paths = sourceFiles(['test'])
    .map((file) => file.path)
    .filter((path) => path.endsWith('.test.ts') && select(path))
  const chosen =
    parts.length === 0 ? paths : paths.filter((path) => parts.some((part) => path.includes(part)))
  if (chosen.length === 0) throw new Error(`no test file has ${parts.join(' or ')} in its path`)
  return chosen
}

/** Prints a line for each file, and the output of each that failed. */
export async function runTests(paths: readonly string[], options: RunnerOptions): Promise<TestRun> {
  const home = mkdtempSync(join(tmpdir(), 'iam-ra-test-'))
  process.once('exit', () => rmSync(home, { recursive: true, force: true }))
  const outcomes = await runAll(paths, home, options)
  for (const outcome of outcomes) {
    if (outcome.failed > 0) process.stdout.write(`\n── ${outcome.path}\n${outcome.output}\n`)
  }
  return {
    passed: sum(outcomes.map((outcome) => outcome.passed)),
    failed: sum(outcomes.map((outcome) => outcome.failed)),
  }
}

async function runAll(queue: readonly string[], home: string, options: RunnerOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const waiting = [...queue]
  const worker = async (): Promise<void> => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      const outcome = await runFile(path, home, options)
      process.stdout.write(`${outcome.failed === 0 ? 'ok  ' : 'FAIL'} ${path} (${outcome.passed})\n`)
      for (const [note] of outcome.output.matchAll(/^note: .+$/gm)) process.stdout.write(`     ${note}\n`)
      outcomes.push(outcome)
    }
  }
  await Promise.all(Array.from({ length: options.workers ?? Math.max(2, availableParallelism()) }, worker))
  return outcomes
}

const running = new Set<ChildProcess>()

process.on('exit', () => {
  for (const child of running) signalGroup(child, 'SIGKILL')
})
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(name, () => {
    for (const child of running) signalGroup(child, 'SIGTERM')
    const leave = (): void => process.exit(128 + constants.signals[name])
    setTimeout(leave, PATIENCE_MS)
    void Promise.all([...running].map((child) => once(child, 'close'))).then(leave)
  })
}

/** How long a test file may take to stop its servers and remove its directories. */
const PATIENCE_MS = 5000

/** By the id of the process that was started, which is also its group's. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Nothing of the group is left.
  }
}

function runFile(path: string, home: string, { env, longestMs }: RunnerOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(ROOT, path)], {
      cwd: ROOT,
      env: cleanEnv({ HOME: home, NO_COLOR: '1', ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, so that everything a file started is killed with it in any case.
      detached: true,
    })
    running.add(child)
    let output = ''
    const bound = setTimeout(() => {
      output += `\nkilled by the test command after ${longestMs / 1000} s\n`
      signalGroup(child, 'SIGTERM')
      setTimeout(() => signalGroup(child, 'SIGKILL'), PATIENCE_MS).unref()
    }, longestMs)
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('close', (code) => {
      clearTimeout(bound)
      signalGroup(child, 'SIGKILL')
      running.delete(child)
      resolve({ path, ...count(output, code ?? 1), output })
    })
  })
}

/** uvu's own summary; a file counts as failed if it has none, ran no test or skipped some. */
function count(output: string, code: number): { passed: number; failed: number } {
  const figure = (name: string): number =>
    Number(new RegExp(`^\\s+${name}:\\s+(\\d+)`, 'm').exec(output)?.[1] ?? 0)
  const total = figure('Total')
  const passed = figure('Passed')
  const failed = total - passed + figure('Skipped')
  return { passed, failed: failed === 0 && (code !== 0 || total === 0) ? 1 : failed }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
