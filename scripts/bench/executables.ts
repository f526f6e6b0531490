/** The bench's executables besides ours. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compile, localTarget } from '../build/compile.ts'
import { ROOT } from '../checks/files.ts'

const FOLDER = join(ROOT, 'dist/bench')

/** Compiled in the same way as ours. @returns its path. @throws Error if bun fails */
export function compileWithBun(entry: string, name: string): string {
  const output = join(FOLDER, name)
  mkdirSync(FOLDER, { recursive: true })
  compile({ entry, target: localTarget(), outfile: output })
  return output
}

/** A Node single executable application. @returns its path. @throws Error if bun or node fails */
export function buildNodeExecutable(entry: string, name: string): string {
  const output = join(FOLDER, name)
  mkdirSync(FOLDER, { recursive: true })
  const bundle = `${output}.mjs`
  const config = `${output}.json`
  const flags = ['--target=node', '--format=esm', '--minify']
  run('node_modules/.bin/bun', ['build', ...flags, join(ROOT, entry), `--outfile=${bundle}`])
  const settings = { main: bundle, mainFormat: 'module', output, useCodeCache: true }
  writeFileSync(config, JSON.stringify({ ...settings, disableExperimentalSEAWarning: true }))
  run('node_modules/.bin/node', [`--build-sea=${config}`])
  return output
}

function run(command: string, args: readonly string[]): void {
  const { error, status, stdout, stderr } = spawnSync(join(ROOT, command), args, {
    cwd: ROOT,
    encoding: 'utf8',
  })
  if (error !== undefined) throw new Error(`cannot start ${command} (${error.message}): run npm ci`)
  if (status !== 0) throw new Error(`${command} failed:\n${stdout}${stderr}`)
}
