/** An installation from nothing to nothing in an emulated account: what is made, what a workload gets by it, what is refused. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../../src/errors.ts'
import { readInstallation } from '../../../src/onboarding/aws/installation.ts'
import { planBinding } from '../../../src/onboarding/aws/plan-binding.ts'
import { planDestroy } from '../../../src/onboarding/aws/plan-destroy.ts'
import { planCluster, planInit, planTeardown } from '../../../src/onboarding/aws/plan-init.ts'
import { planRole } from '../../../src/onboarding/aws/plan-role.ts'
import { planRoleDelete } from '../../../src/onboarding/aws/plan-role-delete.ts'
import { settle } from '../../../src/onboarding/aws/settle.ts'
import type { Plan } from '../../../src/onboarding/plan/step.ts'
import { bindingTag } from '../../../src/onboarding/aws/bindings.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { throttling } from '../../rig/servers/iam-rules.ts'
import { askIam } from '../../rig/servers/moto.ts'
import { startOperatorAccount } from '../../rig/servers/operator-account.ts'
import {
  bind,
  doAll,
  exchange,
  INIT,
  initialize,
  makeRole,
  openOperator,
  ROLE,
  roleOf,
  ROOT,
  workload,
} from './operator.ts'

const home = mkdtempSync(join(tmpdir(), 'iam-ra-life-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))
const aws = await startOperatorAccount(pythonEnvironment(), home, { MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' })
const account = await openOperator(aws)
const read = () => readInstallation(account, 'default')

const life = suite('an installation in AWS')
life.before.each(async () => {
  aws.permissions.refused.clear()
  Object.assign(aws.gate, { before: undefined, after: undefined, trustPolicyQuota: 2048 })
  await doAll(planDestroy(account, await read()))
  assert.is(aws.account.anchors.size + aws.account.profiles.size, 0)
})
life.after(async () => {
  account.close()
  await aws.close()
})

life('says who asks, where', () => {
  assert.equal([account.id, account.partition, account.region], ['111122223333', 'aws', 'eu-central-1'])
  assert.is(account.callerArn, aws.callerArn)
})

life('lets a workload in after it is bound and no more after it is unbound', async () => {
  await initialize(account)
  await makeRole(account)
  assert.is(
    await exchange(aws, await read(), 'admin', 'a.default.prod'),
    `Unable to assume role for ${roleOf(await read(), 'admin').arn}`,
  )
  await bind(account, 'admin', { bind: ['a'] })
  const there = await read()
  assert.equal(await exchange(aws, there, 'admin', 'a.default.prod'), 'done')
  for (const stranger of ['b.default.prod', 'a.other.prod', 'a.default.staging', 'x.a.default.prod'])
    assert.match(await exchange(aws, there, 'admin', stranger), /^Unable to assume role/)
  await bind(account, 'admin', { unbind: ['a'] })
  assert.match(await exchange(aws, there, 'admin', 'a.default.prod'), /^Unable to assume role/)
  assert.equal(roleOf(await read(), 'admin').bindings, [])
})

life('plans nothing for what is as it should be', async () => {
  await initialize(account)
  await makeRole(account)
  await bind(account, 'admin', { bind: ['a'] })
  await doAll(
    planCluster(account, await read(), {
      name: 'prod',
      mode: 'vault',
      namespace: 'iam-ra-system',
      words: ['https://vault:8200'],
    }),
  )
  const now = await read()
  assert.equal(now.clusters, [
    { name: 'prod', mode: 'vault', namespace: 'iam-ra-system', words: ['https://vault:8200'] },
  ])
  const plans = [
    await planInit(account, now, INIT),
    await planRole(account, now, ROLE),
    planCluster(account, now, {
      name: 'prod',
      mode: 'vault',
      namespace: 'iam-ra-system',
      words: ['https://vault:8200'],
    }),
    planBinding(account, now.owner, roleOf(now, 'admin'), { bind: [workload(now, 'a')], quota: 2048 }),
  ]
  assert.equal(
    plans,
    plans.map(() => ({ steps: [], notes: [], problems: [] })),
  )
})

life('writes statements again that someone changed by hand, and shows it', async () => {
  await initialize(account)
  await makeRole(account)
  await bind(account, 'admin', { bind: ['a'] })
  const { policy } = roleOf(await read(), 'admin')
  const { Statement: statements } = JSON.parse(policy) as { Statement: Record<string, unknown>[] }
  const { Condition: _condition, ...open } = { ...statements[0], Sid: 'IamRa0default0X7' } as Record<
    string,
    unknown
  >
  await account.iam.setTrustPolicy(
    'iam-ra-admin',
    JSON.stringify({ Version: '2012-10-17', Statement: [...statements, open] }),
  )
  assert.is(await exchange(aws, await read(), 'admin', 'stranger.default.prod'), 'done')
  const now = await read()
  const plan = planBinding(account, now.owner, roleOf(now, 'admin'), {
    bind: [workload(now, 'a')],
    quota: 2048,
  })
  assert.equal(plan.steps[0]?.shown.differences?.[0], {
    ...{ name: 'trust policy', before: 'statements changed by hand', after: 'as iam-ra writes them' },
  })
  await doAll(plan)
  assert.match(await exchange(aws, await read(), 'admin', 'stranger.default.prod'), /^Unable to assume role/)
  assert.is(await exchange(aws, await read(), 'admin', 'a.default.prod'), 'done')
})

life('says that a workload keeps the role whose account another one shares', async () => {
  await initialize(account)
  await makeRole(account)
  const now = await read()
  const [a, b] = ['a', 'b'].map((name) => workload(now, name, { account: 'shared' }))
  assert.ok(a && b)
  await doAll(planBinding(account, now.owner, roleOf(now, 'admin'), { bind: [a, b], quota: 2048 }))
  const there = await read()
  const planOf = (unbind: (typeof there.roles)[number]['bindings']): Plan =>
    planBinding(account, there.owner, roleOf(there, 'admin'), { unbind, quota: 2048 })
  assert.equal(planOf([a]).notes, [
    'pods of default/a can still assume the role: they run as service account shared, as b does, which stays bound',
  ])
  assert.equal(planOf([a, b]).notes, [])
})

life('does not destroy roles whose workloads are in another region', async () => {
  await initialize(account)
  await makeRole(account)
  await bind(account, 'admin', { bind: ['a'] })
  const { problems } = await planDestroy({ ...account, region: 'us-east-1' }, await read())
  assert.equal(problems, [
    'role iam-ra-admin has workloads in eu-central-1, and this is us-east-1: run iam-ra k8s offboard for each with --region eu-central-1 first',
  ])
  assert.equal((await planDestroy(account, await read())).problems, [])
})

life('makes a role under its path, enabled all the way, with its policies and durations', async () => {
  await initialize(account)
  await makeRole(account, { boundary: 'arn:aws:iam::aws:policy/PowerUserAccess' })
  const { anchor, roles } = await read()
  const [role] = roles
  assert.equal([anchor?.enabled, anchor?.name], [true, 'iam-ra-default'])
  assert.equal([role?.name, role?.path, role?.maxSessionSeconds], ['iam-ra-admin', '/iam-ra/default/', 7200])
  assert.is(role?.boundary, 'arn:aws:iam::aws:policy/PowerUserAccess')
  const [profile, ...more] = role?.profiles ?? []
  assert.equal(
    [profile?.enabled, profile?.durationSeconds, profile?.name],
    [true, 3600, 'iam-ra-default-admin'],
  )
  assert.is(more.length, 0)
  assert.equal(await account.iam.attachedPolicies('iam-ra-admin'), ROLE.policies)
  assert.equal(await account.iam.inlinePolicies('iam-ra-admin'), ['more'])
})

life('changes of a role what is asked for otherwise, shows it, and leaves what is more', async () => {
  await initialize(account)
  await makeRole(account)
  const plan = await planRole(account, await read(), {
    ...ROLE,
    ...{
      policies: ['arn:aws:iam::aws:policy/IAMReadOnlyAccess'],
      maxSessionSeconds: 3600,
      sessionSeconds: 900,
    },
  })
  assert.equal(
    plan.steps.map(({ shown }) => `${shown.verb} ${shown.what}`),
    ['change iam role iam-ra-admin', 'change iam role iam-ra-admin', 'change profile iam-ra-default-admin'],
  )
  assert.equal(plan.notes, [
    'role iam-ra-admin also has the policy arn:aws:iam::aws:policy/ReadOnlyAccess, which stays',
  ])
  await doAll(plan)
  const role = roleOf(await read(), 'admin')
  assert.equal([role.maxSessionSeconds, role.profiles[0]?.durationSeconds], [3600, 900])
})

life('refuses to delete a role or a cluster that workloads are bound to, by their names', async () => {
  await initialize(account)
  await makeRole(account)
  await bind(account, 'admin', { bind: ['a', 'b'] })
  const now = await read()
  assert.equal((await planRoleDelete(account, now, 'admin')).problems, [
    'role admin is bound to prod/default/a, prod/default/b; run iam-ra k8s offboard for each',
  ])
  assert.match(planTeardown(account, now, 'prod').problems[0] ?? '', /default\/a, default\/b/)
  await bind(account, 'admin', { unbind: ['a', 'b'] })
  const plan = await planRoleDelete(account, await read(), 'admin')
  await bind(account, 'admin', { bind: ['c'] })
  const refused = await doAll(plan).catch((error: unknown) => error)
  assert.match(
    (refused as IamRaError).message,
    /default\/c of cluster prod was bound to role iam-ra-admin in the meantime/,
  )
})

life('takes a binding back whose anchor went away', async () => {
  await initialize(account)
  await makeRole(account)
  aws.gate.after = ({ action }) => {
    if (action === 'iam:UpdateAssumeRolePolicy') aws.account.anchors.clear()
    return undefined
  }
  const refused = await bind(account, 'admin', { bind: ['a'] }).catch((error: unknown) => error)
  assert.match((refused as IamRaError).message, /trust anchor was deleted while a was being bound/)
  const role = await account.iam.getRole('iam-ra-admin')
  assert.not.ok(role?.policy.includes('a.default.prod'))
  assert.not.ok(role?.tags.some(({ Key }) => Key.includes('workload')))
})

life('touches neither an anchor nor a role nor a profile of others', async () => {
  await account.rolesAnywhere.createAnchor(
    { name: 'iam-ra-default', pem: ROOT.pem, tags: [] },
    async () => undefined,
  )
  const { problems } = await planInit(account, await read(), INIT)
  assert.match(problems[0] ?? '', /does not belong to installation default; choose another name with/)
  assert.equal((await planDestroy(account, await read())).steps, [])
  aws.account.anchors.clear()
  await initialize(account)
  await askIam(aws.motoUrl, {
    Action: 'CreateRole',
    RoleName: 'iam-ra-admin',
    AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}',
  })
  const refused = await makeRole(account).catch((error: unknown) => error)
  assert.match((refused as IamRaError).message, /something else already has this name \(EntityAlreadyExists/)
  await askIam(aws.motoUrl, { Action: 'DeleteRole', RoleName: 'iam-ra-admin' })
})

life('counts what a role has room for, and refuses what is more with the ways out', async () => {
  await initialize(account)
  await makeRole(account)
  const now = await read()
  const role = roleOf(now, 'admin')
  const many = Array.from({ length: 48 }, (_, at) =>
    workload(now, `w-${at}`, { account: 'a', namespace: `n${at}` }),
  )
  const plan = (count: number, quota: number, tags = role.tags) =>
    planBinding(account, now.owner, { ...role, tags }, { bind: many.slice(0, count), quota })
  assert.is(role.tags.length, 3)
  assert.equal(plan(47, 4096).problems, [])
  assert.match(
    plan(48, 4096).problems.join(),
    /^role iam-ra-admin would have 51 tags, and AWS's limit is 50: 0 are bindings, 3 are others; bind further/,
  )
  const organisation = [...role.tags, { Key: 'cost-centre', Value: '7' }]
  assert.match(plan(47, 4096, organisation).problems.join(), /would have 51 tags/)
  const [full = ''] = plan(45, 900).problems
  assert.match(full, /would have \d+ characters, and 900 fit: raise the quota .*second role.*offboard/)
  const shown = plan(2, 2048).steps[0]?.shown.differences ?? []
  assert.match(shown.at(-1)?.after ?? '', /^\d+ of 2,048 characters; about \d+ more workloads fit$/)
  const long = workload(now, 'a'.repeat(40), { namespace: 'b'.repeat(20) })
  const { problems } = planBinding(account, now.owner, role, { bind: [long], quota: 2048 })
  assert.match(problems.join(), /certificate name of 66 characters/)
  aws.gate.trustPolicyQuota = 500
  const refused = await settle(account, now.owner, { role: role.name, bind: many.slice(0, 9) }).catch(
    (error: unknown) => error,
  )
  assert.match(
    (refused as IamRaError).message,
    /trust policy is longer than this account allows .*ACLSizePerRole: 500/,
  )
  assert.match((refused as IamRaError).hint ?? '', /quota of 500 characters/)
})

life('reports tags that it did not write and lets them in only when told', async () => {
  await initialize(account)
  await makeRole(account)
  const { Key, Value } = bindingTag('default', workload(await read(), 'mallory'))
  await account.iam.tagRole('iam-ra-admin', [{ Key, Value }])
  const now = await read()
  const plan = planBinding(account, now.owner, roleOf(now, 'admin'), {
    bind: [workload(now, 'a')],
    quota: 2048,
  })
  assert.match(
    plan.notes[0] ?? '',
    /default\/mallory is a tag .*trust policy does not admit mallory.default.prod.*--settle-others admits it/,
  )
  assert.not.ok(JSON.stringify(plan.steps).includes('mallory'))
  await doAll(plan)
  assert.match(await exchange(aws, now, 'admin', 'mallory.default.prod'), /^Unable/)
  assert.is(await exchange(aws, now, 'admin', 'a.default.prod'), 'done')
  await bind(account, 'admin', { settleOthers: true })
  assert.is(await exchange(aws, now, 'admin', 'mallory.default.prod'), 'done')
})

life('reads twenty roles of 45 workloads by the calls that it needs and no more', async () => {
  await initialize(account)
  const now = await read()
  for (let index = 0; index < 20; index += 1) {
    const role = `r-${index}`
    await makeRole(account, { role, policies: [], inline: {} })
    const own = Array.from({ length: index < 5 ? 3 : 2 }, (_, at) => workload(now, `w-${index}-${at}`))
    const tags = own.map((one) => bindingTag('default', one))
    await account.iam.tagRole(`iam-ra-${role}`, tags)
  }
  const before = [aws.gate.calls.length, aws.rolesAnywhere.calls.length] as const
  const { roles } = await read()
  assert.is(roles.flatMap(({ bindings }) => bindings).length, 45)
  assert.ok(roles.every(({ profiles, lacking }) => profiles.length === 1 && lacking.length >= 2))
  const made = [...aws.gate.calls.slice(before[0]), ...aws.rolesAnywhere.calls.slice(before[1])]
  const counts = Object.fromEntries(
    [...Map.groupBy(made, ({ action }) => action)].map(([action, all]) => [action, all.length]),
  )
  assert.equal(counts, {
    'iam:ListRoles': 1,
    'iam:GetRole': 20,
    'rolesanywhere:ListTrustAnchors': 1,
    'rolesanywhere:ListTagsForResource': 1,
    'rolesanywhere:ListProfiles': 1,
  })
})

life('names the action that is refused, and the next thing to do', async () => {
  await initialize(account)
  await makeRole(account)
  const refusals: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['iam:ListRoles', read],
    ['iam:GetRole', read],
    ['rolesanywhere:ListTrustAnchors', read],
    ['rolesanywhere:ListProfiles', read],
    ['rolesanywhere:ListTagsForResource', read],
    ['iam:TagRole', () => bind(account, 'admin', { bind: ['a'] })],
    ['iam:UpdateAssumeRolePolicy', () => bind(account, 'admin', { bind: ['a'] })],
    ['iam:GetAccountSummary', () => bind(account, 'admin', { bind: ['a'] })],
    ['rolesanywhere:GetTrustAnchor', () => bind(account, 'admin', { bind: ['b'] })],
    ['iam:CreateRole', () => makeRole(account, { role: 'other' })],
    ['iam:TagRole', () => makeRole(account, { role: 'other' })],
    ['iam:GetPolicy', () => makeRole(account, { role: 'other' })],
    ['iam:AttachRolePolicy', () => makeRole(account, { role: 'other' })],
    ['iam:PutRolePolicy', () => makeRole(account, { role: 'other' })],
    ['rolesanywhere:CreateProfile', () => makeRole(account, { role: 'other' })],
    ['iam:PassRole', () => makeRole(account, { role: 'other' })],
    ['rolesanywhere:TagResource', () => makeRole(account, { role: 'other' })],
  ]
  for (const [action, run] of refusals) {
    aws.permissions.refused.add(action)
    const error = await run().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    aws.permissions.refused.clear()
    assert.instance(error, IamRaError, action)
    const { message, hint = '', exitCode } = error as IamRaError
    assert.ok(message.includes(`not allowed to call ${action}`), `${action}: ${message}`)
    assert.match(hint, new RegExp(`^allow ${action}.* in the operator's policy`))
    assert.is(exitCode, 5)
  }
})

life('tries again what AWS says is for later, and gives up in its time', async () => {
  let left = 6
  aws.gate.before = () => (left-- > 0 ? throttling() : undefined)
  await read()
  assert.is(left < 0, true)
  aws.gate.before = () => throttling()
  const error = await read().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.instance(error, IamRaError)
  const { code, message } = error as IamRaError
  assert.is(code, 'THROTTLED')
  assert.match(
    message,
    /AWS limits the rate of requests \(Throttling: Rate exceeded\) \(iam:ListRoles, \d+ attempts in 60 s\)/,
  )
})

life.run()
