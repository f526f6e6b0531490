/** What the commands on AWS refuse, and what they say of a half-made installation. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bindingTag } from '../../../src/onboarding/aws/bindings.ts'
import { settle } from '../../../src/onboarding/aws/settle.ts'
import { createAuthority } from '../../rig/emulators/authority.ts'
import { askIam } from '../../rig/servers/moto.ts'
import { READ_ONLY, startAwsProgram } from './aws-program.ts'
import { exchange, roleOf, ROOT, workload } from './operator.ts'

const program = await startAwsProgram()
const { aws, account, home, read, file, done, refused } = program

const commands = suite('the commands on AWS, refused')
commands.before.each(() => program.reset())
commands.after(() => program.stop())

commands('refuse what cannot be, each with what to do next', async () => {
  const P = `--policy ${READ_ONLY}`
  await refused(`role create admin ${P}`, 2, /installation default has no trust anchor; run iam-ra init/)
  await refused('init --ca-mode self-signed', 2, /--ca-mode self-signed is not in this version of iam-ra\n/)
  await refused('init --ca-mode pca-new', 2, /--ca-mode pca-new is left out/)
  await refused('init --ca-mode valt', 2, /--ca-mode must be vault, not valt/)
  await refused('init --root ROOT --ca-years 5', 2, /--root must not be set together with --ca-years/)
  await refused('init --ca-years 0', 2, /--ca-years 0 is out of range/)
  await refused('init --ca-years ten', 2, /--ca-years is not a whole number/)
  await refused(`init --root ${join(home, 'none.pem')}`, 2, /none\.pem, cannot be read \(ENOENT\)/)
  await refused('init', 2, /VAULT_ADDR is not set/)
  await done('init --root ROOT')
  const other = createAuthority({ commonName: 'Others', nowMs: Date.now() })
  await refused(
    `init --root ${file('other.pem', other.pem)}`,
    2,
    /trusts another root than O=Example, CN=Others/,
  )
  await refused(`role create Admin ${P}`, 2, /"Admin" is not a role name; use lower-case letters/)
  await refused(
    `role create ${'a'.repeat(60)} ${P}`,
    2,
    /makes an IAM role name of 67 characters; use at most 57/,
  )
  await refused(`role create a ${P} --iam-role-name a/b`, 2, /"a\/b" is not an IAM role name/)
  await refused('role create a --policy ReadOnlyAccess', 2, /"ReadOnlyAccess" is not the ARN of a policy/)
  await refused(
    `role create a ${P} --policy ${READ_ONLY}s`,
    2,
    /policy arn:aws:iam::aws:policy\/ReadOnlyAccesss does not exist/,
  )
  assert.equal((await read()).roles, [])
  await refused(
    `role create a ${P} --max-session 600`,
    2,
    /--max-session 600 is out of range; use 3600 to 43200/,
  )
  await refused(
    `role create a ${P} --session-duration 7200`,
    2,
    /sessions of 7200 seconds are longer than the role allows \(3600\)/,
  )
  await refused(
    `role create a --inline-policy ${file('bad.json', '{"a":')}`,
    2,
    /the inline policy bad is not a JSON object/,
  )
  await refused(
    `role create a --inline-policy ${join(home, 'none.json')}`,
    2,
    /none\.json cannot be read \(ENOENT\)/,
  )
  await refused(`role create a ${P} --tag iam-ra:role=b`, 2, /iam-ra:role has a reserved key/)
  await refused(`role create a ${P} --tag b`, 2, /--tag is not KEY=VALUE/)
  await refused(
    `role create a ${P} --cluster prod`,
    2,
    /--cluster only makes sense with --print cloudformation/,
  )
  await refused('role show a', 2, /there is no role a in installation default/)
  await refused('role delete a --yes', 2, /there is no role a in installation default/)
  await refused('status --installation Big', 2, /the installation "Big" is not a name/)
})

commands('name what is missing of credentials, region and permissions', async () => {
  await done('init --root ROOT')
  const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' }
  await refused('status', 5, /^iam-ra: cannot get AWS credentials: none were found/, none)
  await refused(
    'status --profile nobody',
    5,
    /^iam-ra: cannot get AWS credentials with profile nobody: /,
    none,
  )
  await refused('status', 2, /^iam-ra: no AWS region is set\n/, { AWS_REGION: '', AWS_DEFAULT_REGION: '' })
  for (const [line, action] of [
    ['role list', 'iam:ListRoles'],
    ['status', 'rolesanywhere:ListTrustAnchors'],
    [`role create a --policy ${READ_ONLY}`, 'iam:CreateRole'],
    [`role create a --policy ${READ_ONLY}`, 'iam:PassRole'],
    ['destroy --yes', 'rolesanywhere:DeleteTrustAnchor'],
  ] as const) {
    aws.permissions.refused.add(action)
    await refused(line, 5, new RegExp(`not allowed to call ${action}[^]*\nhint: allow ${action}`))
    aws.permissions.refused.clear()
  }
})

commands('say that credentials have expired', async () => {
  aws.gate.before = () => ({
    ...{ status: 403, headers: { 'content-type': 'text/xml' } },
    body: '<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error></ErrorResponse>',
  })
  await refused('status', 5, /the credentials have expired \(ExpiredToken: [^]*\nhint: get new ones/)
})

commands('leave alone what is not theirs', async () => {
  await account.rolesAnywhere.createAnchor(
    { name: 'iam-ra-default', pem: ROOT.pem, tags: [] },
    async () => undefined,
  )
  await refused(
    'init --root ROOT',
    2,
    /does not belong to installation default; choose another name with --installation/,
  )
  assert.match(
    await done('status'),
    /installation default has no trust anchor, and arn:\S+, which has its name, is not tagged/,
  )
  await done('destroy --yes', /^nothing to do\n$/)
  aws.account.anchors.clear()
  await done('init --root ROOT')
  const { anchor } = await read()
  await account.rolesAnywhere.tag(anchor?.arn ?? '', [{ Key: 'iam-ra:schema', Value: '2' }])
  for (const line of ['status', 'role list', `role create a --policy ${READ_ONLY}`, 'destroy --yes'])
    await refused(
      line,
      5,
      /was created by another version of iam-ra \(iam-ra:schema is 2\)\nhint: use the version/,
    )
  await account.rolesAnywhere.tag(anchor?.arn ?? '', [{ Key: 'iam-ra:schema', Value: '1' }])
  await done(`role create a --policy ${READ_ONLY}`)
  const stack = { 'Tags.member.1.Key': 'aws:cloudformation:stack-name', 'Tags.member.1.Value': 'prod' }
  await askIam(aws.motoUrl, { Action: 'TagRole', RoleName: 'iam-ra-a', ...stack })
  await refused(
    'role create a --max-session 7200',
    2,
    /role iam-ra-a belongs to the CloudFormation stack prod/,
  )
  await refused('role delete a --yes', 2, /role iam-ra-a belongs to the CloudFormation stack prod/)
  assert.match(
    await done('role list', /iam-ra role show a says what to do/),
    /belongs to the CloudFormation stack prod/,
  )
  await askIam(aws.motoUrl, {
    Action: 'UntagRole',
    RoleName: 'iam-ra-a',
    'TagKeys.member.1': 'aws:cloudformation:stack-name',
  })
})

commands('name each half of an installation with the command that settles it, which does', async () => {
  await done('init --root ROOT')
  await done(`role create a --policy ${READ_ONLY}`)
  await done(`role create b --policy ${READ_ONLY}`)
  const now = await read()
  const [a, b] = [roleOf(now, 'a'), roleOf(now, 'b')]
  await account.rolesAnywhere.switchAnchor(now.anchor?.id ?? '', false)
  await account.rolesAnywhere.deleteProfile(a.profiles[0]?.id ?? '')
  await account.rolesAnywhere.switchProfile(b.profiles[0]?.id ?? '', false)
  await account.iam.tagRole('iam-ra-a', [bindingTag('default', workload(now, 'mallory'))])
  await settle(account, now.owner, { role: 'iam-ra-b', bind: [workload(now, 'left')] })
  await account.iam.untagRole('iam-ra-b', ['iam-ra:default:workload/prod/default/left'])
  const status = await done('status')
  for (const says of [
    /^installation default has a trust anchor that is disabled\n {2}hint: iam-ra init enables it$/m,
    /^role a has no profile\n {2}hint: iam-ra role create a creates it$/m,
    /^role a does not admit mallory\.default\.prod, which its tags have\n {2}hint: iam-ra k8s onboard mallory --role a --cluster prod --k8s-namespace default admits it$/m,
    /^role b has a profile that is disabled\n {2}hint: iam-ra role create b enables it$/m,
    /^role b admits left\.default\.prod, which none of its tags has\n {2}hint: iam-ra role create b removes it from the trust policy$/m,
  ]) {
    assert.match(status, says)
  }
  await done('init', /\ndone\n$/)
  await done('role create a', /\ndone\n$/)
  await done('role create b', /trust policy: left\.default\.prod -> \(nothing\)[^]*\ndone\n$/)
  const after = await read()
  assert.equal(after.anchor?.enabled, true)
  assert.equal(roleOf(after, 'b').untagged, [])
  assert.ok(after.roles.every(({ profiles }) => profiles.length === 1 && profiles[0]?.enabled === true))
  assert.match(await exchange(aws, after, 'a', 'mallory.default.prod'), /^Unable/)
})

commands.run()
