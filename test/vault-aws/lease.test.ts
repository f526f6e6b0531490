import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { createLease } from '../../src/vault-aws/lease.ts'
import type { Bounds } from '../../src/run/deadline.ts'
import type { Lease, SessionCredentials } from '../../src/credentials.ts'
import { rejectsWithCode } from '../support/assert.ts'
import {
  fakeBounds,
  fakeRuntime,
  FAKE_NOW_MS,
  recordingLogger,
  type FakeRuntime,
  type RecordingLogger,
} from '../support/fake-runtime.ts'
import {
  refused,
  scriptedSession,
  vaultAnswer,
  type ScriptedSession,
  type SessionScript,
} from './vault-session.ts'

const KEYS: SessionCredentials = {
  accessKeyId: 'AKIAEXAMPLEEXAMPLE00',
  secretAccessKey: 'canary/secret/access/key/0123456789ABCDE',
  expiresAtMs: FAKE_NOW_MS + 300_000,
  arn: 'arn:aws:iam::111122223333:user/vault-app',
}

interface Scene {
  readonly lease: Lease
  readonly session: ScriptedSession
  readonly runtime: FakeRuntime
  readonly logger: RecordingLogger
  bounds(): Bounds
}

function lease(script: SessionScript, renewable = true, word: { readonly warnAt?: number } = {}): Scene {
  const runtime = fakeRuntime()
  const logger = recordingLogger()
  const session = scriptedSession(runtime.clock, { renew: () => 3_600_000, ...script })
  const record = { id: 'aws/creds/app/lease-1', renewable }
  return {
    lease: createLease(KEYS, record, session, { runtime, logger, ...word }),
    session,
    runtime,
    logger,
    bounds: () => fakeBounds(runtime.clock),
  }
}

const leases = suite("a lease of an IAM user's keys")

leases('is renewed with its token, and keeps the keys', async () => {
  const scene = lease({ write: () => vaultAnswer({}, 300) })
  scene.runtime.clock.advance(150_000)
  assert.equal(await scene.lease.renew(scene.bounds()), { ...KEYS, expiresAtMs: FAKE_NOW_MS + 450_000 })
  assert.is(scene.session.counts.renewals, 1)
  const [write] = scene.session.writes
  assert.is(write?.path, 'sys/leases/renew')
  assert.equal(write?.data, { lease_id: 'aws/creds/app/lease-1' })
  scene.runtime.clock.advance(150_000)
  assert.is((await scene.lease.renew(scene.bounds()))?.expiresAtMs, FAKE_NOW_MS + 600_000)
})

leases('is asked for under the bounds of its own run', async () => {
  const scene = lease({ write: () => vaultAnswer({}, 300) })
  const bounds = scene.bounds()
  await scene.lease.renew(bounds)
  assert.is(scene.session.writes[0]?.signal, bounds.signal)
})

leases('warns of a renewal that goes on failing, as its run does of attempts', async () => {
  let left = 3
  const write: SessionScript['write'] = () => {
    left -= 1
    if (left >= 0) throw new IamRaError('UNAVAILABLE', 'exchange', 'Vault is busy', { retryable: true })
    return vaultAnswer({}, 300)
  }
  const scene = lease({ write }, true, { warnAt: 2 })
  await scene.lease.renew(scene.bounds())
  const warned = scene.logger.lines.filter(({ level }) => level === 'warn')
  assert.equal(
    warned.map(({ fields }) => fields['attempt']),
    [2],
  )
})

leases('ends with a token that Vault gives less time', async () => {
  const scene = lease({ write: () => vaultAnswer({}, 300), renew: () => 250_000 })
  scene.runtime.clock.advance(150_000)
  assert.is((await scene.lease.renew(scene.bounds()))?.expiresAtMs, FAKE_NOW_MS + 400_000)
})

leases('that gains less than half of what has passed is not worth it', async () => {
  const scene = lease({ write: () => vaultAnswer({}, 200) })
  scene.runtime.clock.advance(150_000)
  // 350 s after the beginning instead of 300, 150 s after it.
  assert.is(await scene.lease.renew(scene.bounds()), undefined)
  assert.equal(scene.logger.messages('warn'), [])
})

leases('is measured by what the renewal before it gave', async () => {
  const given = [300, 160]
  const scene = lease({ write: () => vaultAnswer({}, given.shift()) })
  scene.runtime.clock.advance(150_000)
  assert.ok(await scene.lease.renew(scene.bounds()))
  scene.runtime.clock.advance(150_000)
  assert.is(await scene.lease.renew(scene.bounds()), undefined)
})

leases('that cannot be renewed asks nothing', async () => {
  for (const scene of [lease({}, false), lease({ isBatch: true })]) {
    assert.is(await scene.lease.renew(scene.bounds()), undefined)
    assert.is(scene.session.counts.renewals, 0)
    assert.is(scene.session.writes.length, 0)
  }
})

leases('whose token may not renew it says which policy is missing, and gives way to new keys', async () => {
  const scene = lease({
    write: () => {
      throw refused(403, 'permission denied')
    },
  })
  assert.is(await scene.lease.renew(scene.bounds()), undefined)
  assert.match(
    scene.logger.messages('warn')[0] ?? '',
    /permission denied, so the keys cannot be renewed: .*\(it has: default, aws-keys\) must allow update on sys\/leases\/renew/,
  )
})

leases('whose token may not be renewed says so too', async () => {
  const scene = lease({
    renew: () => {
      throw refused(403, 'permission denied')
    },
  })
  assert.is(await scene.lease.renew(scene.bounds()), undefined)
  assert.match(scene.logger.messages('warn')[0] ?? '', /must allow update on auth\/token\/renew-self/)
})

leases('that was revoked by another gives way to new keys', async () => {
  const scene = lease({
    write: () => {
      throw refused(400, 'lease not found')
    },
  })
  assert.is(await scene.lease.renew(scene.bounds()), undefined)
  assert.match(scene.logger.messages('warn')[0] ?? '', /lease not found.*revoked or has expired/)
})

leases('whose renewal has no lease in its answer gives way to new keys', async () => {
  const scene = lease({ write: () => vaultAnswer({}, -1) })
  assert.is(await scene.lease.renew(scene.bounds()), undefined)
})

leases('is tried for again while Vault is away, until the deadline', async () => {
  const away = new IamRaError('UNREACHABLE', 'exchange', 'no connection to Vault', { retryable: true })
  const scene = lease({
    write: () => {
      if (scene.session.writes.length < 3) throw away
      return vaultAnswer({}, 300)
    },
  })
  assert.ok(await scene.lease.renew(scene.bounds()))
  const never = lease({
    write: () => {
      throw away
    },
  })
  await rejectsWithCode(never.lease.renew(never.bounds()), 'DEADLINE')
  assert.equal(never.logger.messages('warn'), [])
})

leases('ends once, with its token', async () => {
  const scene = lease({})
  const first = scene.lease.end()
  assert.is(scene.lease.end(), first)
  await first
  assert.is(scene.session.counts.ends, 1)
  assert.equal(scene.logger.messages('warn'), [])
})

leases('of a batch token says until when the keys live on', async () => {
  const scene = lease({ isBatch: true })
  await scene.lease.end()
  assert.match(scene.logger.messages('warn')[0] ?? '', /until 2026-11-21T12:05:00.000Z.*token_type=service/)
})

leases.run()
