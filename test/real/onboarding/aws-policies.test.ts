/**
 * The policies of k8s/aws: the operator's allow what an installation's whole life needs and nothing that it does not; the guard
 * keeps others from what makes a workload a role.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT as PROJECT } from '../../../scripts/checks/files.ts'
import { IamRaError } from '../../../src/errors.ts'
import { readInstallation } from '../../../src/onboarding/aws/installation.ts'
import { planDestroy } from '../../../src/onboarding/aws/plan-destroy.ts'
import { planCluster, planTeardown } from '../../../src/onboarding/aws/plan-init.ts'
import { effectOf, type PolicyDocument } from '../../rig/emulators/identity-policy.ts'
import type { Asked } from '../../rig/emulators/permissions.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { startOperatorAccount } from '../../rig/servers/operator-account.ts'
import { bind, doAll, exchange, initialize, makeRole, openOperator, roleOf } from './operator.ts'

const read = (name: string): PolicyDocument =>
  JSON.parse(readFileSync(join(PROJECT, 'k8s/aws', name), 'utf8')) as PolicyDocument
const OPERATOR = read('operator-policy.json')
const ONBOARDING = read('onboarding-policy.json')
const GUARD = read('guard-scp.json')
const EVERYTHING: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
}
const BOUNDARY = 'arn:aws:iam::aws:policy/PowerUserAccess'
const CLUSTER = { name: 'prod', mode: 'vault', namespace: 'iam-ra-system', words: [] }

const home = mkdtempSync(join(tmpdir(), 'iam-ra-policies-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))
const aws = await startOperatorAccount(pythonEnvironment(), home, { MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' })
const account = await openOperator(aws)
const installation = () => readInstallation(account, 'default')

function actionsOf({ Statement }: PolicyDocument): readonly string[] {
  return [...new Set(Statement.flatMap(({ Action }) => Action))].toSorted()
}

/** What an identity with these policies may do. @returns what was asked */
function allowOnly(...policies: readonly PolicyDocument[]): readonly Asked[] {
  const asked: Asked[] = []
  aws.permissions.may = (one) => {
    asked.push(one)
    return effectOf(policies, one) === 'Allow'
  }
  return asked
}

/** Everything that the commands do to an account. */
async function life(): Promise<void> {
  await initialize(account)
  for (const anchor of aws.account.anchors.values())
    aws.account.anchors.set(anchor.id, { ...anchor, enabled: false })
  await initialize(account)
  await makeRole(account)
  for (const one of aws.account.profiles.values())
    aws.account.profiles.set(one.id, { ...one, enabled: false })
  await makeRole(account, { maxSessionSeconds: 3600, sessionSeconds: 900, boundary: BOUNDARY })
  await doAll(planCluster(account, await installation(), CLUSTER))
  await bind(account, 'admin', { bind: ['a', 'b'] })
  assert.is(await exchange(aws, await installation(), 'admin', 'a.default.prod'), 'done')
  await bind(account, 'admin', { unbind: ['a', 'b'] })
  await doAll(planTeardown(account, await installation(), 'prod'))
  await doAll(planDestroy(account, await installation()))
}

async function refusalOf(work: () => Promise<unknown>): Promise<string> {
  const error = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.instance(error, IamRaError)
  return (error as IamRaError).message
}

const policies = suite('the policies of k8s/aws')
policies.before.each(async () => {
  aws.permissions.may = undefined
  aws.permissions.refused.clear()
  await doAll(planDestroy(account, await installation()))
  aws.account.serviceLinkedRole = false
})
policies.after(async () => {
  account.close()
  await aws.close()
})

policies('the operator’s allows a whole life, and lists no action that it does not need', async () => {
  const asked = allowOnly(OPERATOR)
  await life()
  assert.equal([...new Set(asked.map(({ action }) => action))].toSorted(), actionsOf(OPERATOR))
})

for (const action of actionsOf(OPERATOR)) {
  policies(`a life needs ${action}, and says so`, async () => {
    aws.permissions.refused.add(action)
    assert.match(await refusalOf(life), `not allowed to call ${action}`)
  })
}

policies('the operator’s allows nothing to roles, anchors and profiles of others', () => {
  const may = (action: string, resource: string, context = {}) =>
    effectOf([OPERATOR], { action, resource, context }) === 'Allow'
  const anchor = 'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/1'
  const ours = { 'aws:ResourceTag/iam-ra:installation': 'default' }
  assert.ok(may('rolesanywhere:DeleteTrustAnchor', anchor, ours))
  assert.not(may('rolesanywhere:DeleteTrustAnchor', anchor))
  assert.not(may('rolesanywhere:CreateTrustAnchor', '*', { 'aws:TagKeys': ['owner'] }))
  assert.not(may('iam:UpdateAssumeRolePolicy', 'arn:aws:iam::111122223333:role/iam-ra-operator'))
  assert.not(may('iam:AttachRolePolicy', 'arn:aws:iam::111122223333:role/admin'))
  const passed = { 'iam:PassedToService': 'ec2.amazonaws.com' }
  assert.not(may('iam:PassRole', 'arn:aws:iam::111122223333:role/iam-ra/default/iam-ra-admin', passed))
})

policies('with the condition of docs/aws.md the operator can make no role without the boundary', async () => {
  const Statement = OPERATOR.Statement.map((one) =>
    one.Sid === 'PermissionsOfRoles'
      ? { ...one, Condition: { StringEquals: { 'iam:PermissionsBoundary': BOUNDARY } } }
      : one,
  )
  allowOnly({ ...OPERATOR, Statement })
  await initialize(account)
  assert.match(await refusalOf(() => makeRole(account)), 'not allowed to call iam:CreateRole')
  await makeRole(account, { boundary: BOUNDARY })
  assert.is(roleOf(await installation(), 'admin').boundary, BOUNDARY)
})

policies('the one for onboarding allows to bind and to unbind, and nothing else', async () => {
  await initialize(account)
  await makeRole(account)
  const asked = allowOnly(ONBOARDING)
  await bind(account, 'admin', { bind: ['a'] })
  assert.is(await exchange(aws, await installation(), 'admin', 'a.default.prod'), 'done')
  await bind(account, 'admin', { unbind: ['a'] })
  assert.equal([...new Set(asked.map(({ action }) => action))].toSorted(), actionsOf(ONBOARDING))
  for (const [action, work] of [
    ['iam:CreateRole', () => makeRole(account, { role: 'other', policies: [] })],
    ['iam:TagRole', () => account.iam.tagRole('iam-ra-admin', [{ Key: 'iam-ra:role', Value: 'other' }])],
    ['iam:List', async () => planDestroy(account, await installation())],
  ] as const)
    assert.match(await refusalOf(work), `not allowed to call ${action}`)
})

policies('the guard leaves the operator all that is needed, and others all that is not ours', async () => {
  const asOperator = { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/iam-ra-operator' }
  aws.permissions.may = ({ action, resource, context }) =>
    effectOf([OPERATOR, GUARD], { action, resource, context: { ...context, ...asOperator } }) === 'Allow'
  await life()
  const stranger = { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/admin' }
  for (const [action, resource, context] of [
    ['iam:TagRole', 'arn:aws:iam::111122223333:role/app', { 'aws:TagKeys': ['owner'] }],
    ['iam:CreateRole', 'arn:aws:iam::111122223333:role/app', {}],
    ['rolesanywhere:CreateTrustAnchor', 'arn:aws:rolesanywhere:eu-central-1:111122223333:*', {}],
    ['s3:GetObject', 'arn:aws:s3:::a/b', {}],
  ] as const)
    assert.is(
      effectOf([EVERYTHING, GUARD], { action, resource, context: { ...context, ...stranger } }),
      'Allow',
      action,
    )
})

policies('the guard refuses to others everything that the operator’s policy lets change', async () => {
  const stranger = { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/admin' }
  const asked = allowOnly(OPERATOR)
  await life()
  const changes = asked.filter(
    ({ action }) => !/:(?:Get|List)/.test(action) && action !== 'iam:CreateServiceLinkedRole',
  )
  const open = changes.filter(
    ({ action, resource, context }) =>
      effectOf([EVERYTHING, GUARD], { action, resource, context: { ...context, ...stranger } }) !== 'Deny',
  )
  assert.equal(open, [])
  assert.ok(changes.length > 20)
})

policies('fit: 6144 characters for a policy and 5120 for an SCP, without white space', () => {
  const size = (policy: PolicyDocument): number => JSON.stringify(policy).length
  assert.ok(size(OPERATOR) <= 6144 && size(ONBOARDING) <= 6144, `${size(OPERATOR)}`)
  assert.ok(size(GUARD) <= 5120, `${size(GUARD)}`)
})

policies.run()
