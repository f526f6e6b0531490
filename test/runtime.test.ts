import { Writable } from 'node:stream'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../src/errors.ts'
import { systemClock, systemRuntime } from '../src/runtime.ts'

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

/** A stream that keeps what is written to it, until it fails. */
function sink(fails: boolean): { readonly stream: Writable; readonly written: string[] } {
  const written: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (fails) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
        return
      }
      written.push(chunk.toString())
      done()
    },
  })
  return { stream, written }
}

function processWith(stdout: Writable, stderr: Writable): NodeJS.Process {
  const argv = ['node', 'aws-iam-ra', '--quiet']
  return { argv, env: { ROLE_ARN: 'arn' }, stdout, stderr } as unknown as NodeJS.Process
}

runtime('takes arguments, environment and output from the process', () => {
  const [out, err] = [sink(false), sink(false)]
  const made = systemRuntime(processWith(out.stream, err.stream))
  assert.equal(made.argv, ['--quiet'])
  assert.equal(made.env, { ROLE_ARN: 'arn' })
  made.stdout('a')
  made.stderr('b')
  made.stderr('c')
  assert.equal([out.written, err.written], [['a'], ['b', 'c']])
  const random = made.random()
  assert.ok(random >= 0 && random < 1)
})

runtime('outlives a reader of its output that has gone', async () => {
  const gone = sink(true)
  const made = systemRuntime(processWith(gone.stream, gone.stream))
  made.stderr('a')
  await new Promise((resolve) => setImmediate(resolve))
  assert.is(gone.stream.destroyed, true)
})

runtime.run()
