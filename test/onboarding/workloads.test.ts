/** The rows of `iam-ra k8s list`: what each of AWS, the authority and the cluster says, and what only one of them knows. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Binding } from '../../src/onboarding/aws/bindings.ts'
import type { BoundRole, Installation } from '../../src/onboarding/aws/installation.ts'
import type { ProfileRecord } from '../../src/onboarding/aws/roles-anywhere.ts'
import type { KubeObject } from '../../src/onboarding/kubernetes/objects.ts'
import { isOff, workloadRows, type ClusterFacts } from '../../src/onboarding/workloads.ts'

const ID = 'a9fc0bc8-23af-4193-9700-0c9afe8802e0'
const ANCHOR = `arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/${ID}`
const PROFILE = { arn: 'arn:profile', enabled: true } as ProfileRecord

const BINDING: Binding = {
  ...{ cluster: 'prod', namespace: 'default', workload: 'pay', account: 'pay' },
  ...{ anchor: { region: 'eu-central-1', id: ID }, issuer: '' },
}

function role(change: Partial<BoundRole> = {}): BoundRole {
  return {
    ...{ role: 'admin', name: 'iam-ra-admin', arn: 'arn:role', bindings: [BINDING], lacking: [] },
    ...{ untagged: [], profiles: [PROFILE], ...change },
  } as unknown as BoundRole
}

function installation(change: Partial<Installation> = {}): Installation {
  return {
    ...{ name: 'default', anchor: { arn: ANCHOR, enabled: true } },
    ...{ clusters: [{ name: 'prod', mode: 'vault', namespace: 'default', words: [] }], roles: [role()] },
    ...change,
  } as Installation
}

function configMap(data: object, change: Partial<KubeObject['metadata']> = {}): KubeObject {
  const labels = { 'iam-ra/cluster': 'prod', 'iam-ra/workload': 'pay' }
  const metadata = { name: 'pay-iam-ra-config', namespace: 'default', labels, ...change }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }
}

const ARNS = { ROLE_ARN: 'arn:role', TRUST_ANCHOR_ARN: ANCHOR, PROFILE_ARN: 'arn:profile' }
const facts = (...configMaps: KubeObject[]): ClusterFacts => ({
  clusters: ['prod'],
  configMaps,
  injected: [],
})

function only(what: Installation, seen?: ClusterFacts): ReturnType<typeof workloadRows>[number] {
  const [row, ...more] = workloadRows(what, () => ({ state: 'ok' }), seen)
  assert.is(more.length, 0)
  if (row === undefined) throw new Error('no row')
  return row
}

const rows = suite('the rows of workloads')

rows('say ok three times for what is as it should be', () => {
  const row = only(installation(), facts(configMap(ARNS)))
  assert.equal([row.aws, row.authority, row.objects], [{ state: 'ok' }, { state: 'ok' }, { state: 'ok' }])
  assert.is(isOff(row), false)
})

rows('need no ConfigMap in a namespace whose pods are injected', () => {
  const seen = { ...facts(), injected: ['default'] }
  assert.equal(only(installation(), seen).objects, { state: 'ok' })
  assert.equal(only(installation(), { ...seen, injected: ['other'] }).objects, {
    ...{ state: 'wrong', why: 'no ConfigMap' },
  })
})

rows('leave open what nobody could look at', () => {
  const row = only(installation())
  assert.is(row.objects.state, 'unknown')
  const elsewhere = only(installation(), { clusters: ['other'], configMaps: [], injected: [] })
  assert.is(elsewhere.objects.state, 'unknown')
  const [unasked] = workloadRows(installation(), () => undefined, undefined)
  assert.is(unasked?.authority.state, 'unknown')
  assert.is(isOff(row), false)
})

const cluster = { name: 'staging', mode: 'vault', namespace: 'default', words: [] }

for (const [what, change, why] of [
  ['a name that the policy lacks', { roles: [role({ lacking: [BINDING] })] }, 'not in the trust policy'],
  ['a changed policy', { roles: [role({ altered: true })] }, 'trust policy changed by hand'],
  ['an anchor that is off', { anchor: { arn: ANCHOR, enabled: false } }, 'trust anchor is disabled'],
  ['another anchor', { anchor: { arn: `${ANCHOR}0`, enabled: true } }, 'of another trust anchor'],
  ['no profile', { roles: [role({ profiles: [] })] }, 'role has no profile'],
  [
    'a profile that is off',
    { roles: [role({ profiles: [{ ...PROFILE, enabled: false }] })] },
    'profile is disabled',
  ],
  ['a cluster that is gone', { clusters: [cluster] }, 'cluster is not set up'],
] as const) {
  rows(`name ${what}`, () => {
    const row = only(installation(change as unknown as Partial<Installation>))
    assert.equal(row.aws, { state: 'wrong', why })
    assert.is(isOff(row), true)
  })
}

rows('name both roles of a workload that has two', () => {
  const both = installation({ roles: [role(), role({ role: 'readonly', name: 'iam-ra-readonly' })] })
  const found = workloadRows(both, () => ({ state: 'ok' }), undefined)
  assert.equal(
    found.map((one) => [one.role, one.aws.why]),
    [
      ['admin', 'bound to readonly too'],
      ['readonly', 'bound to admin too'],
    ],
  )
})

rows('name objects that are missing or old', () => {
  assert.is(only(installation(), facts()).objects.why, 'no ConfigMap')
  const old = configMap({ ...ARNS, ROLE_ARN: 'arn:other', PROFILE_ARN: 'arn:gone' })
  assert.is(only(installation(), facts(old)).objects.why, 'old ROLE_ARN, PROFILE_ARN')
  const elsewhere = configMap(ARNS, { namespace: 'other' })
  const found = workloadRows(installation(), () => undefined, facts(elsewhere))
  assert.equal(
    found.map((one) => [one.namespace, one.aws.why, one.objects.why]),
    [
      ['default', undefined, 'no ConfigMap'],
      ['other', 'not bound', undefined],
    ],
  )
})

rows('take a ConfigMap without ARNs as it is: Vault has them', () => {
  assert.is(only(installation(), facts(configMap({ 'vault-ca.crt': 'PEM' }))).objects.state, 'ok')
})

rows('leave out what belongs to the cluster itself', () => {
  const own = configMap({ cluster: 'prod' }, { name: 'iam-ra', labels: { 'iam-ra/cluster': 'prod' } })
  assert.is(workloadRows(installation({ roles: [] }), () => undefined, facts(own)).length, 0)
})

rows('come in the order of their names', () => {
  const bindings = ['zeta', 'alpha'].map((workload) => ({ ...BINDING, workload }))
  const found = workloadRows(installation({ roles: [role({ bindings })] }), () => undefined, undefined)
  assert.equal(
    found.map(({ workload }) => workload),
    ['alpha', 'zeta'],
  )
})

rows.run()
