/** Stands for the program in the tests of runChild: its first argument says what it does. */
import { openSync } from 'node:fs'
import { runChild } from '../../src/run/child.ts'
import { IamRaError } from '../../src/errors.ts'

const [what = '', ...rest] = process.argv.slice(2)

switch (what) {
  case 'tell':
    process.stdout.write(
      JSON.stringify({ rest, given: process.env['GIVEN'], jit: process.env['BUN_JSC_useJIT'] }),
    )
    process.exitCode = 3
    break
  case 'echo':
    process.stdin.pipe(process.stdout)
    break
  case 'wait':
    process.on('SIGTERM', () => {
      process.stdout.write('stopped')
      process.exit(0)
    })
    process.stderr.write('waiting')
    setInterval(() => undefined, 1000)
    break
  case 'ignore':
    process.on('SIGTERM', () => undefined)
    process.stderr.write('waiting')
    setInterval(() => undefined, 1000)
    break
  case 'flood':
    process.stdout.write('x'.repeat(2 * 1024 * 1024))
    setInterval(() => undefined, 1000)
    break
  case 'exhaust':
    process.stdout.write(await withoutDescriptors())
    break
}

/** What runChild comes to where the process can open nothing more, and that nothing else goes wrong. */
async function withoutDescriptors(): Promise<string> {
  const strays: string[] = []
  process.on('uncaughtException', (error) => strays.push(error.name))
  const run = { argv: ['tell'], timeoutMs: 5000, signal: new AbortController().signal }
  let outcome = 'no error'
  try {
    for (;;) openSync('/dev/null', 'r')
  } catch {
    outcome = await runChild(process, run).then(
      () => 'started',
      (error: unknown) => (error instanceof IamRaError ? `${error.code}: ${error.message}` : String(error)),
    )
  }
  await new Promise((resolve) => setImmediate(resolve))
  return [outcome, ...strays].join('\n')
}
