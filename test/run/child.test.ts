import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import { runChild, type ChildResult } from '../../src/run/child.ts'
import { rejectsWithCode } from '../support/assert.ts'

const PROGRAM = join(import.meta.dirname, 'child-program.ts')
/** For what ends sooner by itself. */
const LONG_MS = 60_000

function again(
  argv: readonly string[],
  given: {
    env?: Record<string, string>
    execPath?: string
    timeoutMs?: number
    signal?: AbortSignal
    input?: string
  } = {},
): Promise<ChildResult> {
  const self = {
    execPath: given.execPath ?? process.execPath,
    argv: ['node', PROGRAM, 'serve'],
    execArgv: [],
    env: given.env ?? {},
  } as unknown as NodeJS.Process
  const signal = given.signal ?? new AbortController().signal
  const { input, timeoutMs = LONG_MS } = given
  return runChild(self, { argv, timeoutMs, signal, ...(input !== undefined && { input }) })
}

const child = suite('this program as a child')

child(
  'it has our environment, the arguments that it is given, and tells by stdout and exit code',
  async () => {
    const result = await again(['tell', 'a', '--b=c'], { env: { GIVEN: 'x', BUN_JSC_useJIT: '0' } })
    assert.equal([result.exitCode, result.signal], [3, null])
    // What makes a long-lived process small is not for a run.
    assert.equal(JSON.parse(result.stdout), { rest: ['a', '--b=c'], given: 'x' })
  },
)

child('it reads what it is given over stdin, which ends there', async () => {
  const input = 'x'.repeat(200_000)
  assert.is((await again(['echo'], { input })).stdout, input)
  assert.is((await again(['echo'])).stdout, '')
  assert.is((await again(['tell'], { input })).exitCode, 3, 'unread')
})

child('an abort stops it by SIGTERM, and what it still says counts', async () => {
  const stop = new AbortController()
  const running = again(['wait'], { signal: stop.signal })
  stop.abort()
  const { exitCode, signal } = await running
  // It may be stopped before it could listen to the signal.
  assert.ok(exitCode === 0 || signal === 'SIGTERM')
})

child('an abort that came before is no reason to leave it running', async () => {
  assert.is((await again(['wait'], { signal: AbortSignal.abort() })).exitCode ?? 0, 0)
})

child('what hangs is killed', async () => {
  const { exitCode, signal, killed } = await again(['ignore'], { timeoutMs: 500 })
  assert.equal([exitCode, signal, killed], [null, 'SIGKILL', 'timeout'])
})

child('what writes without end is killed', async () => {
  const { signal, stdout, killed } = await again(['flood'])
  assert.is(killed, 'output')
  assert.is(signal, 'SIGKILL')
  assert.ok(stdout.length <= 1024 * 1024)
})

child('a program that is gone is an error with a hint', async () => {
  const error = await rejectsWithCode(again(['tell'], { execPath: '/nonexistent/aws-iam-ra' }), 'RUN_LOST')
  assert.match(error.message, /cannot start a process for the run \(ENOENT\)/)
})

child('arguments that the system does not take are an error with a hint', async () => {
  const error = await rejectsWithCode(again(['x'.repeat(300_000)]), 'RUN_LOST')
  assert.match(error.message, /cannot start a process for the run \(E2BIG\)/)
  assert.type(error.hint, 'string')
})

for (const name of ['node', 'bun']) {
  child(`no file descriptor that is left is an error and nothing more, on ${name}`, () => {
    const runtime = join(import.meta.dirname, '../../node_modules/.bin', name)
    const { stdout } = spawnSync('sh', ['-c', 'ulimit -n 60; exec "$@"', 'sh', runtime, PROGRAM, 'exhaust'], {
      env: cleanEnv({}),
      encoding: 'utf8',
    })
    assert.is(stdout, 'RUN_LOST: cannot start a process for the run (EMFILE)')
  })
}

child.run()
