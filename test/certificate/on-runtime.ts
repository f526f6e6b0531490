/** A program of these tests on Node or on Bun, since the shipped file is compiled with Bun. */
import { join } from 'node:path'
import { runChild } from '../rig/processes/child.ts'
import type { RuntimeName } from '../support/http-client.ts'

const ROOT = join(import.meta.dirname, '../..')
/**
 * Given sources, Bun may run the X.509 library before the polyfill that is imported above it, when the machine is busy.
 * The shipped file is one bundle, whose order is fixed.
 */
const BEFORE: Readonly<Record<RuntimeName, readonly string[]>> = {
  node: [],
  bun: ['--preload', join(ROOT, 'src/certificate/reflect.ts')],
}

/** @param input for its stdin, as JSON @returns what it prints, read as JSON */
export async function runOn(runtime: RuntimeName, path: string, input: unknown): Promise<unknown> {
  const program = join(ROOT, 'node_modules/.bin', runtime)
  const { code, stdout, stderr } = await runChild(
    program,
    [...BEFORE[runtime], path],
    {},
    JSON.stringify(input),
  )
  if (code !== 0) throw new Error(`${path} on ${runtime} ended with ${code ?? 'a signal'}: ${stderr}`)
  return JSON.parse(stdout) as unknown
}
