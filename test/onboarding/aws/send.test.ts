/** One call to AWS: when it is made again, for how long, and what is said meanwhile. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../../src/errors.ts'
import { send } from '../../../src/onboarding/aws/send.ts'
import { virtualClock } from '../../rig/virtual-clock.ts'

const sending = suite('a call to AWS')

const DOWN = new IamRaError('UNAVAILABLE', 'exchange', 'AWS is down', { retryable: true })

async function attempt(
  failures: number,
  error = DOWN,
): Promise<{ result: string; said: string[]; runs: number }> {
  const clock = virtualClock(0)
  const said: string[] = []
  let runs = 0
  const context = {
    ...{ runtime: { clock, random: () => 0.5 }, interrupt: new AbortController().signal },
    ...{ patienceMs: 60_000, onRetry: (why: string) => void said.push(why) },
  }
  const sent = send(context, {
    ...{ action: 'iam:GetRole', what: '' },
    run: () => {
      runs += 1
      return runs > failures ? Promise.resolve('done') : Promise.reject(error)
    },
  }).catch((thrown: unknown) => (thrown as Error).message)
  await clock.run()
  return { result: await sent, said, runs }
}

sending('is made again until it works, and its first failure is said once', async () => {
  assert.equal(await attempt(0), { result: 'done', said: [], runs: 1 })
  assert.equal(await attempt(1), { result: 'done', said: ['AWS is down'], runs: 2 })
  assert.equal(await attempt(3), { result: 'done', said: ['AWS is down'], runs: 4 })
})

sending('is given up after a minute, with the number of attempts', async () => {
  const { result, said, runs } = await attempt(1000)
  assert.is(result, `AWS is down (iam:GetRole, ${runs} attempts in 60 s)`)
  assert.equal(said, ['AWS is down'])
  assert.ok(runs > 3)
})

sending('is made once if another attempt cannot help', async () => {
  const refused = new IamRaError('REFUSED', 'exchange', 'not allowed')
  assert.equal(await attempt(1, refused), { result: 'not allowed', said: [], runs: 1 })
})

sending.run()
