import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Binding } from '../../../src/onboarding/aws/bindings.ts'
import type { Installation } from '../../../src/onboarding/aws/installation.ts'
import { scopeOf, type Wanted } from '../../../src/onboarding/doctor/scope.ts'

function binding(cluster: string, namespace: string, workload: string): Binding {
  const anchor = { region: 'eu-central-1', id: 'one' }
  return { cluster, namespace, workload, account: `${workload}-account`, anchor, issuer: '' }
}

/** Two roles, and as many clusters as are named. */
function installation(...clusters: string[]): Installation {
  const bindings = [
    ['admin', [binding('prod', 'shop', 'a'), binding('staging', 'shop', 'a')]],
    ['reader', [binding('prod', 'web', 'b')]],
  ] as const
  return {
    anchor: {},
    clusters: clusters.map((name) => ({ name, mode: 'vault', namespace: 'system', words: [] })),
    roles: bindings.map(([role, all]) => ({ role, bindings: all })),
  } as unknown as Installation
}

function found(wanted: Wanted, ...clusters: string[]) {
  const { bound, roles, cluster } = scopeOf(installation(...clusters), wanted)
  return {
    bound: bound.map(({ binding: one }) => `${one.cluster}/${one.namespace}/${one.workload}`),
    roles: roles.map(({ role }) => role),
    cluster: 'without' in cluster ? cluster.without : cluster.name,
  }
}

const scope = suite('the scope of doctor')

scope('is everything if nothing is named, with the only cluster', () => {
  assert.equal(found({}, 'prod'), {
    bound: ['prod/shop/a', 'staging/shop/a', 'prod/web/b'],
    roles: ['admin', 'reader'],
    cluster: 'prod',
  })
})

scope('asks which cluster if there are more', () => {
  assert.is(found({}, 'prod', 'staging').cluster, '--cluster says which to look at: prod and staging')
  assert.is(found({ cluster: 'staging' }, 'prod', 'staging').cluster, 'staging')
  assert.is(found({}).cluster, 'the trust anchor has no cluster yet')
  assert.is(found({ cluster: 'other' }, 'prod').cluster, 'the trust anchor has no cluster other')
})

scope('is the cluster of a workload that is in one alone', () => {
  assert.equal(found({ workload: 'b' }, 'prod', 'staging'), {
    bound: ['prod/web/b'],
    roles: ['reader'],
    cluster: 'prod',
  })
  assert.match(found({ workload: 'a' }, 'prod', 'staging').cluster, /^--cluster/)
})

scope('is the workload of an account, if only that is known', () => {
  assert.equal(found({ account: 'b-account', namespace: 'web' }, 'prod').bound, ['prod/web/b'])
  assert.equal(found({ account: 'b-account', namespace: 'shop' }, 'prod').roles, [])
})

scope.run()
