import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { withSessions } from '../../scripts/cli-page.ts'
import { Normaliser } from '../../scripts/normalised.ts'

const NOW = Date.parse('2031-03-05T23:59:30Z')
const IDS = ['0b8c7f4e-1111-4222-8333-944455556666', 'ffffffff-1111-4222-8333-944455556666'] as const

const output = suite('output in documents')

output('has ids by their order, the same in all outputs of a page', () => {
  const one = new Normaliser([])
  const other = new Normaliser([])
  const [first = '', second = '', again] = one.normalise(`${IDS[0]} ${IDS[1]} ${IDS[0]}`, NOW).split(' ')
  assert.is(again, first)
  assert.is.not(second, first)
  assert.match(first, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  assert.is(one.normalise(IDS[1], NOW), second)
  assert.is(other.normalise(IDS[1], NOW), first)
})

output('has serials of the same length', () => {
  const serial = '0a:1b:2c:3d:4e:5f:60:71:82'
  const made = new Normaliser([]).normalise(`serial ${serial}, 10:20:30`, NOW)
  assert.match(made, /^serial ([0-9a-f]{2}:){8}[0-9a-f]{2}, 10:20:30$/)
  assert.not.match(made, serial)
})

output('has 20 bytes for a serial number whose first bytes were zero', () => {
  const [colons = '', plain = '', upper = ''] = new Normaliser([])
    .normalise(`${Array(19).fill('0a').join(':')} ${'0a'.repeat(18)} ${'0B'.repeat(17)}`, NOW)
    .split(' ')
  assert.match(colons, /^([0-9a-f]{2}:){19}[0-9a-f]{2}$/)
  assert.match(plain, /^[0-9a-f]{40}$/)
  assert.match(upper, /^[0-9A-F]{40}$/)
})

output('has numbers of certificates, whatever their case, and digests', () => {
  const one = new Normaliser([])
  const number = '0e4036d299645bfeda38d3ca6d87de4b83c1bc77'
  const [small = '', large = ''] = one.normalise(`${number} ${number.toUpperCase()}`, NOW).split(' ')
  assert.is.not(small, number)
  assert.is(large, small.toUpperCase())
  assert.match(one.normalise('PEM with SHA-256 5b82e331a40fb853', NOW), /^PEM with SHA-256 [0-9a-f]{16}$/)
  assert.not.match(one.normalise('PEM with SHA-256 5b82e331a40fb853', NOW), '5b82e331a40fb853')
})

output('has sessions, ids of roles and digests of the same form', () => {
  const session = 'ab'.repeat(20)
  const text = `AROAAEOLIWFKUUNZJU2U5:${session} of ${session}, PEM with SHA-256 9ca8457c1aaa0aa9`
  const made = new Normaliser([]).normalise(text, NOW)
  const [, id, name, again, digest] =
    /^(AROA[A-Z2-7]{17}):([0-9a-f]{40}) of ([0-9a-f]{40}), PEM with SHA-256 ([0-9a-f]{16})$/.exec(made) ?? []
  assert.is(name, again)
  assert.is.not(name, session)
  assert.is.not(id, 'AROAAEOLIWFKUUNZJU2U5')
  assert.is.not(digest, '9ca8457c1aaa0aa9')
})

output('has dates as far from its own day as they are from now', () => {
  const dates = (text: string): string => new Normaliser([]).normalise(text, NOW)
  assert.is(dates('until 2031-03-05T23:59:59Z'), 'until 2026-12-01T12:00:00Z')
  assert.is(dates('until 2031-03-06T23:58:30.123Z'), 'until 2026-12-02T12:00:00Z')
  assert.is(dates('until 2031-03-06T23:58Z'), 'until 2026-12-02T12:00Z')
  assert.is(dates('until 2041-03-05, or 2041-03-06'), 'until 2036-12-01, or 2036-12-01')
  assert.is(dates('policy version 2012-10-17'), 'policy version 2012-10-17')
})

output('has names that readers know', () => {
  const names = [['http://127.0.0.1:4711', 'https://vault.example.com:8200']] as const
  assert.is(
    new Normaliser(names).normalise('at http://127.0.0.1:4711/v1', NOW),
    'at https://vault.example.com:8200/v1',
  )
})

const sessions = suite('sessions in documents')
const PAGE = [
  '<!-- run prepare -->',
  '<!-- $ iam-ra a --b | kubectl apply -f - -->',
  'old',
  '<!-- /$ iam-ra a --b | kubectl apply -f - -->',
].join('\n')

sessions('are run in order, shown with what they print, and with a code that is not 0', async () => {
  const ran: string[] = []
  const made = await withSessions(PAGE, async (line) => {
    ran.push(line)
    return { code: ran.length - 1, output: `${ran.length}\n` }
  })
  assert.equal(ran, ['prepare', 'iam-ra a --b | kubectl apply -f -'])
  assert.match(made, '$ iam-ra a --b | kubectl apply -f -\n2\n$ echo $?\n1\n```')
  assert.not.match(made, 'old')
})

sessions('are not written if what prepares them fails', async () => {
  const error = await withSessions(PAGE, async () => ({ code: 5, output: 'no' })).catch(
    (thrown: unknown) => thrown,
  )
  assert.match((error as Error).message, 'prepare ended with 5:\nno')
})

sessions('are not shown twice, since a page has one place for each', async () => {
  const run = async () => ({ code: 0, output: '' })
  const error = await withSessions(`${PAGE}\n${PAGE}`, run).catch((thrown: unknown) => thrown)
  assert.match((error as Error).message, /shows iam-ra a .* twice/)
})

output.run()
sessions.run()
