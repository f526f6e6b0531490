/**
 * Runs every test file in a process of its own, two at a time, and ends in a line `N passed, N failed`. Arguments are
 * parts of paths: `npm test -- sink` runs the files that have one in theirs.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from './build.ts'
import { ROOT, sourceFiles } from './checks/files.ts'
import { cleanEnv } from './clean-env.ts'

interface Outcome {
  readonly path: string
  readonly passed: number
  readonly failed: number
  readonly output: string
}

/** A file that hangs must not hang the whole run. */
const LONGEST_MS = 100_000

const wanted = process.argv.slice(2)
const paths = sourceFiles(['test'])
  .map((file) => file.path)
  .filter(
    (path) =>
      path.endsWith('.test.ts') && (wanted.length === 0 || wanted.some((part) => path.includes(part))),
  )

if (paths.length === 0) {
  process.stderr.write(`test: no test file has ${wanted.join(' or ')} in its path\n`)
  process.exit(1)
}

const home = mkdtempSync(join(tmpdir(), 'iam-ra-test-'))
let failedChecks = 0
try {
  failedChecks =
    spawnSync(process.execPath, [join(ROOT, 'scripts/check.ts')], { stdio: 'inherit' }).status === 0 ? 0 : 1
  build()
  const outcomes = await runAll(paths, home)
  for (const outcome of outcomes)
    if (outcome.failed > 0) process.stdout.write(`\n── ${outcome.path}\n${outcome.output}\n`)
  const passed = sum(outcomes.map((outcome) => outcome.passed))
  const failed = sum(outcomes.map((outcome) => outcome.failed)) + failedChecks
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
  process.exitCode = failed === 0 ? 0 : 1
} finally {
  rmSync(home, { recursive: true, force: true })
}

async function runAll(queue: readonly string[], home: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const waiting = [...queue]
  const worker = async (): Promise<void> => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      const outcome = await runFile(path, home)
      process.stdout.write(`${outcome.failed === 0 ? 'ok  ' : 'FAIL'} ${path} (${outcome.passed})\n`)
      outcomes.push(outcome)
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker))
  return outcomes
}

function runFile(path: string, home: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(ROOT, path)], {
      cwd: ROOT,
      env: cleanEnv({ HOME: home, NO_COLOR: '1' }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const bound = setTimeout(() => {
      output += `\nended by the test command after ${LONGEST_MS / 1000} s\n`
      child.kill('SIGKILL')
    }, LONGEST_MS)
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('close', (code) => {
      clearTimeout(bound)
      resolve({ path, ...count(output, code ?? 1), output })
    })
  })
}

/** uvu's own summary; a file without one, with none run or with some left out has failed. */
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
