/** The gate before moto against boto3, and a workload's exchange that follows the trust policy which moto's IAM has. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAuthority } from '../../rig/emulators/authority.ts'
import type { EmulatorResponse } from '../../rig/emulators/http.ts'
import { bodyOf } from '../../rig/emulators/requests.ts'
import { EXAMPLE } from '../../rig/emulators/stage.ts'
import { workloadRequest } from '../../rig/emulators/workload.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { throttling } from '../../rig/servers/iam-rules.ts'
import { askIam } from '../../rig/servers/moto.ts'
import { startOperatorAccount } from '../../rig/servers/operator-account.ts'
import { startBoto3 } from './boto3.ts'

const home = mkdtempSync(join(tmpdir(), 'iam-ra-gate-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))

const python = pythonEnvironment()
const aws = await startOperatorAccount(python, home)
const { gate, rolesAnywhere } = aws
const env = { ...aws.env, HOME: home }
const boto3 = startBoto3(python, env)

const PATH = '/iam-ra/default/'
const ACTIONS = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']

type Detail = Readonly<Record<string, unknown>>
interface RoleDetail {
  readonly Arn: string
  readonly AssumeRolePolicyDocument: unknown
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[]
}

type ListedRole = RoleDetail & { readonly RoleName: string }

/** @param names the CNs that it admits */
function policy(...names: readonly string[]): { readonly Statement: readonly object[] } {
  const statement = {
    ...{ Effect: 'Allow', Principal: { Service: 'rolesanywhere.amazonaws.com' }, Action: ACTIONS },
    Condition: { StringEquals: { 'aws:PrincipalTag/x509Subject/CN': names } },
  }
  return { ...{ Version: '2012-10-17' }, Statement: [statement] }
}

let made = 0
/** A role of a name of its own. */
async function makeRole(change: object = {}): Promise<string> {
  const RoleName = `iam-ra-${(made += 1)}`
  const document = JSON.stringify(policy('a.default.prod'))
  await boto3.call('iam', 'create_role', {
    RoleName,
    Path: PATH,
    AssumeRolePolicyDocument: document,
    ...change,
  })
  return RoleName
}

async function role(RoleName: string): Promise<RoleDetail> {
  return (await boto3.call('iam', 'get_role', { RoleName }))['Role'] as RoleDetail
}

const tagged = async (RoleName: string): Promise<readonly string[]> =>
  ((await role(RoleName)).Tags ?? []).map(({ Key, Value }) => `${Key}=${Value}`)
const tag = (RoleName: string, ...keys: readonly string[]): Promise<Detail> =>
  boto3.call('iam', 'tag_role', { RoleName, Tags: keys.map((Key) => ({ Key, Value: Key })) })
const setPolicy = (RoleName: string, document: object): Promise<Detail> =>
  boto3.call('iam', 'update_assume_role_policy', { RoleName, PolicyDocument: JSON.stringify(document) })

const gated = suite('moto behind the gate')

gated.before.each(() => {
  gate.permissions.refused.clear()
  Object.assign(gate, { before: undefined, after: undefined, trustPolicyQuota: 2048 })
  Object.assign(gate.stale, { tags: 0, policies: 0 })
})

gated.after(async () => {
  boto3.close()
  await aws.close()
})

gated('passes on what it is asked, and counts it by action', async () => {
  const before = gate.count()
  const name = await makeRole({ Tags: [{ Key: 'iam-ra:role', Value: 'admin' }] })
  const { Arn, AssumeRolePolicyDocument, Tags } = await role(name)
  assert.is(Arn, `arn:aws:iam::${EXAMPLE.account}:role${PATH}${name}`)
  assert.equal(AssumeRolePolicyDocument, policy('a.default.prod'))
  assert.equal(Tags, [{ Key: 'iam-ra:role', Value: 'admin' }])
  const document = JSON.stringify(policy('a&b'))
  await askIam(aws.motoUrl, {
    Action: 'CreateRole',
    RoleName: 'past',
    Path: PATH,
    AssumeRolePolicyDocument: document,
  })
  const plain: string[] = []
  gate.after = (_call, { body }) => {
    plain.push(...(body.match(/<AssumeRolePolicyDocument>[^%]*</g) ?? []))
    return undefined
  }
  const { Roles } = await boto3.call('iam', 'list_roles', { PathPrefix: PATH })
  const listed = (one: string): unknown =>
    (Roles as ListedRole[]).find(({ RoleName }) => RoleName === one)?.AssumeRolePolicyDocument
  assert.equal([listed(name), listed('past')], [policy('a.default.prod'), policy('a&b')])
  assert.equal(plain, [], 'encoded, as AWS has it')
  assert.is((await boto3.call('sts', 'get_caller_identity'))['Arn'], aws.callerArn)
  const seen = gate.calls.slice(before).map(({ action }) => action)
  assert.equal(seen, ['iam:CreateRole', 'iam:GetRole', 'iam:ListRoles', 'sts:GetCallerIdentity'])
  assert.is((await boto3.refused('iam', 'get_role', { RoleName: 'absent' })).error, 'NoSuchEntity')
})

gated('refuses single actions in IAM’s words, and what a call needs besides', async () => {
  const name = await makeRole()
  const refused = async (action: string, method: string, params: object, resource: string): Promise<void> => {
    gate.permissions.refused.add(action)
    const { error, message, status } = await boto3.refused('iam', method, params)
    gate.permissions.refused.delete(action)
    assert.equal([error, status], ['AccessDenied', 403])
    const words = `User: ${aws.callerArn} is not authorized to perform: ${action} on resource: ${resource}`
    assert.is(message, `${words} because no identity-based policy allows the ${action} action`)
  }
  const Tags = [{ Key: 'a', Value: 'b' }]
  const create = { RoleName: 'new', Path: PATH, AssumeRolePolicyDocument: JSON.stringify(policy('a')) }
  const arn = `arn:aws:iam::${EXAMPLE.account}:role${PATH}`
  await refused('iam:CreateRole', 'create_role', create, `${arn}new`)
  await refused('iam:TagRole', 'create_role', { ...create, Tags }, `${arn}new`)
  await refused('iam:TagRole', 'tag_role', { RoleName: name, Tags }, `role ${name}`)
  await refused('iam:GetRole', 'get_role', { RoleName: name }, `role ${name}`)
  await refused('iam:ListRoles', 'list_roles', { PathPrefix: PATH }, arn)
  await refused('iam:GetAccountSummary', 'get_account_summary', {}, '*')
  assert.is((await boto3.refused('iam', 'get_role', { RoleName: 'new' })).error, 'NoSuchEntity')
  assert.equal(await tagged(name), [])
  gate.permissions.refused.add('iam:TagRole')
  await boto3.call('iam', 'create_role', create)
  gate.permissions.refused.add('sts:GetCallerIdentity')
  await boto3.call('sts', 'get_caller_identity')
})

gated('keeps to the quota of a trust policy, white space aside', async () => {
  const name = await makeRole()
  const bare = JSON.stringify(policy('')).length
  const exact = policy('a'.repeat(2048 - bare))
  const update = (document: string) => ({ RoleName: name, PolicyDocument: document })
  await boto3.call('iam', 'update_assume_role_policy', update(JSON.stringify(exact, undefined, 4)))
  assert.equal((await role(name)).AssumeRolePolicyDocument, exact)
  const long = JSON.stringify(policy('a'.repeat(2049 - bare)))
  const words = {
    error: 'LimitExceeded',
    message: 'Cannot exceed quota for ACLSizePerRole: 2048',
    status: 409,
  }
  assert.equal(await boto3.refused('iam', 'update_assume_role_policy', update(long)), words)
  const create = { RoleName: 'long', AssumeRolePolicyDocument: long }
  assert.equal(await boto3.refused('iam', 'create_role', create), words)
  assert.equal((await role(name)).AssumeRolePolicyDocument, exact)
  const quota = async (): Promise<unknown> =>
    ((await boto3.call('iam', 'get_account_summary'))['SummaryMap'] as Detail)['AssumeRolePolicySizeQuota']
  assert.is(await quota(), 2048)
  gate.trustPolicyQuota = 2049
  assert.is(await quota(), 2049)
  await boto3.call('iam', 'update_assume_role_policy', update(long))
})

gated('gives a role fifty tags, whose keys ignore case', async () => {
  const name = await makeRole()
  const keys = Array.from({ length: 50 }, (_, index) => `key ${index}`)
  await tag(name, ...keys.slice(0, 49))
  const both = [
    { Key: 'key 49', Value: '' },
    { Key: 'key 50', Value: '' },
  ]
  const refused = await boto3.refused('iam', 'tag_role', { RoleName: name, Tags: both })
  assert.equal([refused.error, refused.status], ['LimitExceeded', 409])
  await tag(name, 'key 49')
  await tag(name, 'KEY 0')
  const now = await tagged(name)
  assert.is(now.length, 50)
  assert.ok(now.includes('KEY 0=KEY 0') && !now.includes('key 0=key 0'))
})

gated('loses no tag of operators who write at once', async () => {
  const name = await makeRole()
  const operators = Array.from({ length: 4 }, () => startBoto3(python, env))
  const writing = operators.map(async (operator, mine) => {
    for (let index = 0; index < 10; index += 1) {
      const Tags = [{ Key: `${mine}/${index}`, Value: '' }]
      await operator.call('iam', 'tag_role', { RoleName: name, Tags })
    }
    operator.close()
  })
  await Promise.all(writing)
  assert.is((await tagged(name)).length, 40)
})

gated('serves tags and policies some writes old, each by itself', async () => {
  const name = await makeRole()
  await tag(name, 'a')
  await tag(name, 'b')
  await setPolicy(name, policy('b.default.prod'))
  const tags = async (): Promise<readonly (readonly string[])[]> => {
    const { Tags } = await boto3.call('iam', 'list_role_tags', { RoleName: name })
    return [
      (await tagged(name)).map((one) => one.slice(2)),
      (Tags as { readonly Key: string }[]).map(({ Key }) => Key),
    ]
  }
  const policies = async (): Promise<readonly unknown[]> => {
    const { Roles } = await boto3.call('iam', 'list_roles', { PathPrefix: PATH })
    const listed = (Roles as ListedRole[]).find((one) => one.RoleName === name)
    return [(await role(name)).AssumeRolePolicyDocument, listed?.AssumeRolePolicyDocument]
  }
  const [older, newer] = [policy('a.default.prod'), policy('b.default.prod')]
  const both = <T>(one: T): readonly T[] => [one, one]
  gate.stale.tags = 1
  assert.equal(await tags(), both(['a']))
  assert.equal(await policies(), both(newer))
  gate.stale.tags = 2
  assert.equal(await tags(), both([]))
  gate.stale.tags = 9
  assert.equal(await tags(), both([]), 'no older than the role')
  Object.assign(gate.stale, { tags: 0, policies: 1 })
  assert.equal(await tags(), both(['a', 'b']))
  assert.equal(await policies(), both(older))
  gate.stale.policies = 0
  assert.equal(await policies(), both(newer))
  await boto3.call('iam', 'untag_role', { RoleName: name, TagKeys: ['a'] })
  gate.stale.tags = 1
  assert.equal(await tags(), both(['a', 'b']))
  gate.catchUp()
  assert.equal(await tags(), both(['b']), 'however old reads are')
})

gated('waits, answers and cuts at a call of a number, before it or after', async () => {
  const name = await makeRole()
  const first = gate.count()
  gate.before = ({ number }) => (number === first + 2 ? 'cut' : undefined)
  await tag(name, 'a')
  assert.is(
    (await boto3.refused('iam', 'tag_role', { RoleName: name, Tags: [{ Key: 'b', Value: '' }] })).status,
    0,
  )
  gate.before = undefined
  assert.equal(await tagged(name), ['a=a'])
  gate.after = ({ action }) => (action === 'iam:TagRole' ? 'cut' : undefined)
  assert.is(
    (await boto3.refused('iam', 'tag_role', { RoleName: name, Tags: [{ Key: 'c', Value: 'c' }] })).status,
    0,
  )
  gate.after = undefined
  assert.equal(await tagged(name), ['a=a', 'c=c'], 'done, though nobody was told')
  const patient = startBoto3(python, env, 3)
  const before = gate.count()
  gate.before = ({ number }) => (number <= before + 2 ? throttling() : undefined)
  await patient.call('iam', 'get_role', { RoleName: name })
  patient.close()
  assert.is(gate.count() - before, 3)
  gate.before = async () => {
    await delay(300)
    return undefined
  }
  const started = performance.now()
  await role(name)
  assert.ok(performance.now() - started >= 290)
})

gated('a workload exchanges as long as the policy in IAM has its name', async () => {
  const name = await makeRole()
  const { Arn } = await role(name)
  const root = createAuthority({ commonName: 'Root', nowMs: Date.now() })
  const source = { sourceType: 'CERTIFICATE_BUNDLE', sourceData: { x509CertificateData: root.pem } }
  const make = async (method: string, params: object): Promise<Detail> => {
    const made = await boto3.call('rolesanywhere', method, { name: 'default', enabled: true, ...params })
    return Object.values(made)[0] as Detail
  }
  const trustAnchorArn = String((await make('create_trust_anchor', { source }))['trustAnchorArn'])
  const profileArn = String((await make('create_profile', { roleArns: [Arn] }))['profileArn'])
  const exchange = async (commonName: string): Promise<string> => {
    const body = { trustAnchorArn, profileArn, roleArn: Arn }
    const subject = [['CN', commonName]] as const
    const request = workloadRequest({ issuer: root, subject, nowMs: Date.now(), body })
    const answer = (await rolesAnywhere.handle(request)) as EmulatorResponse
    return answer.status === 201 ? 'done' : String(bodyOf(answer)['message'])
  }
  const unable = `Unable to assume role for ${Arn}`
  const calls = gate.count()
  assert.is(await exchange('a.default.prod'), 'done')
  assert.is(await exchange('b.default.prod'), unable)
  assert.is(gate.count(), calls, 'no call of the operator')
  assert.is(rolesAnywhere.count('rolesanywhere:CreateSession'), 2)
  await setPolicy(name, policy('a.default.prod', 'b.default.prod'))
  assert.is(await exchange('b.default.prod'), 'done')
  await setPolicy(name, policy('b.default.prod'))
  assert.is(await exchange('a.default.prod'), unable)
  const { Statement: admitted } = policy('a.default.prod')
  await setPolicy(name, {
    Version: '2012-10-17',
    Statement: [...admitted, { ...admitted[0], Effect: 'Deny' }],
  })
  assert.is(await exchange('a.default.prod'), unable)
  await setPolicy(name, policy('a.default.prod'))
  assert.is(await exchange('a.default.prod'), 'done')
  aws.permissions.refused.add('iam:DeleteRole').add('rolesanywhere:DeleteProfile')
  assert.is((await boto3.refused('iam', 'delete_role', { RoleName: name })).error, 'AccessDenied')
  const profileId = profileArn.slice(-36)
  const kept = await boto3.refused('rolesanywhere', 'delete_profile', { profileId })
  assert.is(kept.error, 'AccessDeniedException')
  aws.permissions.refused.clear()
  await boto3.call('iam', 'delete_role', { RoleName: name })
  assert.is(await exchange('a.default.prod'), unable)
})

gated.run()
