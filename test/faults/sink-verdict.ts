/** What a fault at the sink must come to, wherever it is driven. */
import * as assert from 'uvu/assert'
import type { Run } from '../e2e/harness.ts'
import { failed, succeeded } from '../e2e/outcome.ts'
import type { Stage } from '../rig/emulators/stage.ts'
import type { SinkFault } from './sink.ts'

/**
 * @param old the credentials file before the run
 * @param now the same after it, where the run had a file system of its own
 */
export function sinkVerdict(
  stage: Stage,
  { exit, file, says, hint }: SinkFault,
  done: Run,
  old: string | undefined,
  now = done.credentials,
): void {
  if (exit === 6) failed(done, 6, says, hint)
  else {
    assert.is(done.code, 0, done.stderr)
    assert.is(done.stderr.includes('warning: '), says !== '', done.stderr)
    assert.ok(done.stderr.includes(says), done.stderr)
  }
  if (file === 'old') assert.is(now, old, 'the old file is not as it was')
  if (file === 'none') assert.is(now, undefined)
  if (file === 'new') succeeded(stage, { ...done, credentials: now })
}
