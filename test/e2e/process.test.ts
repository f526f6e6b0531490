import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { makeFolder, put, run, start, type RunFolder } from './harness.ts'
import { hangAt } from './servers.ts'
import { count, failed, succeeded } from './outcome.ts'

const surroundings = suite('e2e: uids, home folders and outputs')

let stage: Stage
surroundings.before(async () => {
  stage = await startStage()
})
surroundings.after(() => stage.close())
surroundings.after.each(() => {
  stage.vault.intercept = undefined
})

/** A folder that any uid may use. */
function openFolder(): RunFolder {
  const folder = makeFolder()
  chmodSync(dirname(folder.path), 0o755)
  chmodSync(folder.path, 0o777)
  chmodSync(folder.home, 0o777)
  // As the kubelet makes it.
  chmodSync(folder.terminationLog, 0o666)
  return folder
}

/** An account whose home folder is not there, so that nothing is written to it: `nobody`, commonly. */
function homelessAccount(): { readonly uid: number; readonly home: string } | undefined {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  const accounts = lines
    .map((line) => line.split(':'))
    .map(([, , uid, , , home = '']) => ({ uid: Number(uid), home }))
  return accounts.find(
    ({ uid, home }) => uid > 0 && home.startsWith('/') && !existsSync(dirname(join(home, 'x'))),
  )
}

const isRoot = process.getuid?.() === 0
/** Nobody's: no passwd entry has it. */
const STRANGER = 54_321

if (isRoot) {
  const account = homelessAccount()
  if (account !== undefined) {
    surroundings('without HOME the home folder is that of the passwd entry', async () => {
      const done = await run(stage, { folder: openFolder(), uid: account.uid, env: { HOME: undefined } })
      failed(done, 6, /cannot create the directory/, /fsGroup/)
      assert.ok(done.stderr.includes(`the directory ${account.home}`), done.stderr)
    })
  }

  surroundings('a uid without passwd entry and HOME ends with 2 and a hint', async () => {
    const done = await run(stage, { folder: openFolder(), uid: STRANGER, env: { HOME: undefined } })
    failed(done, 2, /settings/)
    assert.match(
      done.stderr,
      /AWS_SHARED_CREDENTIALS_FILE: .*there is none; expected a path without ~, or HOME set/,
    )
  })

  surroundings('a uid without passwd entry and HOME works with AWS_SHARED_CREDENTIALS_FILE', async () => {
    const folder = openFolder()
    const env = { HOME: undefined, AWS_SHARED_CREDENTIALS_FILE: folder.credentials }
    succeeded(stage, await run(stage, { folder, uid: STRANGER, env }))
  })

  surroundings(
    'a folder that the uid may not write: exit 6, the uid named, fsGroup in the hint',
    async () => {
      const folder = openFolder()
      chmodSync(folder.home, 0o755)
      const done = await run(stage, { folder, uid: STRANGER })
      failed(done, 6, /permission denied for uid 54321/, /fsGroup/)
    },
  )

  surroundings('a token that the uid may not read: exit 3, fsGroup in the hint', async () => {
    const folder = openFolder()
    const token = put(folder, 'private', stage.token())
    chmodSync(token, 0o600)
    const done = await run(stage, { folder, uid: STRANGER, env: { SERVICE_ACCOUNT_TOKEN_FILE: token } })
    failed(done, 3, /EACCES/, /fsGroup/)
  })

  surroundings('a working folder that may not be read or written', async () => {
    const folder = openFolder()
    const cwd = join(folder.path, 'closed')
    mkdirSync(cwd, { mode: 0o711 })
    succeeded(stage, await run(stage, { folder, uid: STRANGER, cwd }))
  })
}

for (const [which, args] of [
  ['stdout', ['--help']],
  ['stderr', ['--verbose']],
] as const) {
  surroundings(`a ${which} whose reader has gone changes nothing`, async () => {
    const running = start(stage, { args })
    running.child[which]?.destroy()
    assert.is((await running.finished).code, 0)
  })

  surroundings(`a ${which} that is a full pipe does not hang the run`, async () => {
    const folder = makeFolder()
    const pipe = join(folder.path, 'pipe')
    assert.is(spawnSync('mkfifo', [pipe]).status, 0)
    const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)
    const writer = openSync(pipe, constants.O_WRONLY)
    try {
      for (const size of [4096, 1]) fill(reader, size)
      const stdio = [
        'ignore',
        which === 'stdout' ? writer : 'pipe',
        which === 'stderr' ? writer : 'pipe',
      ] as const
      assert.is((await run(stage, { args, stdio: [...stdio] })).code, 0)
    } finally {
      closeSync(reader)
      closeSync(writer)
    }
  })
}

function fill(pipe: number, size: number): void {
  try {
    for (;;) writeSync(pipe, 'x'.repeat(size))
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'EAGAIN')
  }
}

surroundings(
  'a failure whose stderr has no reader keeps its code, the termination log, and leaves no token',
  async () => {
    const arrived = hangAt(stage.vault, /sign/)
    const running = start(stage, { args: ['--verbose'], env: { DEADLINE: '1' } })
    await running.until(arrived)
    running.child.stderr?.destroy()
    const done = await running.finished
    assert.is(done.code, 4)
    assert.match(done.terminationLog, /^certificate: .*\nhint: /)
    assert.is(count(done.vault, /revoke-self/), 1)
  },
)

surroundings.run()
