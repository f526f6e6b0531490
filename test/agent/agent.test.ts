import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'
import { given, MINUTE, ROLE, scene, VAULT_AWAY, VAULT_REFUSES, type Scene } from './scene.ts'

const REFUSED_BY_AWS = new IamRaError('REFUSED', 'exchange', 'the profile does not list the role', {
  hint: 'add it',
})

/** Lets everything happen that waits for nothing but a turn. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** The answer after the time that readers are made to wait. */
async function afterHold<T>({ clock }: Scene, answer: Promise<T>): Promise<T> {
  await settled()
  clock.advance(900)
  return await answer
}

const agent = suite('agent: sessions')

agent('pods of one account share a session, each after a login of its own', async () => {
  const one = scene()
  const answers = await Promise.all(
    ['a', 'b', 'c'].map((pod, at) => one.ask(one.token({ pod }), { address: `10.0.0.${at}` })),
  )
  const keys = answers.map((answer) => given(answer).AccessKeyId)
  assert.is(new Set(keys).size, 1)
  assert.is(one.exchanges.length, 1)
  assert.is(one.logins.length, 3)
})

agent('a known token is answered from memory', async () => {
  const one = scene()
  const token = one.token()
  const first = await one.ask(token)
  assert.is(await one.ask(token), first)
  assert.is(one.logins.length, 1)
})

agent('the answer has the account, and says that it ends 15 minutes before it does', async () => {
  const one = scene()
  const { AccountId, Expiration } = given(await one.ask(one.token()))
  assert.is(AccountId, '111122223333')
  assert.is(Date.parse(Expiration), FAKE_NOW_MS + 45 * MINUTE)
})

agent('a session of less than half an hour is reported as it is', async () => {
  const one = scene({ lifeMs: 29 * MINUTE })
  assert.is(Date.parse(given(await one.ask(one.token())).Expiration), FAKE_NOW_MS + 29 * MINUTE)
})

for (const [what, other, query] of [
  ['account', { account: 'other' }, undefined],
  ['namespace', { namespace: 'other' }, undefined],
  ['uid, as of a recreated account,', { uid: 'uid-2' }, undefined],
  ['role', {}, `role=${ROLE}2`],
  ['session name', {}, `role=${ROLE}&session=app`],
  ['duration', {}, `role=${ROLE}&duration=900`],
] as const) {
  agent(`another ${what} is another session`, async () => {
    const one = scene()
    const first = given(await one.ask(one.token()))
    const second = given(await one.ask(one.token(other), query === undefined ? {} : { query }))
    assert.is.not(first.AccessKeyId, second.AccessKeyId)
    assert.is(one.exchanges.length, 2)
  })
}

agent('the duration of every question and the same one said are one session', async () => {
  const one = scene()
  await one.ask(one.token())
  await one.ask(one.token(), { query: `duration=3600&role=${ROLE}` })
  assert.is(one.exchanges.length, 1)
})

agent('past the renewal point the token of the next reader renews it', async () => {
  const one = scene()
  const first = given(await one.ask(one.token()))
  one.clock.advance(41 * MINUTE)
  const token = one.token({ pod: 'later' })
  assert.is.not(given(await one.ask(token)).AccessKeyId, first.AccessKeyId)
  assert.is(one.exchanges[1]?.token, token)
})

agent('the old session is given while renewal fails, and no longer than it lives', async () => {
  const one = scene()
  const first = given(await one.ask(one.token()))
  one.aws = REFUSED_BY_AWS
  one.clock.advance(41 * MINUTE)
  const token = one.token()
  assert.equal(given(await one.ask(token)), first)
  assert.equal(given(await one.ask(token)), first)
  assert.is(one.exchanges.length, 2, 'not again before a pause')
  one.clock.advance(20 * MINUTE)
  const answer = await one.ask(one.token())
  assert.is(answer.status, 403)
  assert.match(answer.body, /does not list the role \(hint: add it\)/)
})

agent('the old session is given while renewal hangs', async () => {
  const one = scene({ holdsExchanges: true })
  const asked = one.ask(one.token())
  await settled()
  one.exchanges[0]?.end()
  const first = given(await asked)
  one.clock.advance(41 * MINUTE)
  assert.equal(given(await afterHold(one, one.ask(one.token()))), first)
})

agent('nobody’s session is forgotten at its end', async () => {
  const one = scene()
  await one.ask(one.token())
  assert.match(one.agent.metrics(), /agent_sessions 1\n/)
  one.clock.advance(61 * MINUTE)
  one.agent.forgetExpired()
  assert.match(one.agent.metrics(), /agent_sessions 0\n[^]*agent_tokens 0\n/)
})

agent('a clock that is set ahead ends what it says has ended, and one that is set back nothing', async () => {
  const one = scene()
  const token = one.token({ lifeSeconds: 10 * 3600 })
  await one.ask(token)
  one.clock.setNow(FAKE_NOW_MS + 2 * 60 * MINUTE)
  await one.ask(token)
  assert.is(one.exchanges.length, 2)
  one.clock.setNow(FAKE_NOW_MS)
  await one.ask(token)
  assert.is(one.exchanges.length, 2)
  one.clock.advance(61 * MINUTE)
  await one.ask(token)
  assert.is(one.exchanges.length, 3)
})

agent('SIGHUP drops sessions and tokens, those on their way among them', async () => {
  const one = scene({ holdsLogins: true })
  const token = one.token()
  const asked = one.ask(token)
  await settled()
  one.agent.forgetAll()
  one.logins[0]?.end()
  assert.is((await asked).status, 503)
  const again = one.ask(token)
  await settled()
  one.logins[1]?.end()
  given(await again)
  one.agent.forgetAll()
  assert.match(one.agent.metrics(), /agent_sessions 0\n[^]*agent_tokens 0\n/)
})

agent('a first question is held for 900 ms, and the exchange goes on', async () => {
  const one = scene({ holdsExchanges: true })
  const token = one.token()
  const early = await afterHold(one, one.ask(token))
  assert.is(early.status, 503)
  assert.is(early.headers['Retry-After'], '1')
  one.exchanges[0]?.end()
  await settled()
  given(await one.ask(token))
  assert.is(one.exchanges.length, 1)
})

agent('a failed exchange is tried again after a pause that grows', async () => {
  const one = scene()
  one.aws = new IamRaError('UNAVAILABLE', 'exchange', 'AWS answered 503', { retryable: true })
  const token = one.token()
  const answer = await one.ask(token)
  assert.is(answer.status, 503)
  assert.is(answer.headers['Retry-After'], '2')
  await one.ask(token)
  assert.is(one.exchanges.length, 1)
  one.clock.advance(2000)
  assert.is((await one.ask(token)).headers['Retry-After'], '3')
  assert.is(one.exchanges.length, 2)
  one.clock.advance(3000)
  one.aws = undefined
  given(await one.ask(token))
})

agent('a name that is too long for a certificate is the caller’s to mend', async () => {
  const one = scene()
  one.aws = new IamRaError('SETTINGS_INVALID', 'certificate', 'too long')
  assert.is((await one.ask(one.token())).status, 400)
})

agent.run()

const tokens = suite('agent: tokens')

tokens('one that Vault refuses gets nothing, and Vault is not asked again for a while', async () => {
  const one = scene()
  await one.ask(one.token())
  one.vault = VAULT_REFUSES
  const forged = one.token()
  assert.is((await one.ask(forged)).status, 403)
  assert.is((await one.ask(forged)).status, 403)
  assert.is(one.logins.length, 2)
  one.clock.advance(31_000)
  await one.ask(forged)
  assert.is(one.logins.length, 3)
})

tokens('a kept session is given for none that was not verified', async () => {
  const one = scene({ holdsLogins: true })
  const first = one.ask(one.token())
  await settled()
  one.logins[0]?.end()
  given(await first)
  assert.is((await afterHold(one, one.ask(one.token(), { address: '10.0.0.2' }))).status, 503)
})

tokens('a known one is verified again after five minutes', async () => {
  const one = scene()
  const token = one.token()
  await one.ask(token)
  one.clock.advance(5 * MINUTE + 1)
  await one.ask(token)
  assert.is(one.logins.length, 2)
})

tokens('a known one that is refused then is dropped at once, with the session', async () => {
  const one = scene()
  const token = one.token()
  await one.ask(token)
  one.clock.advance(6 * MINUTE)
  one.vault = VAULT_REFUSES
  assert.is((await one.ask(token)).status, 403)
  assert.match(one.agent.metrics(), /agent_sessions 0\n[^]*agent_tokens 0\n/)
})

for (const [what, error] of [
  ['answers 5xx', VAULT_AWAY],
  ['is sealed', new IamRaError('SEALED', 'identity', 'sealed', { retryable: true })],
  ['is unreachable', new IamRaError('UNREACHABLE', 'identity', 'refused', { retryable: true })],
  ['throttles', new IamRaError('THROTTLED', 'identity', 'quota', { retryable: true })],
  ['is slow', new IamRaError('DEADLINE', 'identity', 'no answer')],
] as const) {
  tokens(`while Vault ${what}, a known one is good until it expires, and an unknown one is not`, async () => {
    const one = scene({ lifeMs: 12 * 60 * MINUTE })
    const token = one.token()
    await one.ask(token)
    one.vault = error
    for (let minutes = 0; minutes < 54; minutes += 6) {
      one.clock.advance(6 * MINUTE)
      given(await one.ask(token))
    }
    assert.is((await one.ask(one.token({ pod: 'new' }))).status, 503)
    one.clock.advance(6 * MINUTE)
    assert.is((await one.ask(token)).status, 401)
  })
}

tokens('while Vault hangs, a known one waits no longer than any question', async () => {
  const one = scene({ holdsLogins: true })
  const token = one.token()
  const first = one.ask(token)
  await settled()
  one.logins[0]?.end()
  given(await first)
  one.clock.advance(6 * MINUTE)
  given(await afterHold(one, one.ask(token)))
})

tokens('Vault that is away is asked about a known one every ten seconds', async () => {
  const one = scene()
  const token = one.token()
  await one.ask(token)
  one.clock.advance(6 * MINUTE)
  one.vault = VAULT_AWAY
  for (let asked = 0; asked < 5; asked += 1) await one.ask(token)
  assert.is(one.logins.length, 2)
  one.clock.advance(10_001)
  await one.ask(token)
  assert.is(one.logins.length, 3)
})

tokens('a new one is told to come back when Vault says, and in a second if it does not', async () => {
  const one = scene()
  one.vault = new IamRaError('UNAVAILABLE', 'identity', 'Vault answered 429', {
    retryable: true,
    retryAfterMs: 7000,
  })
  const throttled = await one.ask(one.token())
  assert.equal([throttled.status, throttled.headers['Retry-After']], [503, '7'])
  one.vault = VAULT_AWAY
  const failed = await one.ask(one.token())
  assert.equal([failed.status, failed.headers['Retry-After']], [503, '1'])
})

tokens('is good from the address that it first came from alone', async () => {
  const one = scene()
  const token = one.token()
  await one.ask(token)
  assert.is((await one.ask(token, { address: '10.0.0.2' })).status, 403)
  given(await one.ask(token, { address: '::ffff:10.0.0.1' }))
  one.clock.advance(6 * MINUTE)
  assert.is((await one.ask(token, { address: '10.0.0.2' })).status, 403)
  assert.match(one.logger.messages('warn').join(), /another address/)
})

tokens(
  'a stolen one that comes from hundreds of addresses writes eight warnings, another one its own',
  async () => {
    const one = scene()
    const [stolen, other] = [one.token(), one.token({ pod: 'app-2' })]
    for (const token of [stolen, other]) given(await one.ask(token))
    for (let at = 1; at <= 300; at += 1) await one.ask(stolen, { address: `fd00:10::${at.toString(16)}` })
    assert.is(one.logger.messages('warn').length, 8)
    await one.ask(other, { address: 'fd00:10::1' })
    assert.is(one.logger.messages('warn').length, 9)
    one.clock.advance(2 * MINUTE)
    await one.ask(stolen, { address: 'fd00:10::ffff' })
    assert.is(one.logger.messages('warn').length, 10)
  },
)

tokens(
  'forged ones that claim hundreds of accounts write eight warnings for an address, 64 for a /64',
  async () => {
    const one = scene()
    one.vault = VAULT_REFUSES
    const forge = async (address: string, account: string): Promise<void> => {
      await one.ask(one.token({ account }), { address })
      one.clock.advance(300)
    }
    for (let at = 0; at < 100; at += 1) await forge('10.0.0.9', `a${at}`)
    assert.is(one.logger.messages('warn').length, 8)
    for (let at = 1; at <= 300; at += 1) await forge(`fd00:10::${at.toString(16)}`, 'app')
    const ofNetwork = one.logger.messages('warn').length - 8
    assert.ok(ofNetwork >= 64 && ofNetwork < 80, String(ofNetwork))
  },
)

tokens('two addresses that bring an unknown one at a time: the first has it', async () => {
  const one = scene({ holdsLogins: true })
  const token = one.token()
  const asked = [one.ask(token), one.ask(token, { address: '10.0.0.2' })]
  await settled()
  assert.is(one.logins.length, 1)
  one.logins[0]?.end()
  assert.equal(
    (await Promise.all(asked)).map(({ status }) => status),
    [200, 403],
  )
})

tokens(
  'one that is refused in an exchange is dropped, and who waited with a good one tries that',
  async () => {
    const one = scene({ holdsExchanges: true })
    const [bad, good] = [one.token({ pod: 'deleted' }), one.token({ pod: 'alive' })]
    const asked = [one.ask(bad), one.ask(good, { address: '10.0.0.2' })]
    await settled()
    assert.is(one.exchanges.length, 1)
    one.exchanges[0]?.end(VAULT_REFUSES)
    await settled()
    assert.is(one.exchanges[1]?.token, good)
    one.exchanges[1]?.end()
    assert.equal(
      (await Promise.all(asked)).map(({ status }) => status),
      [403, 200],
    )
    assert.is((await one.ask(bad)).status, 403)
  },
)

tokens.run()

const bounds = suite('agent: bounds')

bounds('an address has two unknown tokens verified at a time, and eight more may wait', async () => {
  const one = scene({ holdsLogins: true })
  const asked = []
  for (let number = 0; number < 8; number += 1) asked.push(one.ask(one.token()))
  one.clock.advance(750)
  for (let number = 0; number < 3; number += 1) asked.push(one.ask(one.token()))
  await settled()
  assert.is(one.logins.length, 2)
  assert.is((await asked[10])?.status, 503)
  const other = one.ask(one.token(), { address: '10.0.0.2' })
  await settled()
  assert.is(one.logins.length, 3)
  one.logins[2]?.end()
  given(await other)
  for (let number = 0; number < 11; number += 1) {
    one.logins[number]?.end()
    await settled()
  }
  assert.is(one.logins.length, 11)
})

bounds('an address brings eight unknown tokens at once, then four a second', async () => {
  const one = scene()
  const statuses = async (times: number, address: string): Promise<number[]> => {
    const all: number[] = []
    for (let number = 0; number < times; number += 1)
      all.push((await one.ask(one.token(), { address })).status)
    return all
  }
  const good = one.token()
  assert.is((await one.ask(good)).status, 200)
  assert.equal(await statuses(9, '10.0.0.1'), [200, 200, 200, 200, 200, 200, 200, 429, 429])
  assert.is((await one.ask(good)).status, 200, 'a known one is not counted')
  assert.equal(await statuses(1, '10.0.0.2'), [200])
  one.clock.advance(1000)
  assert.equal(await statuses(5, '10.0.0.1'), [200, 200, 200, 200, 429])
})

bounds('a /64 of IPv6 is counted too', async () => {
  const one = scene()
  const statuses: number[] = []
  for (let host = 1; host <= 66; host += 1)
    statuses.push((await one.ask(one.token(), { address: `fd00:10::${host.toString(16)}` })).status)
  assert.is(statuses.filter((status) => status === 200).length, 64)
  assert.is((await one.ask(one.token(), { address: 'fd00:10:0:1::1' })).status, 200)
  for (let times = 0; times < 20; times += 1) await one.ask(one.token(), { address: 'fd00:10::ffff' })
  one.clock.advance(1000)
  given(await one.ask(one.token(), { address: 'fd00:10::ffff' }))
})

bounds('a known token does not wait behind unknown ones', async () => {
  const one = scene({ holdsLogins: true })
  const token = one.token()
  const first = one.ask(token)
  await settled()
  one.logins[0]?.end()
  given(await first)
  one.clock.advance(6 * MINUTE)
  for (let host = 2; host < 40; host += 1) void one.ask(one.token(), { address: `10.0.0.${host}` })
  await settled()
  assert.is(one.logins.length, 1 + 16)
  const again = one.ask(token)
  await settled()
  assert.is(one.logins.length, 1 + 16 + 1)
  one.logins[17]?.end()
  given(await again)
})

bounds('an account has eight sessions, however many it asks for', async () => {
  const one = scene()
  const token = one.token()
  for (let number = 1; number <= 8; number += 1)
    given(await one.ask(token, { query: `role=${ROLE}&session=s${number}` }))
  const answer = await one.ask(token, { query: `role=${ROLE}&session=s9` })
  assert.is(answer.status, 429)
  assert.is(answer.headers['Retry-After'], '60')
  given(await one.ask(token, { query: `role=${ROLE}&session=s1` }))
  given(await one.ask(one.token({ account: 'other' })))
  one.clock.advance(61 * MINUTE)
  given(await one.ask(one.token(), { query: `role=${ROLE}&session=s9` }))
})

bounds('an account makes twelve exchanges at once, then twelve a minute', async () => {
  const one = scene({ lifeMs: 1 })
  const token = one.token()
  for (let number = 1; number <= 12; number += 1) {
    given(await one.ask(token))
    one.clock.advance(2)
  }
  assert.is((await one.ask(token)).status, 429)
  given(await one.ask(one.token({ account: 'other' })))
  one.clock.advance(5000)
  given(await one.ask(token))
})

bounds('three exchanges at a time, no more than two of a namespace, and each gets its turn', async () => {
  const one = scene({ holdsExchanges: true })
  for (let number = 1; number <= 4; number += 1)
    void one.ask(one.token({ account: `a${number}` }), { address: `10.0.1.${number}` })
  await settled()
  for (const namespace of ['b', 'c'])
    for (let number = 1; number <= 2; number += 1)
      void one.ask(one.token({ namespace, account: `${namespace}${number}` }), {
        address: `10.0.2.${namespace}${number}`.replace(/[bc]/, (letter) => (letter === 'b' ? '1' : '2')),
      })
  await settled()
  const accounts = (): string[] => one.exchanges.map(({ identity }) => identity.account)
  assert.equal(accounts(), ['a1', 'a2', 'b1'])
  for (let number = 0; number < 8; number += 1) {
    one.exchanges[number]?.end()
    await settled()
  }
  assert.equal(accounts(), ['a1', 'a2', 'b1', 'a3', 'b2', 'c1', 'a4', 'c2'])
})

bounds('sixteen unknown tokens are verified at a time, and 128 more may wait', async () => {
  const one = scene({ holdsLogins: true })
  for (let host = 1; host <= 18; host += 1)
    for (let number = 0; number < 8; number += 1) void one.ask(one.token(), { address: `10.0.0.${host}` })
  await settled()
  assert.is(one.logins.length, 16)
  const late = await one.ask(one.token(), { address: '10.0.0.19' })
  assert.equal([late.status, late.headers['Retry-After']], [503, '1'])
  for (let number = 0; number < 145; number += 1) {
    one.logins[number]?.end()
    await settled()
  }
  assert.is(one.logins.length, 144)
})

/** Different for each of 65,536. */
const addressOf = (number: number): string => `10.1.${number >> 8}.${number & 255}`

bounds('2,048 sessions are kept, and no more are begun until some have ended', async () => {
  const one = scene()
  for (let number = 0; number < 256; number += 1) {
    const token = one.token({ account: `a${number}` })
    for (let session = 1; session <= 8; session += 1)
      given(await one.ask(token, { query: `role=${ROLE}&session=s${session}`, address: addressOf(number) }))
  }
  const token = one.token({ account: 'late' })
  const late = await one.ask(token)
  assert.is(late.status, 429)
  assert.match(late.body, /node/)
  assert.is(one.exchanges.length, 2048)
  assert.match(one.agent.metrics(), /agent_sessions 2048\n/)
  one.clock.advance(61 * MINUTE)
  given(await one.ask(one.token({ account: 'late' })))
})

bounds('4,096 tokens are known: the one verified longest ago is verified again', async () => {
  const one = scene()
  const tokens = Array.from({ length: 4097 }, (_, number) => one.token({ account: `a${number % 16}` }))
  for (const [number, token] of tokens.entries()) given(await one.ask(token, { address: addressOf(number) }))
  assert.match(one.agent.metrics(), /agent_tokens 4096\n/)
  given(await one.ask(tokens[4096] ?? '', { address: addressOf(4096) }))
  assert.is(one.logins.length, 4097)
  given(await one.ask(tokens[0] ?? '', { address: addressOf(0) }))
  assert.is(one.logins.length, 4098)
})

bounds('512 tokens of an account are known: more of them push out none of another', async () => {
  const one = scene()
  const other = one.token({ account: 'other' })
  given(await one.ask(other))
  const tokens = Array.from({ length: 513 }, () => one.token())
  for (const [number, token] of tokens.entries()) given(await one.ask(token, { address: addressOf(number) }))
  given(await one.ask(other))
  given(await one.ask(tokens[512] ?? '', { address: addressOf(512) }))
  assert.is(one.logins.length, 514)
  given(await one.ask(tokens[0] ?? '', { address: addressOf(0) }))
  assert.is(one.logins.length, 515)
})

bounds('1,024 refused tokens are remembered: the one refused longest ago is tried again', async () => {
  const one = scene()
  one.vault = VAULT_REFUSES
  const tokens = Array.from({ length: 1025 }, () => one.token())
  for (const [number, token] of tokens.entries())
    assert.is((await one.ask(token, { address: addressOf(number) })).status, 403)
  await one.ask(tokens[1024] ?? '', { address: addressOf(1024) })
  assert.is(one.logins.length, 1025)
  await one.ask(tokens[0] ?? '', { address: addressOf(0) })
  assert.is(one.logins.length, 1026)
})

bounds('32 exchanges of a namespace may wait, and one that may not costs its account nothing', async () => {
  const one = scene({ holdsExchanges: true })
  for (let number = 1; number <= 34; number += 1)
    void one.ask(one.token({ account: `a${number}` }), { address: addressOf(number) })
  await settled()
  const late = one.token({ account: 'late' })
  for (let times = 0; times < 20; times += 1) assert.is((await one.ask(late)).status, 503)
  const other = one.ask(one.token({ namespace: 'other' }), { address: '10.0.0.2' })
  await settled()
  one.exchanges[2]?.end()
  given(await other)
  for (let number = 0; number < 35; number += 1) {
    one.exchanges[number]?.end()
    await settled()
  }
  const again = one.ask(late)
  await settled()
  one.exchanges[35]?.end()
  given(await again)
})

bounds('512 exchanges may wait in all', async () => {
  const one = scene({ holdsExchanges: true })
  let answered = 0
  for (let number = 0; number < 515; number += 1) {
    const token = one.token({ namespace: `n${number % 20}`, account: `a${number}` })
    void one.ask(token, { address: addressOf(number) }).then(() => (answered += 1))
    // No more than may wait for a login.
    if (number % 100 === 0) await settled()
  }
  await settled()
  assert.equal([one.exchanges.length, answered], [3, 0])
  const late = await one.ask(one.token({ namespace: 'late' }), { address: '10.0.0.2' })
  assert.equal([late.status, late.headers['Retry-After']], [503, '1'])
})

bounds('SIGHUP does not give anyone back what the limits have counted', async () => {
  const one = scene({ lifeMs: 1 })
  const token = one.token()
  for (let number = 1; number <= 12; number += 1) {
    given(await one.ask(token))
    one.clock.advance(2)
  }
  one.agent.forgetAll()
  assert.is((await one.ask(token)).status, 429)
})

bounds.run()
