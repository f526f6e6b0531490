import { setImmediate as turn } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAcceptTurn } from '../../src/endpoint/accept-turn.ts'

const acceptTurn = suite('accepts of one turn')

acceptTurn('only as many as are too many in one turn make it listen anew', async () => {
  let again = 0
  const accepts = createAcceptTurn(
    3,
    () => (again += 1),
    () => assert.unreachable(),
  )
  accepts.accepted()
  accepts.accepted()
  await turn()
  accepts.accepted()
  accepts.accepted()
  assert.is(again, 0)
  accepts.accepted()
  assert.is(again, 1)
  // The same turn goes on with those of the new socket.
  accepts.accepted()
  assert.is(again, 1)
  accepts.accepted()
  assert.is(again, 2)
  accepts.end()
})

acceptTurn('a port that was lost is told and tried for again, until the end', async () => {
  const errors: unknown[] = []
  const lost = new Error('in use')
  let tries = 0
  const accepts = createAcceptTurn(
    1,
    () => {
      tries += 1
      throw lost
    },
    (error) => errors.push(error),
  )
  accepts.accepted()
  // Nothing can be accepted without a socket; were it, there is one who tries already.
  accepts.accepted()
  assert.is(tries, 1)
  while (tries < 2) await turn()
  assert.equal(errors, [lost, lost])
  accepts.end()
})

acceptTurn.run()
