/** SIGTERM while Vault is asked for keys: what it makes at that moment is not left there. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { leaseCredentials } from '../../src/vault-aws/lease-credentials.ts'
import { GRACE_MS } from '../../src/run/grace-signal.ts'
import type { Obtained } from '../../src/credentials.ts'
import type { VaultAnswer } from '../../src/vault/answer.ts'
import type { VaultRead } from '../../src/vault/client.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { fakeBounds, fakeRuntime, recordingLogger, scriptedHttp } from '../support/fake-runtime.ts'
import { ASSUMED_ROLE, IAM_USER, refused, scriptedSession, vaultAnswer } from './vault-session.ts'

const STOPPED = new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 })

/** @param answer what Vault says after the stop, or that it goes on working */
function stopAtRead(answer: VaultAnswer | Error | 'works on', isBatch = false) {
  const interrupt = new AbortController()
  const wire = scriptedHttp([])
  const runtime = fakeRuntime({ http: wire.http })
  const session = scriptedSession(runtime.clock, { isBatch })
  const read = async ({ signal }: VaultRead): Promise<VaultAnswer> => {
    interrupt.abort(STOPPED)
    if (answer === 'works on') {
      return await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error))
      })
    }
    signal?.throwIfAborted()
    if (answer instanceof Error) throw answer
    return answer
  }
  const logger = recordingLogger()
  const obtained: Promise<Obtained> = leaseCredentials(
    {
      path: 'aws/creds/app',
      sts: { region: 'eu-west-1', endpoint: new URL('https://sts.eu-west-1.amazonaws.com') },
    },
    { ...session, read },
    { runtime, bounds: fakeBounds(runtime.clock, 60_000, interrupt.signal), logger },
  )
  return { obtained, session, wire, logger, runtime }
}

const stop = suite("a stop while Vault's AWS engine is asked")

for (const [what, data] of Object.entries({
  "an IAM user's keys": IAM_USER,
  "a role's keys": ASSUMED_ROLE,
})) {
  stop(`${what} that come a moment later are given back`, async () => {
    const { obtained, session, wire } = stopAtRead(vaultAnswer(data))
    assert.is(await rejectsWithCode(obtained, 'INTERRUPTED'), STOPPED)
    assert.is(session.counts.ends, 1)
    assert.is(wire.requests.length, 0)
  })
}

stop('an answer is waited for a moment, and no longer', async () => {
  const { obtained, session, runtime } = stopAtRead('works on')
  assert.is(await rejectsWithCode(obtained, 'INTERRUPTED'), STOPPED)
  assert.is(session.counts.ends, 1)
  assert.equal(runtime.clock.sleeps, [GRACE_MS])
})

stop('keys of a batch token that came live on, which is said', async () => {
  const { obtained, logger } = stopAtRead(vaultAnswer(IAM_USER), true)
  assert.is(await rejectsWithCode(obtained, 'INTERRUPTED'), STOPPED)
  assert.match(logger.messages('warn')[0] ?? '', /keys stay valid until/)
})

for (const [what, answer] of Object.entries({
  'a refusal': refused(403, 'permission denied'),
  'an answer without keys': vaultAnswer({}),
})) {
  stop(`${what} is then not why the run ends`, async () => {
    const { obtained, session } = stopAtRead(answer)
    assert.is(await rejectsWithCode(obtained, 'INTERRUPTED'), STOPPED)
    assert.is(session.counts.ends, 1)
  })
}

stop.run()
