import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { whileHeld, type Held } from '../../src/run/outlived.ts'
import { rejectsWithCode } from '../support/assert.ts'

const REFUSED = new IamRaError('REFUSED', 'certificate', 'permission denied', { status: 403 })

/** Ends once it was asked for as often. */
function heldFor(asked: number): Held {
  let left = asked
  return {
    stage: 'certificate',
    ended: 'the token ended',
    hint: 'raise its life',
    hasEnded: () => left-- <= 0,
    isRefused: ({ status }) => status === 403,
  }
}

const held = suite('what is held for a time')

held('is used while it has not ended', async () => {
  assert.is(await whileHeld(heldFor(1), async () => 'used'), 'used')
})

held('is not used where it has ended before', async () => {
  let isUsed = false
  const error = await rejectsWithCode(
    whileHeld(heldFor(0), async () => void (isUsed = true)),
    'OUTLIVED',
  )
  assert.equal([error.stage, error.message, error.hint], ['certificate', 'the token ended', 'raise its life'])
  assert.is(isUsed, false)
})

held('is the cause of a refusal once it has ended, and of nothing else', async () => {
  const fail = (error: Error) => (): Promise<never> => Promise.reject(error)
  await rejectsWithCode(whileHeld(heldFor(1), fail(REFUSED)), 'OUTLIVED')
  assert.is(await rejectsWithCode(whileHeld(heldFor(2), fail(REFUSED)), 'REFUSED'), REFUSED)
  const other = new IamRaError('REFUSED', 'certificate', 'unknown role', { status: 400 })
  assert.is(await rejectsWithCode(whileHeld(heldFor(1), fail(other)), 'REFUSED'), other)
})

held.run()
