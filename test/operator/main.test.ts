/** The program as a whole: what it prints where, what it says of a wrong line, and its exit codes. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { SECRETS, showsPartOf } from '../settings/shapes.ts'
import { operate } from './operator.ts'
import { TEST_ROUTES } from './routes.ts'

const main = suite('iam-ra')

main('prints help and its version on stdout, and nothing else', async () => {
  for (const argv of [[], ['--help'], ['-h'], ['vault'], ['vault', '--help'], ['vault', 'setup', '-h']]) {
    const { code, stdout, stderr } = await operate(argv)
    assert.is(code, 0)
    assert.match(stdout, /^USAGE\n {2}iam-ra /)
    assert.is(stderr, '')
  }
  const { code, stdout } = await operate(['--version'])
  assert.is(code, 0)
  assert.match(stdout, /^iam-ra \d+\.\d+\.\d+\n$/)
})

main('lists the exit codes with its commands', async () => {
  const { stdout } = await operate(['--help'])
  for (const code of ['0', '2', '3', '4', '5', '6', '7', '8', '9', '70', '128+n']) {
    assert.match(stdout, new RegExp(`^ *${code.replace('+', '\\+')}  \\S`, 'm'))
  }
  assert.match(stdout, /^ {2}vault +\S/m)
  assert.match(stdout, /^ {2}completion +\S/m)
})

const SETUP = ['vault', 'setup']

for (const [argv, says] of [
  [['valt'], /^iam-ra: there is no command valt\nhint: did you mean vault\?\n$/],
  [
    ['frobnicate'],
    /^iam-ra: there is no command frobnicate\nhint: run iam-ra --help to list the commands\n$/,
  ],
  [['vault', 'setpu'], /there is no command setpu\nhint: did you mean setup\?/],
  [['rol', 'create', 'admin'], /there is no command rol\nhint: did you mean role\?/],
  [[...SETUP, '--aply'], /^iam-ra: vault setup has no flag --aply\nhint: did you mean --apply\?\n$/],
  [
    [...SETUP, '--frobnicate'],
    /has no flag --frobnicate\nhint: run iam-ra vault setup --help to list the flags/,
  ],
  [
    ['role', 'create', 'a', '--bind', 'group'],
    /has no flag --bind\nhint: a role names each of its workloads; /,
  ],
  [[...SETUP, '-x'], /^iam-ra: vault setup has no flag -x\n/],
  [[...SETUP, '--json'], /"message":"vault setup has no flag --json"/],
  [[...SETUP, '--setup'], /^iam-ra: --setup has no value\n/],
  [[...SETUP, '--setup', '--apply'], /^iam-ra: --setup has no value: the next argument is --apply\n/],
  [
    [...SETUP, '--setup='],
    /^iam-ra: --setup has no value\nhint: write a value after the =, or omit --setup\n$/,
  ],
  [[...SETUP, '--setup', 'a', '--apply', '--setup', 'b'], /^iam-ra: --setup is given twice; give it once\n/],
  [[...SETUP, '--apply=maybe'], /^iam-ra: --apply takes no value\n/],
  [[...SETUP, 'apply'], /^iam-ra: unexpected argument apply\n/],
  [
    ['--apply', ...SETUP],
    /^iam-ra: --apply comes before the command, .*\nhint: write iam-ra COMMAND --apply; /,
  ],
  [['-r', 'eu-central-1', ...SETUP], /^iam-ra: -r comes before the command/],
  ...(['-n', '--namespace', '--namespace=a', '-na'] as const).map(
    (flag) =>
      [
        [...SETUP, flag, 'a'],
        /^iam-ra: (-n|--namespace) is ambiguous.*\nhint: use --installation NAME .* --k8s-namespace NAME /,
      ] as const,
  ),
] as const) {
  main(`refuses: iam-ra ${argv.join(' ')}`, async () => {
    const { code, stdout, stderr } = await operate(argv)
    assert.is(code, 2, stderr)
    assert.is(stdout, '')
    assert.match(stderr, says)
  })
}

main('says all that is wrong with the words of a command at once', async () => {
  const { code, stderr } = await operate(['fail'], { routes: TEST_ROUTES })
  assert.is(code, 2)
  assert.match(stderr, /^iam-ra: HOW is missing\nhint: run iam-ra fail --help to list the flags\n$/)
})

main('shows nothing of a secret that stands on the line', async () => {
  for (const [what, [value]] of Object.entries(SECRETS)) {
    for (const argv of [
      [value],
      [...SETUP, value],
      [...SETUP, `--setup=${value}`],
      [...SETUP, `--${value}`],
    ]) {
      const { code, stdout, stderr } = await operate(argv)
      assert.is(code, 2, what)
      assert.match(
        stderr,
        /^iam-ra: argument [123] contains what looks like .*, and nothing was done\nhint: write it to a file/,
      )
      assert.not.ok(showsPartOf(`${stdout}${stderr}`, value), what)
    }
  }
  const image = `registry.example:5000/iam-ra:1.0@sha256:${'a0'.repeat(32)}`
  assert.match((await operate([...SETUP, image])).stderr, /unexpected argument registry/)
})

for (const [how, code] of [
  ['settings', 2],
  ['identity', 3],
  ['certificate', 4],
  ['exchange', 5],
  ['sink', 6],
  ['cluster', 7],
  ['confirmation', 9],
  ['internal', 70],
] as const) {
  main(`exits with ${code} for ${how}, in text and in JSON`, async () => {
    const text = await operate(['fail', how], { routes: TEST_ROUTES })
    assert.is(text.code, code)
    assert.is(text.stderr, 'iam-ra: no [2J such luck\n  one\n  two\nhint: try again\n')
    const json = await operate(['fail', how, '--json'], { routes: TEST_ROUTES })
    assert.is(json.code, code)
    assert.equal(JSON.parse(json.stderr), {
      schema: 'iam-ra/v1',
      error: {
        code: 'REFUSED',
        exit: code,
        message: 'no\u001b[2J such luck',
        problems: ['one', 'two'],
        hint: 'try again',
      },
    })
    assert.is(text.stdout + json.stdout, '')
  })
}

main('exits with what a command returns', async () => {
  const { code, stderr } = await operate(['fail', 'found'], { routes: TEST_ROUTES })
  assert.is(code, 8)
  assert.is(stderr, '')
})

main('ends in one sentence at a mistake of its own, without its words', async () => {
  const { code, stderr } = await operate(['fail', 'bug'], { routes: TEST_ROUTES })
  assert.is(code, 70)
  assert.match(
    stderr,
    /^iam-ra: unexpected TypeError in iam-ra at routes\.ts:\d+\nhint: this is a bug: report [^\n]*\n$/,
  )
  assert.not.match(stderr, /a-secret/)
})

main('ends at a signal, whatever a command waits for', async () => {
  const stop = new AbortController()
  const running = operate(['fail', 'hang'], { routes: TEST_ROUTES, interrupt: stop.signal })
  stop.abort(new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 }))
  const { code, stderr } = await running
  assert.is(code, 143)
  assert.is(stderr, 'iam-ra: stopped by SIGTERM\n')
})

main('paints its name on a terminal that has colours', async () => {
  const { stderr } = await operate(['valt'], { colour: true })
  assert.match(stderr, '\u001b[31miam-ra:\u001b[39m there is no command')
})

main.run()
