/** Stands for the program in the tests of runAgain: its first argument says what it does. */
const [what = '', ...rest] = process.argv.slice(2)

switch (what) {
  case 'tell':
    process.stdout.write(
      JSON.stringify({ rest, given: process.env['GIVEN'], jit: process.env['BUN_JSC_useJIT'] }),
    )
    process.exitCode = 3
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
}
