/** renew with keys of Vault's AWS secrets engine: the file while their lease is renewed, taken back by others, and ended. */
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { appEnv, askOnce } from './interop/apps.ts'
import { pythonEnvironment } from '../rig/processes/python.ts'
import { READERS } from './interop/readers.ts'
import { scratchFolder } from '../rig/processes/process.ts'
import { endsClean, listsBuckets, lookUp, startLongLived, type LongLived } from './vault-aws-long-lived.ts'
import { latest, startShippedScene, type GivenKeys } from './vault-aws-shipped.ts'

/** Renewed after a third of it, which is the least pause between two renewals. */
const LEASE_SECONDS = 30

// Not in a hook: uvu keeps to itself what one throws.
const python = pythonEnvironment()
const home = scratchFolder('vault-aws-renew')
const scene = await startShippedScene(LEASE_SECONDS)
const { account } = scene

const renewing = suite('real: renew with keys of the AWS secrets engine')
renewing.after(() => scene.close())

function holds({ credentialsFile }: LongLived, keys: GivenKeys): boolean {
  const content = readFileSync(credentialsFile, 'utf8')
  return content.includes(keys.accessKeyId) && content.includes(keys.secretAccessKey)
}

renewing(
  'the file has keys that work, across a renewal and SIGHUP, and SIGTERM takes them back',
  async () => {
    const before = await scene.tokens()
    const renew = await startLongLived(scene, 'renew')
    try {
      await renew.until('there are credentials', () => renew.isReady())
      const first = latest(scene)
      assert.ok(holds(renew, first))
      assert.not.match(readFileSync(renew.credentialsFile, 'utf8'), /aws_session_token/)
      const apps = appEnv({ sts: scene.aws, s3: scene.aws }, home)
      for (const reader of READERS) {
        const answer = await askOnce(reader, python, {
          ...apps,
          AWS_SHARED_CREDENTIALS_FILE: renew.credentialsFile,
        })
        assert.equal('buckets' in answer ? answer.buckets : answer, [account.bucket], reader)
      }

      await renew.until(
        'the lease is renewed',
        async () => (await lookUp(scene, first))?.last_renewal !== null,
      )
      await renew.until('it says so', () => renew.said().split('credentials written to').length === 3)
      assert.ok(holds(renew, first))
      assert.is(scene.given().length, 1)

      renew.hangUp()
      await renew.until(
        'other keys are in the file',
        () => scene.given().length === 2 && holds(renew, latest(scene)),
      )
      assert.is((await account.users()).length, 2)
      assert.ok(await listsBuckets(scene, first), 'keys that apps hold must work to their end')
    } finally {
      await endsClean(renew, scene, before)
    }
    assert.not.ok(await listsBuckets(scene, latest(scene)), 'the keys outlive renew')
  },
)

renewing('keys that someone else took back are replaced when their renewal is due', async () => {
  const renew = await startLongLived(scene, 'renew')
  try {
    await renew.until('there are credentials', () => renew.isReady())
    const first = latest(scene)
    await account.vault.write('sys/leases/revoke', { lease_id: first.leaseId })
    await renew.until('other keys are in the file', () => !holds(renew, first))
    assert.ok(holds(renew, latest(scene)))
    assert.ok(await listsBuckets(scene, latest(scene)))
    assert.match(renew.said(), /warning: .* so the keys cannot be renewed: .*Vault's audit log/)
  } finally {
    assert.is(await renew.stop(), 0, renew.said())
  }
  await account.untilNoUsers()
})

renewing.run()
