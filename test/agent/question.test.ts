import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readQuestion } from '../../src/agent/question.ts'
import { fc } from '../support/generated.ts'
import { ANCHOR, arn, OFFER, PROFILE, ROLE } from './scene.ts'

const question = suite('agent: the query')

const wrongOf = (query: string, offer = OFFER): string => {
  const read = readQuestion(query, offer)
  return 'wrong' in read ? read.wrong : ''
}

question('a role alone is asked for with what the agent has', () => {
  const read = readQuestion(`role=${ROLE}`, OFFER)
  if ('wrong' in read) throw new Error(read.wrong)
  assert.is(read.roleArn.text, ROLE)
  assert.is(read.anchorArn.text, ANCHOR)
  assert.is(read.profileArn.text, PROFILE)
  assert.is(read.durationSeconds, 3600)
  assert.is(read.sessionName, undefined)
})

question('all five, percent-encoded or not, are read the same', () => {
  const plain = { role: ROLE, profile: PROFILE, anchor: ANCHOR, duration: '900', session: 'a+b=c@d' }
  const text = (encode: (value: string) => string): string =>
    Object.entries(plain)
      .map(([name, value]) => `${name}=${encode(value)}`)
      .join('&')
  const read = readQuestion(
    text((value) => value),
    OFFER,
  )
  assert.equal(readQuestion(text(encodeURIComponent), OFFER), read)
  assert.is('wrong' in read ? read.wrong : read.sessionName, 'a+b=c@d')
  assert.is('wrong' in read ? 0 : read.durationSeconds, 900)
})

const refused: readonly [title: string, query: string, wrong: RegExp][] = [
  ['nothing', '', /parameter other than/],
  ['no role', 'duration=900', /role is missing/],
  ['another parameter', `role=${ROLE}&region=x`, /parameter other than/],
  ['a name in another case', `Role=${ROLE}`, /parameter other than/],
  ['an encoded name', `%72ole=${ROLE}`, /parameter other than/],
  ['a name without a value', `role=${ROLE}&session`, /parameter other than/],
  ['an ampersand at the end', `role=${ROLE}&`, /parameter other than/],
  ['a semicolon between', `role=${ROLE};duration=900`, /^role /],
  ['an array', `role[]=${ROLE}`, /parameter other than/],
  ['the role twice', `role=${ROLE}&role=${ROLE}`, /role is given twice/],
  ['the session twice, with different ones', `role=${ROLE}&session=aa&session=bb`, /session is given twice/],
  ['an empty value', `role=${ROLE}&session=`, /session is empty/],
  ['half an escape', `role=${ROLE}%2`, /percent-encoded/],
  ['an escape that is none', `role=${ROLE}%zz`, /percent-encoded/],
  ['bytes that are not UTF-8', `role=${ROLE}%ff`, /percent-encoded/],
  ['a line break', `role=${ROLE}%0d%0aX: y`, /percent-encoded/],
  ['a NUL', `role=${ROLE}%00`, /percent-encoded/],
  ['a letter beyond ASCII', `role=${ROLE}%C3%A9`, /percent-encoded/],
  [
    'a value that is encoded twice',
    `role=${encodeURIComponent(encodeURIComponent(ROLE))}`,
    /^role is not an ARN/,
  ],
  ['a plus for a blank', `role=${ROLE}&session=a%20b`, /session is not a session name/],
  ['a variable that was not replaced', 'role=$(ROLE_ARN)', /\$\(NAME\) reference/],
  ['another resource', 'role=arn:aws:iam::111122223333:user/app', /^role /],
  ["a session's ARN", 'role=arn:aws:sts::111122223333:assumed-role/app/s', /^role is a session's ARN/],
  ['an account that is none', 'role=arn:aws:iam::1111:role/app', /^role /],
  ['another account than the profile’s', 'role=arn:aws:iam::999922223333:role/app', /^role has account/],
  ['another partition', 'role=arn:aws-cn:iam::111122223333:role/app', /^role has partition/],
  ['too short a duration', `role=${ROLE}&duration=899`, /^duration is out of range/],
  ['a duration with a sign', `role=${ROLE}&duration=+3600`, /^duration /],
  ['a duration with a fraction', `role=${ROLE}&duration=3600.5`, /^duration /],
  ['a quote in the session', `role=${ROLE}&session=a"b`, /^session /],
  ['another profile', `role=${ROLE}&profile=${PROFILE.replace('666666', '777777')}`, /AGENT_PROFILES/],
  [
    'the profile in another case',
    `role=${ROLE}&profile=${PROFILE.replace('profile', 'Profile')}`,
    /^profile /,
  ],
  ['another anchor', `role=${ROLE}&anchor=${ANCHOR.replace('111111', '777777')}`, /AGENT_ANCHORS/],
]
for (const [title, query, wrong] of refused) {
  question(`${title}: refused`, () => assert.match(wrongOf(query), wrong))
}

question('all profiles of an account and region, and no others, by profile/*', () => {
  const offer = { ...OFFER, profiles: [arn(PROFILE.replace(/profile\/.*/, 'profile/*'))] }
  const other = PROFILE.replace('666666', '777777')
  assert.is(wrongOf(`role=${ROLE}&profile=${other}`, offer), '')
  assert.match(
    wrongOf(`role=${ROLE}&profile=${other.replace('eu-west-1', 'eu-west-2')}`, offer),
    /AGENT_PROFILES/,
  )
  assert.match(wrongOf(`role=${ROLE}&profile=${other.replace('1111', '9999')}`, offer), /AGENT_PROFILES/)
})

question('whatever is sent is read or refused, and soon', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webQueryParameters()), (text) => {
      const read = readQuestion(text, OFFER)
      assert.ok('wrong' in read)
    }),
  )
  assert.match(wrongOf(`role=arn:aws:iam::111122223333:role/${'a/'.repeat(500_000)}`), /^role /)
})

question.run()
