import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../../src/errors.ts'
import type { CheckStep } from '../../../src/inspection/step.ts'
import { textReport } from '../../../src/commands/check/text-report.ts'
import { VERSION } from '../../../src/version.ts'

const NOW_MS = Date.UTC(2026, 10, 21, 12)

function text(...steps: readonly CheckStep[]): string {
  let written = ''
  const report = textReport(
    (part) => void (written += part),
    () => NOW_MS,
  )
  for (const step of steps) report.add(step)
  report.end(steps)
  return written
}

const STEP: CheckStep = {
  name: 'vault_login',
  title: 'login to Vault',
  how: 'sends',
  state: 'ok',
  sent: {},
  found: {},
  warnings: [],
}
const TOKEN_FILE = { ...STEP, name: 'token_file', title: 'service-account token', how: 'reads' } as const
const EXCHANGE = { ...STEP, name: 'exchange', title: 'exchange at Roles Anywhere' } as const
const CREDENTIALS = { ...STEP, name: 'credentials_file', title: 'credentials file', how: 'reads' } as const

const report = suite('the report as text')

report('aligns what was given, sent and found', () => {
  const shown = text(
    {
      ...STEP,
      name: 'settings',
      title: 'settings',
      given: [
        { name: 'VAULT_ADDR', origin: 'env' },
        { name: 'VAULT_ROLE', origin: 'flag', text: 'app' },
      ],
    },
    {
      ...STEP,
      sent: { role: 'app', namespace: undefined },
      found: {
        policies: ['default', 'app'],
        chain: ['O=A, CN=B'],
        none_of: [],
        ends: new Date(NOW_MS + 3_600_000),
        count: 0,
        revoked: false,
      },
    },
    { ...TOKEN_FILE, sent: { file: '/token' } },
  )
  assert.is(
    shown,
    `aws-iam-ra ${VERSION} check: nothing is written

ok       settings
         given    VAULT_ADDR (env)   (not shown)
                  VAULT_ROLE (flag)  app

ok       login to Vault
         sent     role      app
         found    policies  default, app
                  chain     [O=A, CN=B]
                  none of   none
                  ends      2026-11-21T13:00:00Z, in 60 min
                  count     0
                  revoked   no

ok       service-account token
         read     file  /token

ok       a run would work
`,
  )
})

report('names the first failure, its hint and problems, and what was skipped for it', () => {
  const error = new IamRaError('SETTINGS_INVALID', 'settings', 'the settings have 2 problems', {
    problems: ['A: is not set', 'B: is wrong'],
    hint: 'correct them',
  })
  const later = new IamRaError('FILE', 'sink', 'no room')
  const shown = text(
    { ...STEP, state: 'failed', error },
    { ...EXCHANGE, state: 'skipped', lacks: 'certificate', warnings: ['odd'] },
    { ...CREDENTIALS, state: 'failed', error: later },
  )
  assert.match(
    shown,
    `FAILED   login to Vault
         error    the settings have 2 problems
                  A: is not set
                  B: is wrong
         hint     correct them

skipped  exchange at Roles Anywhere: no certificate
         warning  odd

FAILED   credentials file
         error    no room

FAILED   a run would fail here: login to Vault (exit code 2), with a warning
`,
  )
})

report('breaks long lines at 100 columns, words excepted, and none at the will of a server', () => {
  const long = 'x'.repeat(120)
  const shown = text({ ...STEP, found: { words: 'ab '.repeat(60).trim(), long, evil: 'a\nb\u001b[2Jc' } })
  const lines = shown.split('\n')
  assert.ok(lines.filter((line) => !line.includes(long)).every((line) => line.length <= 100))
  assert.match(shown, `${' '.repeat(18)}long   ${long}\n`)
  assert.match(shown, 'evil   a b [2Jc\n')
  assert.not.match(shown, /^b/m)
})

report.run()
