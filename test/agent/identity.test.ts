import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accountKey, identityOf, sessionKey } from '../../src/agent/identity.ts'
import { networkOf, plainAddress } from '../../src/agent/senders.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { arn, ANCHOR, PROFILE, ROLE } from './scene.ts'

const CLAIMED = { namespace: 'frontend', account: 'app', uid: 'u' }
const METADATA = {
  service_account_namespace: 'frontend',
  service_account_name: 'app',
  service_account_uid: 'u',
}

const identity = suite('agent: identity')

identity('is what Vault says', () => {
  assert.equal(identityOf(METADATA, CLAIMED, 'demo'), { cluster: 'demo', ...CLAIMED })
})

identity('has the uid of the token if Vault maps none', () => {
  const { service_account_uid: _, ...names } = METADATA
  assert.is(identityOf(names, CLAIMED, 'demo').uid, 'u')
})

for (const missing of ['service_account_namespace', 'service_account_name'] as const) {
  identity(`without ${missing} it is none, whatever the token says`, async () => {
    const { [missing]: _, ...others } = METADATA
    const error = await rejectsWithCode((async () => identityOf(others, CLAIMED, 'demo'))(), 'ANSWER_INVALID')
    assert.match(error.hint ?? '', /claim_mappings/)
  })
}

for (const other of Object.keys(METADATA)) {
  identity(`with another ${other} than the token it is refused`, () =>
    rejectsWithCode(
      (async () => identityOf({ ...METADATA, [other]: 'x' }, CLAIMED, 'demo'))(),
      'REFUSED',
    ).then(() => undefined),
  )
}

identity('no names can pass for others', () => {
  const question = {
    roleArn: arn(ROLE),
    profileArn: arn(PROFILE),
    anchorArn: arn(ANCHOR),
    durationSeconds: 900,
  }
  const one = { cluster: 'demo', namespace: 'a","b', account: 'c', uid: 'u' }
  const other = { cluster: 'demo', namespace: 'a', account: 'b","c', uid: 'u' }
  assert.is.not(accountKey(one), accountKey(other))
  assert.is.not(sessionKey(one, question), sessionKey(other, question))
  assert.is.not(sessionKey(one, question), sessionKey(one, { ...question, sessionName: 'null' }))
})

identity.run()

const addresses = suite('agent: addresses')

addresses('IPv4 in the form of IPv6 is IPv4', () => {
  assert.is(plainAddress('::FFFF:10.0.0.1'), '10.0.0.1')
  assert.is(plainAddress('fd00::1'), 'fd00::1')
})

for (const [address, network] of [
  ['10.0.0.1', '10.0.0.1'],
  ['fd00:10::1', 'fd00:10:0:0::/64'],
  ['fd00:10:0:0:1:2:3:4', 'fd00:10:0:0::/64'],
  ['fd00:0010::', 'fd00:10:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fd00:10:0:1::1', 'fd00:10:0:1::/64'],
  ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
] as const) {
  addresses(`${address} is in ${network}`, () => assert.is(networkOf(address), network))
}

addresses.run()
