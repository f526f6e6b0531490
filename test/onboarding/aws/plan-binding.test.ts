/** What a plan shows of the names that a trust policy admits. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Account } from '../../../src/onboarding/aws/account.ts'
import { bindingTag, type Binding } from '../../../src/onboarding/aws/bindings.ts'
import type { BoundRole } from '../../../src/onboarding/aws/installation.ts'
import { ownTags } from '../../../src/onboarding/aws/owned.ts'
import { planBinding } from '../../../src/onboarding/aws/plan-binding.ts'
import { derivePolicy, type Owner } from '../../../src/onboarding/aws/trust-policy.ts'

const plans = suite('the plan of a binding')

const OWNER: Owner = { installation: 'default', partition: 'aws', account: '111122223333' }
const PAY: Binding = {
  ...{ cluster: 'prod', namespace: 'shop', workload: 'pay', account: 'pay', issuer: 'Old CA' },
  anchor: { region: 'eu-central-1', id: 'a9fc0bc8-23af-4193-9700-0c9afe8802e0' },
}

function shownFor(bind: Binding): readonly string[] {
  const role = {
    ...{ name: 'iam-ra-admin', role: 'admin', bindings: [PAY], lacking: [], untagged: [], profiles: [] },
    ...{ fault: undefined, altered: false, policy: derivePolicy(OWNER, [PAY], undefined) ?? '' },
    tags: [...ownTags('default'), bindingTag('default', PAY)],
  } as unknown as BoundRole
  const { steps } = planBinding({} as Account, OWNER, role, { bind: [bind], quota: 2048 })
  return (steps[0]?.shown.differences ?? [])
    .filter(({ name, after }) => name === 'trust policy' && !after.includes('characters'))
    .map(({ before, after }) => `${before ?? ''} -> ${after}`)
}

plans('names what a new workload adds', () => {
  assert.equal(shownFor({ ...PAY, workload: 'web', account: 'web' }), ['(nothing) -> web.shop.prod'])
})

plans('names both CAs where the same name is signed by another one', () => {
  const anchor = 'trust anchor eu-central-1/a9fc0bc8-23af-4193-9700-0c9afe8802e0'
  assert.equal(shownFor({ ...PAY, issuer: 'New CA' }), [
    `(nothing) -> pay.shop.prod (signed by New CA, ${anchor})`,
    `pay.shop.prod (signed by Old CA, ${anchor}) -> (nothing)`,
  ])
})

plans.run()
