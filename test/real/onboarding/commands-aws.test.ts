/** The commands that work on AWS: what they print where, how they exit, and what they leave in the account. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bindingTag } from '../../../src/onboarding/aws/bindings.ts'
import { settle } from '../../../src/onboarding/aws/settle.ts'
import { READ_ONLY, startAwsProgram } from './aws-program.ts'
import { exchange, makeRole, roleOf, workload } from './operator.ts'

const program = await startAwsProgram()
const { aws, account, read, file, iamRa, done, refused, callsOf } = program
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'

const commands = suite('the commands on AWS')
commands.before.each(() => program.reset())
commands.after(() => program.stop())

commands('take an installation from nothing to nothing, and find nothing to do when run again', async () => {
  assert.match(await done('status', /^next: iam-ra init/), /^installation +default: nothing here$/m)
  assert.is(await done('role list', /has no trust anchor in this account and region: iam-ra init/), '')
  await done(
    'init --root ROOT --tag team=payments',
    new RegExp(`created trust anchor arn:\\S+/${UUID}\ndone\nnext: `),
  )
  await done('init --root ROOT --tag team=payments', /^nothing to do\n$/)
  await done('init', /^nothing to do\n$/)
  assert.is(await done('role list', /has no roles: iam-ra role create/), '')
  const more = file(
    'more.json',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}',
  )
  const create = `role create admin --policy ${READ_ONLY} --inline-policy ${more} --session-duration 900 --tag team=payments`
  assert.is(await done(create, /\ndone\n$/), '')
  await done(create, /^nothing to do\n$/)
  await done('role create admin', /^nothing to do\n$/)
  const now = await read()
  await settle(account, now.owner, { role: 'iam-ra-admin', bind: [workload(now, 'a')] })
  assert.match(
    await done('role list'),
    /^ROLE +IAM ROLE +WORKLOADS +SESSION +STATE\nadmin +iam-ra-admin +1 +900 s +ok\n$/,
  )
  const shown = await done('role show admin')
  assert.match(shown, /^policies +arn:aws:iam::aws:policy\/ReadOnlyAccess, more \(inline\)$/m)
  assert.match(shown, /^trust policy +\d+ of 2,048 characters; about \d+ more workloads fit$/m)
  assert.match(shown, /^prod +default +a +a +a\.default\.prod +the root +yes$/m)
  assert.match(
    await done('status'),
    /^root +O=Example, CN=Pods, expires \d{4}-\d\d-\d\d$[^]*^admin +iam-ra-admin +1 .* ok$/m,
  )
  await refused(
    'role delete admin',
    2,
    /role admin is bound to a workload\n {2}iam-ra k8s offboard a --cluster prod --k8s-namespace default\n/,
  )
  await refused(
    'destroy',
    9,
    /no terminal to confirm it on\nhint: check the plan with --dry-run, then add --yes/,
  )
  assert.is(await exchange(aws, await read(), 'admin', 'a.default.prod'), 'done')
  await done('destroy --yes', /note: the root is not deleted[^]*\ndone\n$/)
  assert.is(aws.account.anchors.size + aws.account.profiles.size, 0)
  await done('destroy', /^nothing to do\n$/)
  await done('destroy --yes --dry-run --exit-code', /^nothing to do\n$/)
})

commands("tag what they create with the organisation's tags, in the call that creates it", async () => {
  const calls = await callsOf(async () => {
    await done('init --root ROOT --tag cost-centre=7')
    await done(`role create admin --policy ${READ_ONLY} --tag cost-centre=7 --tag empty=`).catch(
      () => undefined,
    )
    await done(`role create admin --policy ${READ_ONLY} --tag cost-centre=7`)
  })
  assert.is(calls['iam:TagRole'] ?? 0, 0)
  assert.is(calls['rolesanywhere:TagResource'] ?? 0, 0)
  const { anchor, roles } = await read()
  const [profile] = roleOf(await read(), 'admin').profiles
  const tags = [anchor?.tags, roles[0]?.tags, await account.rolesAnywhere.tags(profile?.arn ?? '')]
  for (const own of tags) assert.ok(own?.some(({ Key, Value }) => Key === 'cost-centre' && Value === '7'))
  await done('role create admin --tag cost-centre=8', /tag cost-centre: 7 -> 8[^]*\ndone\n$/)
  await done('init --tag cost-centre=8', /tag cost-centre: 7 -> 8[^]*\ndone\n$/)
})

commands('say with --dry-run --exit-code whether there is anything to do, and do nothing', async () => {
  const dry = await iamRa('init --root ROOT --dry-run --exit-code')
  assert.is(dry.code, 8)
  assert.match(
    dry.stderr,
    /^\+ create trust anchor iam-ra-default\n[^]*1 to create, 0 to change; nothing was changed/,
  )
  assert.is(aws.account.anchors.size, 0)
  await done('init --root ROOT')
  assert.is((await iamRa('init --dry-run --exit-code')).code, 0)
  assert.is((await iamRa(`role create a --policy ${READ_ONLY} --dry-run --exit-code`)).code, 8)
  assert.is((await iamRa('destroy --dry-run --exit-code')).code, 8)
  assert.equal((await read()).roles, [])
})

commands('print one document with --json, with the same exits', async () => {
  const json = async (line: string): Promise<Readonly<Record<string, unknown>>> => {
    const document = JSON.parse(await done(`${line} --json`)) as Record<string, unknown>
    assert.is(document['schema'], 'iam-ra/v1')
    return document
  }
  assert.equal([(await json('status'))['exists'], (await json('status'))['trustAnchor']], [false, null])
  const { trustAnchor } = await json('init --root ROOT')
  const made = await json(`role create admin --policy ${READ_ONLY}`)
  assert.equal(made['trustAnchor'], (trustAnchor as { arn: string }).arn)
  const role = roleOf(await read(), 'admin')
  assert.equal([made['arn'], made['profile']], [role.arn, role.profiles[0]?.arn])
  const [listed] = (await json('role list'))['roles'] as readonly object[]
  assert.equal(listed, {
    ...{
      role: 'admin',
      name: 'iam-ra-admin',
      arn: role.arn,
      workloads: 0,
      sessionSeconds: 3600,
      problems: [],
    },
  })
  assert.equal((await json('role show admin'))['policies'], [READ_ONLY])
  const { code, stdout, stderr } = await iamRa('role show nobody --json')
  assert.equal([code, stdout], [2, ''])
  const { error } = JSON.parse(stderr) as { error: { exit: number; message: string } }
  assert.equal([error.exit, error.message], [2, 'there is no role nobody in installation default'])
})

commands(
  'print the CloudFormation templates with the values filled in, and ask AWS for nothing',
  async () => {
    const calls = await callsOf(async () => {
      const anchor = await done(
        'init --root ROOT --print cloudformation',
        /aws cloudformation deploy --stack-name iam-ra-default/,
      )
      assert.match(anchor, /^ {4}Default: \|\n {6}-----BEGIN CERTIFICATE-----\n/m)
      const arn =
        'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-0000-0000-000000000000'
      const line = `role create a --policy ${READ_ONLY} --print cloudformation --cluster prod --service-account app`
      const role = await done(`${line} --anchor ${arn} --max-session 7200`)
      for (const value of [
        `'${arn}'`,
        "'prod'",
        "'default'",
        "'app'",
        "'Pods of cluster prod'",
        `'${READ_ONLY}'`,
        '7200',
      ])
        assert.ok(role.includes(`    Default: ${value}\n`), value)
    })
    assert.equal(calls, {})
    await refused(
      `role create a --policy ${READ_ONLY} --print cloudformation --cluster prod --service-account app`,
      2,
      /has no trust anchor/,
    )
    await refused(
      `role create a --policy ${READ_ONLY} --print cloudformation`,
      2,
      /needs --cluster and --service-account/,
    )
    await refused(
      `role create a --policy ${READ_ONLY} --policy ${READ_ONLY}s --print cloudformation --cluster c --service-account s`,
      2,
      /takes exactly one --policy/,
    )
  },
)

commands('read twenty roles of 45 workloads by the calls that they need and no more', async () => {
  await done('init --root ROOT')
  const now = await read()
  for (let index = 0; index < 20; index += 1) {
    await makeRole(account, { role: `r-${index}`, policies: [], inline: {} })
    const own = Array.from({ length: index < 5 ? 3 : 2 }, (_, at) => workload(now, `w-${index}-${at}`))
    await account.iam.tagRole(
      `iam-ra-r-${index}`,
      own.map((one) => bindingTag('default', one)),
    )
  }
  const needed = {
    'sts:GetCallerIdentity': 1,
    'iam:ListRoles': 1,
    'iam:GetRole': 20,
    'rolesanywhere:ListTrustAnchors': 1,
    'rolesanywhere:ListTagsForResource': 1,
    'rolesanywhere:ListProfiles': 1,
  }
  assert.equal(await callsOf(() => done('role list')), needed)
  // Without Vault, which is then not asked.
  assert.equal(await callsOf(() => done('k8s list --no-cluster')), needed)
  assert.equal(await callsOf(() => done('status')), { ...needed, 'iam:GetAccountSummary': 1 })
})

commands.run()
