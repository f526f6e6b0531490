/** Questions on a real terminal, and what becomes of them when somebody leaves. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compile, localTarget, runBun } from '../../scripts/build/compile.ts'
import { ROOT } from '../../scripts/checks/files.ts'
import { cleanEnv, machinePath } from '../rig/processes/clean-env.ts'
import { onTerminal, type Sitting, type Typing } from '../rig/processes/terminal.ts'

const asking = suite('on a terminal')

const work = mkdtempSync(join(tmpdir(), 'iam-ra-terminal-'))
process.on('exit', () => rmSync(work, { recursive: true }))
const outfile = join(work, 'asking')
const ENTRY = 'test/operator/program.ts'
compile({ entry: ENTRY, target: localTarget(), outfile })
runBun('scripts/bundle-package.ts', [ENTRY, join(work, 'package')])

/** Terminals are the runtime's business: a Node and the executable treat them, and colours, each in a way of its own. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  'Node 26': [process.execPath, join(ROOT, ENTRY)],
  "this machine's Node": ['node', join(work, 'package/program.js')],
  'the executable': [outfile],
}

const all = <One, Result>(list: readonly One[], make: (one: One) => Promise<Result>): Promise<Result[]> =>
  Promise.all(list.map(make))

const DONE = /did create:a\nnote: it is there\ndone\n$/
/** Nothing that moves the cursor or clears comes after the program's last word, and the cursor is seen again. */
const cursorIsBack = ({ shown }: Sitting): void =>
  assert.ok(shown.lastIndexOf('\u001b[?25h') > shown.lastIndexOf('\u001b[?25l'), JSON.stringify(shown))

for (const [name, program] of Object.entries(PROGRAMS)) {
  const things = (words: string, { env, ...typing }: Partial<Typing> = {}): Promise<Sitting> =>
    onTerminal([...program, 'things', ...words.split(' ')], {
      ...{ at: 'No', keys: '\\r', ...typing },
      env: { PATH: machinePath(), ...env },
    })

  asking(`${name}: Enter goes on with what creates, y does too`, async () => {
    for (const sitting of await all(['\\r', 'y', 'Y'], (keys) => things('create:a', { keys }))) {
      assert.is(sitting.code, 0, sitting.shown)
      assert.match(sitting.shown, /1 to create, 0 to change\. Continue\? \[Y\/n\]/)
      assert.match(sitting.shown, DONE)
      assert.is(sitting.stdout, '')
      cursorIsBack(sitting)
    }
  })

  asking(`${name}: Enter leaves what takes away, and n leaves anything`, async () => {
    const cases = [
      ['delete:a', '\\r'],
      ['create:a', 'n'],
      ['create:a', '\\x1b'],
    ] as const
    for (const sitting of await all(cases, ([words, keys]) => things(words, { keys }))) {
      assert.is(sitting.code, 9, sitting.shown)
      assert.match(sitting.shown, /iam-ra:\S* not confirmed; nothing was changed\n$/)
      assert.not.match(sitting.shown, /did /)
      cursorIsBack(sitting)
    }
    assert.match((await things('delete:a')).shown, /Continue\? \[y\/N\]/)
  })

  asking(`${name}: Ctrl-C, Ctrl-D and a terminal that goes away end it, and nothing is done`, async () => {
    const cases = [
      ['\\x03', [130], /stopped by Ctrl-C; nothing was changed\n$/],
      ['\\x04', [9], /not confirmed; nothing was changed\n$/],
      // SIGHUP and the end of the input come together, and either may be seen first. Node 20 cannot set back a terminal
      // that has gone: at its exit it aborts, or more rarely ends by SIGSEGV.
      ['hangup', [9, 129, -6, -11], /Continue\?/],
    ] as const
    const sittings = await all(cases, async ([keys, codes, says]) => {
      return { keys, codes, says, sitting: await things('create:a', { keys }) }
    })
    for (const { keys, codes, says, sitting } of sittings) {
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
    assert.match(sitting.shown, /1 to create, 0 to change\. Continue\? \[Y\/n\]/)
    assert.match(sitting.shown, DONE)
  })

  asking(`${name}: colours are for who wants them`, async () => {
    const colour = /\u001b\[\d+m/
    assert.match((await things('create:a')).shown, colour)
    const plain: readonly Record<string, string>[] = [
      { NO_COLOR: '1' },
      { TERM: 'dumb' },
      // Node then tells libraries to paint.
      { NO_COLOR: '1', FORCE_COLOR: '1' },
    ]
    for (const sitting of await all(plain, (env) => things('create:a', { env }))) {
      assert.is(sitting.code, 0)
      assert.not.match(sitting.shown, colour)
    }
  })

  asking(
    `${name}: with an end of input in the place of a terminal, what creates is done and what takes away is not`,
    () => {
      for (const [words, code] of [
        ['create:a', 0],
        ['delete:a', 9],
      ] as const) {
        const { status, stdout, stderr } = spawnSync(
          program[0] ?? '',
          [...program.slice(1), 'things', words],
          {
            env: cleanEnv({ PATH: machinePath() }),
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
      const child = spawn(command, [...args, 'fail', 'hang'], {
        env: cleanEnv({ PATH: machinePath() }),
        stdio: 'pipe',
      })
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
