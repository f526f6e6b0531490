import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as names from '../../src/onboarding/names.ts'

const rules = suite('names that an operator gives')

for (const [fault, good, bad] of [
  [names.installationFault, ['default', 'a', 'team-2'], ['', 'Default', '-a', 'a-', 'a.b', 'a'.repeat(33)]],
  [names.clusterFault, ['prod-cluster', '1'], ['', 'prod_1', 'prod.eu', 'é']],
  [names.namespaceFault, ['default', 'kube-system'], ['', 'a/b', 'A', 'a'.repeat(64)]],
  [names.workloadFault, ['payment-service', 'a'.repeat(49)], ['', 'a b', 'a'.repeat(50)]],
  [names.accountFault, ['default', 'a.b-c', 'x'.repeat(253)], ['', 'a..b', '.a', 'A', 'x'.repeat(254)]],
] as const) {
  rules(`${fault.name} takes what Kubernetes and the certificate take`, () => {
    for (const text of good) assert.is(fault(text), undefined, text)
    for (const text of bad) assert.type(fault(text)?.expected, 'string', text)
  })
}

rules('a role is measured by the name that IAM sees', () => {
  assert.is(names.roleName('default', 'admin'), 'iam-ra-admin')
  assert.is(names.roleName('blue', 'admin'), 'iam-ra-blue-admin')
  assert.is(names.roleFault('a'.repeat(57), 'default'), undefined)
  assert.equal(names.roleFault('a'.repeat(58), 'default'), {
    wrong: 'makes an IAM role name of 65 characters',
    expected: 'at most 57 characters, or set --iam-role-name',
  })
  assert.is(names.roleFault('Admin', 'default')?.wrong, 'is not a role name')
})

rules('a CN over 64 characters is refused with the number and the cure', () => {
  const identity = { cluster: 'c'.repeat(40), namespace: 'frontend', account: 'payment-service' }
  assert.equal(names.commonNameFault(identity), {
    wrong: `gives a certificate name of 65 characters (payment-service.frontend.${'c'.repeat(40)})`,
    expected: "64 at most (RFC 5280): shorten the cluster name by 1, or the service account's",
  })
  assert.is(names.commonNameFault({ ...identity, cluster: 'c'.repeat(39) }), undefined)
})

rules.run()
