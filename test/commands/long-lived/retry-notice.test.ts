import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EARLY_WORD } from '../../../src/commands/long-lived/retry-notice.ts'
import { IamRaError } from '../../../src/errors.ts'
import { retry } from '../../../src/run/retry.ts'
import { fakeBounds, fakeClock, recordingLogger } from '../../support/fake-runtime.ts'
import { rejectsWithCode } from '../../support/assert.ts'

const word = suite('an early word')

word('is said once, at the third attempt, and not for a blip', async () => {
  const run = async (fails: number): Promise<readonly string[]> => {
    const [clock, logger] = [fakeClock(), recordingLogger()]
    let left = fails
    const running = retry(
      'login',
      'identity',
      { runtime: { clock, random: () => 0.5 }, bounds: fakeBounds(clock), logger, ...EARLY_WORD },
      () => {
        if (left === 0) return Promise.resolve('in')
        left -= 1
        return Promise.reject(new IamRaError('SEALED', 'identity', 'Vault is sealed', { retryable: true }))
      },
    )
    if (fails > 100) await rejectsWithCode(running, 'DEADLINE')
    else assert.is(await running, 'in')
    return logger.messages('warn')
  }
  assert.equal(await run(2), [])
  assert.equal(await run(3), ['login failed, next attempt in 1 s: Vault is sealed'])
  assert.is((await run(1000)).length, 1)
})

word.run()
