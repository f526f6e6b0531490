import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Line } from '../../src/onboarding/doctor/finding.ts'
import { jsonReport, textReport } from '../../src/operator/doctor/report.ts'
import { operate } from './operator.ts'

const LINES: readonly Line[] = [
  { group: 'AWS', check: 'identity', state: 'ok', sentence: '1 as arn' },
  {
    group: 'AWS',
    check: 'role',
    state: 'failed',
    sentence: 'it lacks\u001b[2J a',
    hint: 'iam-ra k8s onboard a',
  },
  { group: 'Vault', check: 'server', state: 'skipped', sentence: 'VAULT_ADDR is not set' },
]

function text(lines: readonly Line[]): string {
  let written = ''
  const report = textReport(
    (more) => void (written += more),
    () => 0,
  )
  for (const line of lines) report.line(line)
  report.end(lines)
  return written
}

const doctor = suite('iam-ra doctor')

doctor('prints a group once, its states, its hints, and what it comes to', () => {
  assert.is(
    text(LINES),
    `AWS       ok       1 as arn
          FAILED   it lacks [2J a
hint      iam-ra k8s onboard a
Vault     skipped  VAULT_ADDR is not set

Result    FAILED   1 fault, then run this again
`,
  )
})

doctor('says on what it has no verdict', () => {
  const fine = LINES.filter(({ state }) => state !== 'failed')
  assert.match(
    text(fine),
    /\nResult    ok       no fault found; no verdict on Vault, which could not be looked at\n$/,
  )
})

doctor('prints one JSON document with a member for each line', () => {
  let written = ''
  const report = jsonReport((more) => void (written += more))
  for (const line of LINES) report.line(line)
  assert.is(written, '')
  report.end(LINES)
  const { schema, checks, ...more } = JSON.parse(written) as { schema: string; checks: Line[] }
  assert.equal([schema, more], ['iam-ra/v1', {}])
  assert.equal(checks, LINES)
})

doctor('refuses a name that is none before it asks anything', async () => {
  for (const [argv, sentence] of [
    [['--pod', 'payment'], /--pod is not a pod: write NAMESPACE\/NAME/],
    [['--workload', 'Payment'], /the workload "Payment" is not a name/],
    [['--k8s-namespace', 'a/b'], /the namespace "a\/b" is not a name/],
  ] as const) {
    const { code, stdout, stderr } = await operate(['doctor', ...argv])
    assert.is(code, 2)
    assert.is(stdout, '')
    assert.match(stderr, sentence)
  }
})

doctor.run()
