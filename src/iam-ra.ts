#!/usr/bin/env node
/** Entry point of the operator's program: signals, the process as its runtime, the exit code. */
import { writeFile } from 'node:fs/promises'
import { isatty } from 'node:tty'
import { IamRaError } from './errors.ts'
import { main } from './operator/main.ts'
import { systemRuntime } from './run/runtime.ts'
import { systemTerminal } from './terminal/terminal.ts'

/** The signals' numbers: signal(7). */
const STOP_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const
const LAST_WORDS_MS = 1000

const interrupt = new AbortController()
for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    const stopped = new IamRaError('INTERRUPTED', 'internal', `stopped by ${name}`, {
      signal: STOP_SIGNALS[name],
      hint: 'what was written stays: the same command goes on from there',
    })
    interrupt.abort(stopped)
  })
}
const runtime = systemRuntime(process)
const exitCode = await main(
  {
    ...runtime,
    terminal: systemTerminal(process, runtime.env, isatty),
    writeFile: (path, text) => writeFile(path, text),
  },
  interrupt.signal,
)
const lastWords = (): Promise<void> => Promise.race([runtime.written(), runtime.clock.sleep(LAST_WORDS_MS)])
await lastWords()
const lost = exitCode === 0 ? runtime.lostOutput() : undefined
if (lost !== undefined) {
  runtime.stderr(
    `iam-ra: stdout cannot be written (${lost})\nhint: redirect stdout to something that can be written\n`,
  )
  await lastWords()
}
// Not left to the runtime, which would wait for what no one needs any more.
process.exit(lost === undefined ? exitCode : 6)
