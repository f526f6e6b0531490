import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { codeOf } from '../../src/errors.ts'
import { runProgram, type ProgramResult } from '../../src/run/program.ts'

const LONG_MS = 60_000
const PATH = '/usr/bin:/bin'

function shell(
  script: string,
  given: { env?: Record<string, string>; input?: string; timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<ProgramResult> {
  const { env = {}, signal = new AbortController().signal, timeoutMs = LONG_MS, input } = given
  const run = { env: { PATH, ...env }, timeoutMs, signal }
  return runProgram('sh', ['-c', script], input === undefined ? run : { ...run, input })
}

const program = suite('another program as a child')
const directory = mkdtempSync(join(tmpdir(), 'iam-ra-program-'))
program.after(() => rmSync(directory, { recursive: true }))

program('gets its arguments as they are, its input, and no other environment', async () => {
  const tell = 'cat; echo "$GIVEN,$HOME"; echo "$0" >&2; exit 3'
  const run = {
    ...{ env: { PATH, GIVEN: 'x', ABSENT: undefined }, input: 'in\n' },
    ...{ timeoutMs: LONG_MS, signal: new AbortController().signal },
  }
  const result = await runProgram('sh', ['-c', tell, '$(id); *'], run)
  assert.equal(result, { exitCode: 3, stdout: 'in\nx,\n', stderr: '$(id); *\n', killed: undefined })
})

program('that is missing is an error with the code of the system', async () => {
  const run = { env: { PATH: directory }, timeoutMs: LONG_MS, signal: new AbortController().signal }
  const error = await runProgram('kubectl', [], run).catch((thrown: unknown) => thrown)
  assert.is(codeOf(error), 'ENOENT')
})

program('need not read its input', async () => {
  const { exitCode } = await shell('exit 0', { input: 'x'.repeat(1024 * 1024) })
  assert.is(exitCode, 0)
})

program('is killed when its time is up, and what it started does not hold it', async () => {
  const { exitCode, killed, stdout } = await shell('echo begun; sleep 60 & sleep 60', { timeoutMs: 300 })
  assert.equal([exitCode, killed, stdout], [null, 'timeout', 'begun\n'])
})

program('is killed when it says too much', async () => {
  assert.is((await shell('exec cat /dev/zero')).killed, 'output')
})

program('is killed by an abort, whose reason is the error', async () => {
  const stop = new AbortController()
  const pidFile = join(directory, 'pid')
  const running = shell(`echo $$ >${pidFile}.new; mv ${pidFile}.new ${pidFile}; exec sleep 60`, {
    signal: stop.signal,
  }).catch((error: unknown) => error)
  while (!existsSync(pidFile)) await delay(10)
  const reason = new Error('stopped')
  stop.abort(reason)
  assert.is(await running, reason)
  assert.throws(() => process.kill(Number(readFileSync(pidFile, 'utf8')), 0), /ESRCH/)
})

program('does not start after an abort', async () => {
  const reason = new Error('stopped')
  const started = join(directory, 'started')
  const error = await shell(`touch ${started}`, { signal: AbortSignal.abort(reason) }).catch(
    (thrown: unknown) => thrown,
  )
  assert.is(error, reason)
  assert.not.ok(existsSync(started))
})

program.run()
