/** Questions on a real terminal, and what becomes of them when somebody leaves. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compile, localTarget } from '../../scripts/build/compile.ts'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import { onTerminal, type Sitting, type Typing } from '../rig/processes/terminal.ts'

const asking = suite('on a terminal')

const work = mkdtempSync(join(tmpdir(), 'iam-ra-terminal-'))
process.on('exit', () => rmSync(work, { recursive: true }))
const outfile = join(work, 'asking')
compile({ entry: 'test/operator/program.ts', target: localTarget(), outfile })

/** Terminals are the runtime's business, and there are two that ship. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  Node: [process.execPath, join(import.meta.dirname, 'program.ts')],
  'the executable': [outfile],
}

const DONE = /did create:a\nnote: it is there\ndone\n$/
/** Nothing that moves the cursor or clears comes after the program's last word, and the cursor is seen again. */
const cursorIsBack = ({ shown }: Sitting): void =>
  assert.ok(shown.lastIndexOf('\u001b[?25h') > shown.lastIndexOf('\u001b[?25l'), JSON.stringify(shown))

for (const [name, program] of Object.entries(PROGRAMS)) {
  const things = (words: string, typing: Partial<Typing> = {}): Promise<Sitting> =>
    onTerminal([...program, 'things', ...words.split(' ')], { at: 'No', keys: '\\r', ...typing })

  asking(`${name}: Enter goes on with what creates, y does too`, async () => {
    for (const keys of ['\\r', 'y', 'Y']) {
      const sitting = await things('create:a', { keys })
      assert.is(sitting.code, 0, sitting.shown)
      assert.match(sitting.shown, /1 to create, 0 to change\. Go on\? \[Y\/n\]/)
      assert.match(sitting.shown, DONE)
      assert.is(sitting.stdout, '')
      cursorIsBack(sitting)
    }
  })

  asking(`${name}: Enter leaves what takes away, and n leaves anything`, async () => {
    for (const [words, keys] of [
      ['delete:a', '\\r'],
      ['create:a', 'n'],
      ['create:a', '\\x1b'],
    ] as const) {
      const sitting = await things(words, { keys })
      assert.is(sitting.code, 9, sitting.shown)
      assert.match(sitting.shown, /iam-ra:\S* nobody said yes, nothing was changed\n$/)
      assert.not.match(sitting.shown, /did /)
      cursorIsBack(sitting)
    }
    assert.match((await things('delete:a')).shown, /Go on\? \[y\/N\]/)
  })

  asking(`${name}: Ctrl-C, Ctrl-D and a terminal that goes away end it, and nothing is done`, async () => {
    for (const [keys, codes, says] of [
      ['\\x03', [130], /stopped by Ctrl-C, nothing was changed\n$/],
      ['\\x04', [9], /nobody said yes, nothing was changed\n$/],
      // SIGHUP and the end of the input come together, and either may be seen first.
      ['hangup', [9, 129], /Go on\?/],
    ] as const) {
      const sitting = await things('create:a', { keys })
      assert.ok(
        codes.some((code) => code === sitting.code),
        `${keys}: ${sitting.code} ${sitting.shown}`,
      )
      assert.match(sitting.shown, says)
      assert.not.match(sitting.shown, /did /)
    }
  })

  asking(`${name}: a terminal of no width shows whole lines`, async () => {
    const sitting = await things('create:a', { columns: 0 })
    assert.is(sitting.code, 0, sitting.shown)
    assert.match(sitting.shown, /1 to create, 0 to change\. Go on\? \[Y\/n\]/)
    assert.match(sitting.shown, DONE)
  })

  asking(`${name}: colours are for who wants them`, async () => {
    const colour = /\u001b\[\d+m/
    assert.match((await things('create:a')).shown, colour)
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      const sitting = await things('create:a', { env })
      assert.is(sitting.code, 0)
      assert.not.match(sitting.shown, colour)
    }
  })

  asking(
    'with an end of input in the place of a terminal, what creates is done and what takes away is not',
    () => {
      for (const [words, code] of [
        ['create:a', 0],
        ['delete:a', 9],
      ] as const) {
        const { status, stdout, stderr } = spawnSync(
          program[0] ?? '',
          [...program.slice(1), 'things', words],
          {
            env: cleanEnv({}),
            stdio: ['ignore', 'pipe', 'pipe'],
            encoding: 'utf8',
          },
        )
        assert.is(status, code, stderr)
        assert.is(stdout, '')
        assert.not.match(stderr, '\u001b')
      }
    },
  )

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const) {
    asking(`${name}: ${signal} ends a command that waits`, async () => {
      const [command = '', ...args] = program
      const child = spawn(command, [...args, 'fail', 'hang'], { env: cleanEnv({}), stdio: 'pipe' })
      let shown = ''
      child.stderr.on('data', (chunk: Buffer) => (shown += chunk.toString()))
      // Its handlers are there once it says so.
      await once(child.stdout, 'data')
      child.kill(signal)
      const [status] = (await once(child, 'close')) as [number | null]
      assert.is(status, code, shown)
      assert.match(shown, `iam-ra: stopped by ${signal}\nhint: `)
    })
  }
}

asking.run()
