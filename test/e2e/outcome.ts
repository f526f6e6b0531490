/** What a run must have come to. */
import * as assert from 'uvu/assert'
import type { RecordedRequest } from '../rig/emulators/http.ts'
import type { Stage } from '../rig/emulators/stage.ts'
import type { Run } from './harness.ts'

/** `stage: sentence`, then the hint: as text on stderr, and the same in the termination log. */
export function failed(run: Run, code: number, sentence: RegExp | string, hint = /./): void {
  assert.is(run.code, code, run.stderr)
  const [first = '', ...rest] = run.stderr
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('aws-iam-ra: warning: '))
  assert.match(
    first,
    /^aws-iam-ra: (settings|identity|certificate|exchange|sink): [^A-Z]|^aws-iam-ra: \w+: [A-Z]/,
  )
  assert.match(first, sentence)
  assert.not.match(first, /\.$/)
  const hints = rest.filter((line) => line.startsWith('hint: '))
  assert.is(hints.length, 1, run.stderr)
  assert.match(hints[0] ?? '', hint)
  assert.is(run.stdout, '')
  assert.is(`aws-iam-ra: ${run.terminationLog}`, [first, ...rest].join('\n'))
}

/** Done, with credentials that the emulated AWS has issued, and no Vault token left. */
export function succeeded(stage: Stage, run: Run, profile = 'default'): void {
  hasCredentials(stage, run, profile)
  assert.is(stage.vaultEmulator.liveTokens(), 0)
}

/** Done, with the credentials that the emulated AWS issued last. */
export function hasCredentials(stage: Pick<Stage, 'sessions'>, run: Run, profile = 'default'): void {
  assert.is(run.code, 0, run.stderr)
  assert.is(run.stdout, '')
  const session = stage.sessions.issued.at(-1)
  const lines = (run.credentials ?? '').split(/\r?\n/)
  const at = lines.indexOf(`[${profile}]`)
  assert.ok(at >= 0, `no section of ${profile}`)
  const next = lines.findIndex((line, index) => index > at && line.startsWith('['))
  const section = lines.slice(at, next === -1 ? undefined : next)
  assert.ok(section.includes(`aws_access_key_id = ${session?.accessKeyId ?? ''}`), 'another access key')
  assert.ok(section.includes(`aws_secret_access_key = ${session?.secretAccessKey ?? ''}`), 'another secret')
  assert.ok(section.includes(`aws_session_token = ${session?.sessionToken ?? ''}`), 'another session token')
}

/** How often a path was asked for. */
export function count(requests: readonly RecordedRequest[], path: RegExp): number {
  return requests.filter(({ request }) => path.test(request.path)).length
}
