/** A program that is run to its end, with what it wrote. */
import { spawn } from 'node:child_process'
import { cleanEnv } from './clean-env.ts'

/** A run that takes longer hangs. */
const RUN_BOUND_MS = 90_000

export interface ChildRun {
  /** Null if a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, in a clean environment and with `input` on its stdin. */
export async function runChild(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<ChildRun> {
  const child = spawn(command, args, { env: cleanEnv(env), stdio: ['pipe', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output.stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output.stderr += chunk))
  // A child that ends without reading says why on its stderr.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return await new Promise((resolve, reject) => {
    const bound = setTimeout(() => child.kill('SIGKILL'), RUN_BOUND_MS)
    child.on('error', (error) => {
      clearTimeout(bound)
      reject(error)
    })
    child.on('close', (code) => {
      clearTimeout(bound)
      resolve({ code, ...output })
    })
  })
}
