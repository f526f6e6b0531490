import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { anchorArn, arnConflicts, profileArn, roleArn } from '../../src/settings/arn.ts'
import type { Check } from '../../src/settings/values.ts'
import { parseArn, type Arn } from '../../src/aws/arn.ts'
import { ANCHOR, PROFILE, ROLE } from './fixture.ts'
import { fc } from '../support/generated.ts'

const arns = suite('settings: ARNs')

function wrongOf(check: Check<Arn>, text: string): string {
  const checked = check(text)
  return 'wrong' in checked ? checked.wrong : 'passed'
}

function arnOf(check: Check<Arn>, text: string): Arn {
  const checked = check(text)
  if ('wrong' in checked) throw new Error(checked.wrong)
  return checked.value
}

arns('the three kinds are taken apart', () => {
  assert.equal(arnOf(roleArn, ROLE), {
    text: ROLE,
    partition: 'aws',
    service: 'iam',
    region: '',
    account: '111122223333',
    resource: 'role/team/app',
  })
  assert.is(arnOf(anchorArn, ANCHOR).region, 'eu-west-1')
  assert.is(arnOf(profileArn, PROFILE).resource, 'profile/66666666-7777-8888-9999-000000000000')
})

arns('an ARN of any parts comes back as it was written', () => {
  const part = fc.stringMatching(/^[a-z0-9-]{1,12}$/)
  const inner = fc.stringMatching(/^[a-z0-9-]{0,12}$/)
  const resource = fc.stringMatching(/^[\w:/+=,.@-]{1,40}$/)
  fc.assert(
    fc.property(part, part, inner, inner, resource, (partition, service, region, account, rest) => {
      const text = `arn:${partition}:${service}:${region}:${account}:${rest}`
      assert.equal(parseArn(text), { text, partition, service, region, account, resource: rest })
    }),
  )
})

arns('other partitions are as good', () => {
  assert.is(arnOf(roleArn, ROLE.replace('arn:aws:', 'arn:aws-us-gov:')).partition, 'aws-us-gov')
  assert.is(arnOf(anchorArn, ANCHOR.replace('arn:aws:', 'arn:aws-iso-b:')).partition, 'aws-iso-b')
})

for (const [check, text, wrong] of [
  [roleArn, ANCHOR, "is a trust anchor's ARN, which belongs in ANCHOR_ARN"],
  [roleArn, PROFILE, "is a profile's ARN, which belongs in PROFILE_ARN"],
  [anchorArn, ROLE, "is a role's ARN, which belongs in ROLE_ARN"],
  [anchorArn, PROFILE, "is a profile's ARN, which belongs in PROFILE_ARN"],
  [profileArn, ROLE, "is a role's ARN, which belongs in ROLE_ARN"],
  [profileArn, ANCHOR, "is a trust anchor's ARN, which belongs in ANCHOR_ARN"],
  [roleArn, 'arn:aws:sts::111122223333:assumed-role/app/session', "is a session's ARN"],
  [roleArn, 'arn:aws:iam::111122223333:user/app', "is not a role's ARN"],
  [roleArn, 'arn:aws:iam::111122223333:instance-profile/app', "is not a role's ARN"],
  [
    anchorArn,
    'arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/x',
    "is not a trust anchor's ARN",
  ],
  [profileArn, ANCHOR.replace('trust-anchor', 'subject'), "is not a profile's ARN"],
  [roleArn, 'app', 'is not an ARN'],
  [roleArn, 'arn:aws:iam:111122223333:role/app', 'is not an ARN'],
  [roleArn, 'arn:aws:iam::111122223333:', 'is not an ARN'],
  [roleArn, ROLE.replace('arn:aws', 'arn:amazon'), 'does not name an AWS partition'],
  [roleArn, ROLE.replace('arn:aws', 'arn:xaws'), 'does not name an AWS partition'],
  [roleArn, ROLE.replace('arn:aws', 'arn:aws-'), 'does not name an AWS partition'],
  [roleArn, `x${ROLE}`, 'is not an ARN'],
  [roleArn, ROLE.replace('iam::', 'iam:eu-west-1:'), 'has a region, but IAM has none'],
  [roleArn, ROLE.replace('111122223333', '11112222333'), 'does not have an account of 12 digits'],
  [roleArn, ROLE.replace('111122223333', ''), 'does not have an account of 12 digits'],
  [roleArn, ROLE.replace('111122223333', '0111122223333'), 'does not have an account of 12 digits'],
  [roleArn, ROLE.replace('111122223333', '111122223333x'), 'does not have an account of 12 digits'],
  [roleArn, 'arn:aws:iam::111122223333:role/', 'does not name a role/<name>'],
  [roleArn, 'arn:aws:iam::111122223333:role/a b', 'does not name a role/<name>'],
  [roleArn, `arn:aws:iam::111122223333:role/${'x'.repeat(65)}`, 'does not name a role/<name>'],
  [anchorArn, ANCHOR.replace('eu-west-1', ''), 'does not name a region'],
  [anchorArn, ANCHOR.replace('eu-west-1', 'evil.example/'), 'does not name a region'],
  [anchorArn, ANCHOR.replace('11111111-', ''), 'does not name a trust-anchor/<id>'],
  [profileArn, PROFILE.replace('66666666-', 'x'), 'does not name a profile/<id>'],
] as const) {
  arns(`${text} ${wrong}`, () => {
    assert.is(wrongOf(check, text), wrong)
  })
}

arns('three that belong together have no conflict', () => {
  const [role, anchor, profile] = [arnOf(roleArn, ROLE), arnOf(anchorArn, ANCHOR), arnOf(profileArn, PROFILE)]
  assert.equal(arnConflicts({ role, anchor, profile }), [])
})

arns('each difference that AWS refuses is named with both sides', () => {
  const role = arnOf(roleArn, ROLE.replace('111122223333', '444455556666'))
  const anchor = arnOf(anchorArn, ANCHOR)
  const profile = arnOf(
    profileArn,
    PROFILE.replace('arn:aws:', 'arn:aws-cn:').replace('eu-west-1', 'cn-north-1').replace('1111', '7777'),
  )
  const lines = arnConflicts({ role, anchor, profile }).map(
    ({ setting, wrong, expected }) => `${setting} ${wrong}; ${expected}`,
  )
  assert.equal(lines, [
    "ROLE_ARN has account 444455556666; the profile's, 777722223333",
    "PROFILE_ARN has partition aws-cn; the trust anchor's, aws",
    "PROFILE_ARN has region cn-north-1; the trust anchor's, eu-west-1",
    "PROFILE_ARN has account 777722223333; the trust anchor's, 111122223333",
  ])
})

arns('a role of another partition is a conflict', () => {
  const role = arnOf(roleArn, ROLE.replace('arn:aws:', 'arn:aws-cn:'))
  const conflicts = arnConflicts({ role, anchor: arnOf(anchorArn, ANCHOR), profile: undefined })
  assert.equal(conflicts, [
    { setting: 'ROLE_ARN', wrong: 'has partition aws-cn', expected: "the trust anchor's, aws" },
  ])
})

arns('what is missing conflicts with nothing', () => {
  assert.equal(arnConflicts({ role: undefined, anchor: undefined, profile: arnOf(profileArn, PROFILE) }), [])
})

arns.run()
