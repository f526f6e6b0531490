/** From what was read to a plan: nothing is asked or changed here. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Installation } from '../../../src/onboarding/aws/installation.ts'
import type { ProfileRecord } from '../../../src/onboarding/aws/roles-anywhere.ts'
import type { RoleRecord } from '../../../src/onboarding/aws/iam.ts'
import type { Asker } from '../../../src/onboarding/migration/askers.ts'
import { meaningOf } from '../../../src/onboarding/migration/meaning.ts'
import { isMoved, planMigration, type Facts } from '../../../src/onboarding/migration/plan.ts'
import type { Looked } from '../../../src/onboarding/migration/roles.ts'

const plans = suite('the plan of a migration')

const ACCOUNT = '111122223333'
const ID = 'a9fc0bc8-23af-4193-9700-0c9afe8802e0'
const ANCHOR = `arn:aws:rolesanywhere:eu-central-1:${ACCOUNT}:trust-anchor/${ID}`
const arnOf = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`

/** Of kiam, with an order of members and spaces that IAM would not write. */
const KIAM =
  '{"Statement":[ {"Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:role/kiam-server"},"Effect":"Allow","Sid":""} ],"Version":"2012-10-17"}'

function role(name: string, change: Partial<RoleRecord> = {}): RoleRecord {
  return {
    ...{
      name,
      arn: arnOf(name),
      path: '/',
      policy: KIAM,
      tags: [],
      maxSessionSeconds: 3600,
      boundary: undefined,
    },
    ...change,
  }
}

function profile(roleArn: string, change: Partial<ProfileRecord> = {}): ProfileRecord {
  return {
    ...{ id: 'p', arn: `arn:profile/${roleArn}`, name: 'p', enabled: true, roleArns: [roleArn] },
    ...{ durationSeconds: 3600, createdAt: '', all: {}, ...change },
  }
}

function asker(name: string, asked: string, change: Partial<Asker> = {}): Asker {
  const annotations = { 'iam.amazonaws.com/role': asked, ...change.annotations }
  return {
    namespace: 'shop',
    kind: 'Deployment',
    name,
    account: name,
    role: asked,
    spec: {},
    ...change,
    annotations,
  }
}

interface Given {
  readonly askers: readonly Asker[]
  readonly looked?: Readonly<Record<string, Looked>>
  readonly profiles?: readonly ProfileRecord[]
  readonly roles?: readonly object[]
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly settings?: Readonly<Record<string, string>>
  readonly quota?: number
  readonly admits?: boolean
}

function plan(given: Given) {
  const { askers, looked = {}, labels = {}, annotations = { 'iam.amazonaws.com/permitted': '.*' } } = given
  const owner = { installation: 'default', partition: 'aws', account: ACCOUNT }
  const known = {
    settings: undefined,
    running: [],
    partition: 'aws',
    account: ACCOUNT,
    namespaces: [annotations],
  }
  const facts: Facts = {
    installation: { name: 'default', owner, roles: given.roles ?? [] } as unknown as Installation,
    ...{
      region: 'eu-central-1',
      profiles: given.profiles ?? [],
      quota: given.quota ?? 2048,
      cluster: 'prod',
    },
    ...{
      migrate: 'iam-ra k8s migrate prod',
      printCa: undefined,
      anchorId: ID,
      meaning: meaningOf({}, known),
      askers,
    },
    settings: {
      ...{ cluster: 'prod', vault: undefined, audience: 'vault', anchorArn: ANCHOR, image: undefined },
      found: given.settings,
    },
    namespaces: [{ name: 'shop', annotations, labels, hasVaultCa: false }],
    looked: new Map(Object.entries(looked).map(([name, one]) => [arnOf(name), one])),
    signing: () => ({ issuer: 'Pods of cluster prod', admits: given.admits ?? true, problems: [] }),
  }
  return planMigration(facts)
}

/** The codes of one workload. */
function codes(given: Given, at = 0): readonly string[] {
  const workload = plan(given).namespaces[0]?.workloads[at]
  return workload?.findings.map(({ code, blocks }) => (blocks ? code : `(${code})`)) ?? []
}

const READER = { reader: role('reader') }

plans("keeps every other statement of a foreign role's policy as it is", () => {
  const { roles, bindings } = plan({
    askers: [asker('web', 'reader'), asker('api', 'reader')],
    looked: READER,
  })
  const [trust = '', create = ''] = roles[0]?.commands ?? []
  const policy = /--policy-document '(.*)'$/.exec(trust)?.[1] ?? ''
  const [kept] = (JSON.parse(KIAM) as { Statement: unknown[] }).Statement
  assert.ok(policy.startsWith(`{"Statement":[${JSON.stringify(kept)},`), policy)
  assert.match(policy, /"aws:PrincipalTag\/x509Subject\/CN":\["api.shop.prod","web.shop.prod"\]/)
  assert.match(policy, /"aws:PrincipalTag\/x509Issuer\/CN":"Pods of cluster prod"/)
  assert.match(
    create,
    /create-profile --region eu-central-1 --name iam-ra-default-reader --role-arns \S+role\/reader /,
  )
  assert.ok(bindings.every((one) => one.role === undefined))
})

plans('has nothing left once the owner has run the commands and the namespace is enabled', () => {
  const askers = [asker('web', 'reader')]
  const first = plan({ askers, looked: READER, admits: false })
  assert.equal(first.namespaces[0]?.workloads[0]?.lacks, ['vault', 'role', 'profile'])
  const policy = /--policy-document '(.*)'$/.exec(first.roles[0]?.commands[0] ?? '')?.[1] ?? ''
  const then = {
    askers,
    looked: { reader: role('reader', { policy }) },
    profiles: [profile(arnOf('reader'))],
  }
  const second = plan(then)
  assert.equal(second.roles[0]?.commands, [])
  assert.equal(second.namespaces[0]?.workloads[0]?.lacks, [])
  assert.is(second.settings['profile-arn.reader'], `arn:profile/${arnOf('reader')}`)
  assert.not(isMoved(second))
  const enabled = { ...then, labels: { 'iam-ra/injection': 'enabled' } }
  assert.not(isMoved(plan(enabled)))
  assert.ok(isMoved(plan({ ...enabled, settings: second.settings })))
})

plans('of many workloads that share an account, names some that have another role', () => {
  const names = Array.from({ length: 100 }, (_one, index) => `w${index}`)
  const askers = ['a', 'b', ...names].map((name) =>
    asker(name, name === 'a' || name === 'b' ? 'reader' : 'writer', { account: 'default' }),
  )
  const [a] = plan({ askers, looked: { ...READER, writer: role('writer') } }).namespaces[0]?.workloads ?? []
  assert.match(
    a?.findings[0]?.text ?? '',
    / as Deployment\/w0, Deployment\/w1, Deployment\/w2, Deployment\/w3, Deployment\/w4 and 95 more do with/,
  )
})

plans('blocks workloads that share an account and not a role, and proposes an account for each', () => {
  const askers = [
    asker('web', 'reader', { account: 'default' }),
    asker('api', 'writer', { account: 'default' }),
  ]
  const { namespaces, roles } = plan({ askers, looked: { ...READER, writer: role('writer') } })
  const [web, api] = namespaces[0]?.workloads ?? []
  assert.equal(
    [web, api].map((one) => one?.findings[0]?.code),
    ['shared-account', 'shared-account'],
  )
  assert.equal(api?.findings[0]?.commands, [
    'kubectl -n shop create serviceaccount api',
    `kubectl -n shop patch deployment/api --type merge -p '{"spec":{"template":{"spec":{"serviceAccountName":"api"}}}}'`,
  ])
  assert.equal(namespaces[0]?.commands, [])
  assert.match(api?.findings[0]?.text ?? '', / as Deployment\/web does with another role/)
  // Neither is let in.
  assert.ok(roles.every(({ lacking }) => lacking.length === 0))
})

plans('warns of one role for all that runs as account default', () => {
  assert.equal(codes({ askers: [asker('web', 'reader', { account: 'default' })], looked: READER }), [
    '(default-account)',
  ])
})

plans('says which roles cannot be had', () => {
  const other = 'arn:aws:iam::210987654321:role/there'
  const linked = 'aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS'
  const looked: Given['looked'] = {
    denied: 'denied',
    ...{ short: role('short', { arn: arnOf('team/short'), path: '/team/' }) },
    linked: role('linked'),
  }
  for (const [asked, code] of [
    [other, 'other-account'],
    ['nobody', 'role-missing'],
    ['denied', 'role-unread'],
    ['short', 'role-path'],
    [linked, 'service-linked'],
    ['a b', 'role-invalid'],
    ['', 'role-invalid'],
  ] as const) {
    assert.is(codes({ askers: [asker('web', asked)], looked })[0], code, asked)
  }
})

plans('says which pods cannot be injected, and which of their own settings win', () => {
  const of = (change: Partial<Asker>, given: Partial<Given> = {}) =>
    codes({ askers: [asker('web', 'reader', change)], looked: READER, ...given })
  const env = [{ name: 'AWS_PROFILE', value: 'x' }]
  assert.equal(of({ spec: { os: { name: 'windows' } } }), ['windows'])
  assert.equal(of({ spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } } }), ['windows'])
  assert.equal(of({ annotations: { 'kubernetes.io/config.mirror': 'x' } }), ['static-pod'])
  assert.equal(of({ spec: { initContainers: [{ name: 'aws-iam-ra' }] } }), ['own-container'])
  assert.equal(of({ spec: { containers: [{ name: 'app', env }] } }), ['(own-env)'])
  assert.equal(of({ annotations: { 'iam.amazonaws.com/session-name': 'a:b' } }), ['session-name-invalid'])
  assert.equal(of({ annotations: { 'iam.amazonaws.com/external-id': 'x' } }), ['external-id'])
  const ignores = { settings: { 'external-id': 'ignore' } }
  assert.equal(of({ annotations: { 'iam.amazonaws.com/external-id': 'x' } }, ignores), ['(external-id)'])
  assert.equal(of({ spec: { hostNetwork: true }, annotations: { 'iam-ra/mode': 'imds' } }), ['host-network'])
  assert.equal(of({ spec: { hostNetwork: true } }), [])
  const restricted = { labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } }
  assert.equal(of({ annotations: { 'iam-ra/mode': 'metadata' } }, restricted), ['pod-security'])
  assert.equal(of({ annotations: { 'iam-ra/mode': 'metadata' } }), [])
})

plans('looks at the profile: disabled, longer than the role allows, or without session names', () => {
  const of = (change: Partial<ProfileRecord>, annotations = {}) =>
    codes({
      ...{ askers: [asker('web', 'reader', { annotations })], looked: READER },
      profiles: [profile(arnOf('reader'), change)],
    })
  const session = { 'iam.amazonaws.com/session-name': 'web' }
  assert.equal(of({ enabled: false }), ['profile-disabled'])
  assert.equal(of({ durationSeconds: 7200 }), ['session-too-long'])
  assert.equal(of({}, session), ['session-name'])
  assert.equal(of({ all: { acceptRoleSessionName: true } }, session), [])
})

plans('prints no command for a trust policy that has no room', () => {
  const { roles } = plan({ askers: [asker('web', 'reader')], looked: READER, quota: 300 })
  assert.equal(
    roles[0]?.findings.map(({ code }) => code),
    ['no-room'],
  )
  assert.not.match(roles[0]?.commands.join() ?? '', /update-assume-role-policy/)
})

plans('says if a certificate cannot have the name', () => {
  const account = 'a'.repeat(60)
  assert.equal(codes({ askers: [asker('web', 'reader', { account })], looked: READER }), ['account-name'])
})

plans('never takes a binding that is there away', () => {
  const there = (workload: string, account: string, role: string) => ({
    ...{ role, arn: arnOf(role), profiles: [], lacking: [] },
    bindings: [
      { cluster: 'prod', namespace: 'shop', workload, account, issuer: '', anchor: { region: 'r', id: ID } },
    ],
  })
  const given = { askers: [asker('web', 'reader')], looked: READER }
  assert.equal(codes({ ...given, roles: [there('web', 'other', 'reports')] }), ['name-taken'])
  assert.equal(codes({ ...given, roles: [there('site', 'web', 'reports')] }), ['bound-elsewhere'])
})

plans('reads the annotations of a namespace that change what its pods ask for', () => {
  const permitted = { 'iam.amazonaws.com/permitted': '.*' }
  const of = (annotations: Record<string, string>, asked: string, profiles: readonly ProfileRecord[] = []) =>
    plan({
      ...{ askers: [asker('web', asked)], looked: { reader: role('reader') }, profiles },
      annotations: { ...permitted, ...annotations },
    }).namespaces[0]?.workloads[0]
  assert.is(of({ 'iam-ra/base-role-arn': `${arnOf('team')}/` }, 'r')?.roleArn, arnOf('team/r'))
  const two = [
    profile(arnOf('reader')),
    profile(arnOf('reader'), { arn: 'arn:own' }),
    profile('other', { arn: 'arn:other' }),
  ]
  assert.equal(of({ 'iam-ra/profile-arn': 'arn:own' }, 'reader', two)?.lacks, ['role'])
  assert.equal(of({ 'iam-ra/profile-arn': 'arn:other' }, 'reader', two)?.lacks, ['role', 'profile'])
  assert.equal(
    of({ 'iam-ra/vault-role': 'x' }, 'reader')?.findings.map(({ code }) => code),
    ['vault-role'],
  )
})

plans('names the profile in the pod template if the settings can have no key for the role', () => {
  const name = 'a@b'
  const given = {
    askers: [asker('web', name)],
    looked: { [name]: role(name) },
    profiles: [profile(arnOf(name))],
  }
  assert.equal(codes(given), ['profile-key'])
  assert.not(Object.keys(plan(given).settings).some((key) => key.includes('@')))
  const annotations = { 'iam-ra/profile-arn': `arn:profile/${arnOf(name)}` }
  assert.equal(codes({ ...given, askers: [asker('web', name, { annotations })] }), [])
})

plans('prints settings that keep what is there, and differ in what counts only', () => {
  const given = { askers: [asker('web', 'reader')], looked: READER }
  const { settings } = plan(given)
  const { 'namespace-rules': _default, home: _home, ...rest } = settings
  const found = { ...rest, 'memory-limit': '64Mi', image: 'mine' }
  const next = plan({ ...given, settings: found })
  assert.equal(next.unset, [])
  assert.is(next.settings['memory-limit'], '64Mi')
  assert.is(next.settings['image'], 'mine')
  assert.equal(plan({ ...given, settings: { ...found, cluster: 'demo' } }).unset, ['cluster'])
})

plans('proposes a mode by what runs: a file for Jobs and the network of the node, else an endpoint', () => {
  const modes = (...askers: readonly Asker[]): readonly string[] =>
    plan({ askers, looked: READER }).namespaces.flatMap(({ workloads }) => workloads.map(({ mode }) => mode))
  const host = { spec: { hostNetwork: true } }
  assert.equal(modes(asker('web', 'reader')), ['serve'])
  assert.equal(modes(asker('job', 'reader', { kind: 'CronJob' })), ['init'])
  assert.equal(modes(asker('node', 'reader', host)), ['renew'])
})

plans('takes meanings from the settings first, then from what runs', () => {
  const running = [
    {
      program: 'kube2iam',
      where: '',
      flags: { 'base-role-arn': 'arn:aws:iam::1:role/', 'default-role': 'd' },
    },
  ] as const
  const known = { settings: undefined, running, partition: 'aws', account: ACCOUNT, namespaces: [] }
  const found = meaningOf({}, known)
  assert.equal(
    [found.base, found.names, found.defaultArn],
    ['arn:aws:iam::1:role/', 'none', 'arn:aws:iam::1:role/d'],
  )
  const settings = { 'base-role-arn': 'arn:aws:iam::2:role/', 'namespace-rules': 'kube2iam' }
  assert.is(meaningOf({}, { ...known, settings }).base, 'arn:aws:iam::2:role/')
  assert.is(
    meaningOf({ baseRoleArn: 'arn:aws:iam::3:role/' }, { ...known, settings }).base,
    'arn:aws:iam::3:role/',
  )
  const none = { ...known, running: [] }
  assert.is(
    meaningOf({}, { ...none, namespaces: [{ 'iam.amazonaws.com/allowed-roles': '[]' }] }).names,
    'kube2iam',
  )
  assert.is(meaningOf({}, none).names, 'kiam')
})

plans.run()
