import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { systemClock, systemRuntime } from '../../src/run/runtime.ts'

const runtime = suite('runtime')
const HOUR_MS = 3600_000
const stopped = new IamRaError('INTERRUPTED', 'internal', 'stopped', { signal: 15 })

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.unreachable(),
    (error: unknown) => error,
  )

runtime('sleeps until it is woken by a signal, with the reason of that', async () => {
  const stop = new AbortController()
  const sleeping = rejection(systemClock.sleep(HOUR_MS, stop.signal))
  stop.abort(stopped)
  assert.is(await sleeping, stopped)
  assert.is(await rejection(systemClock.sleep(HOUR_MS, stop.signal)), stopped)
})

runtime('sleeps no longer than it is asked to', async () => {
  await systemClock.sleep(0)
  const before = systemClock.elapsed()
  await systemClock.sleep(1, new AbortController().signal)
  assert.ok(systemClock.elapsed() > before)
})

runtime('takes arguments and environment from the process', () => {
  const argv = ['node', 'aws-iam-ra', '--quiet']
  const made = systemRuntime({ argv, env: { ROLE_ARN: 'arn' } } as unknown as NodeJS.Process)
  assert.equal(made.argv, ['--quiet'])
  assert.equal(made.env, { ROLE_ARN: 'arn' })
  const random = made.random()
  assert.ok(random >= 0 && random < 1)
})

const RUNTIME = new URL('../../src/run/runtime.ts', import.meta.url).href

/** A process that begins with the runtime as `made`, and waits for a line before it runs the script. */
function processOf(script: string): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, evaluating(script), { env: {} })
}

function evaluating(script: string): string[] {
  const text = `import { systemRuntime } from ${JSON.stringify(RUNTIME)}
    const made = systemRuntime(process)
    process.stdin.once('data', async () => { ${script}; await made.written(); process.exit() })`
  return ['--input-type=module', '--eval', text]
}

async function go(
  child: ChildProcessWithoutNullStreams,
): Promise<{ code: unknown; out: string; err: string }> {
  const read = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (read.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (read.err += text))
  child.stdin.end('go\n')
  const [code] = (await once(child, 'close')) as unknown[]
  return { code, ...read }
}

runtime('writes to the two outputs of the process', async () => {
  const child = processOf("made.stdout('a'); made.stderr('b'); made.stderr('c')")
  assert.equal(await go(child), { code: 0, out: 'a', err: 'bc' })
})

runtime('outlives a reader of its output that has gone', async () => {
  const child = processOf("made.stderr('a'); made.stdout('still here')")
  child.stderr.destroy()
  assert.equal(await go(child), { code: 0, out: 'still here', err: '' })
})

runtime('writes all to a pipe that is full at times and does not block', async () => {
  // The stream, once there, makes the pipe one that does not block.
  const child = processOf("void process.stderr.writable; made.stderr('x'.repeat(4e6)); made.stdout('done')")
  const { code, out, err } = await go(child)
  assert.equal([code, out, err.length], [0, 'done', 4e6])
})

runtime('knows what was lost of its output, but for a reader that has gone', async () => {
  const told = "made.stdout('x'); await made.written(); made.stderr(String(made.lostOutput()))"
  const full = spawn('sh', ['-c', 'exec "$@" >/dev/full', 'sh', process.execPath, ...evaluating(told)], {
    env: {},
  })
  assert.is((await go(full)).err, 'ENOSPC')
  const gone = processOf(told)
  gone.stdout.destroy()
  assert.is((await go(gone)).err, 'undefined')
})

runtime.run()
