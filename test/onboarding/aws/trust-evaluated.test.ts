/** Whom IAM lets in by a derived trust policy: its rules are those of the rig's evaluator, written from AWS's guide. */
import fc from 'fast-check'
import { suite } from 'uvu'
import { bindingKey, type Binding } from '../../../src/onboarding/aws/bindings.ts'
import { anchorArn, derivePolicy, type Owner } from '../../../src/onboarding/aws/trust-policy.ts'
import { commonName } from '../../../src/onboarding/names.ts'
import { trustContext, trusts } from '../../rig/emulators/trust-evaluator.ts'

const OWNER: Owner = { installation: 'default', partition: 'aws', account: '111122223333' }

/** Few of each, so that a caller has often one binding's name by another's authority or anchor. */
const anchor = fc.constantFrom(
  { region: 'eu-central-1', id: '8f9a2b1c-1234-5678-9abc-def012345678' },
  { region: 'us-east-1', id: '00000000-0000-0000-0000-000000000000' },
)
const issuer = fc.constantFrom('Pods of cluster demo', 'iam-ra prod/default')
const label = fc.constantFrom('a', 'b', '*', 'a.b')
const identity = { cluster: label, namespace: label, account: label }
const binding = fc.record<Binding>({
  ...identity,
  workload: fc.constantFrom('a', 'b', 'c'),
  anchor,
  issuer: fc.oneof(issuer, fc.constant('')),
})
const bindings = fc.uniqueArray(binding, { selector: (one) => bindingKey('default', one), maxLength: 8 })
const caller = fc.record({ name: fc.record(identity).map(commonName), anchor, issuer })

const evaluated = suite('derived trust policies, evaluated')

evaluated('admit each bound name by its own anchor and authority, and nobody else', () => {
  fc.assert(
    fc.property(bindings, caller, (bound, who) => {
      const context = trustContext({
        anchorArn: anchorArn(OWNER, who.anchor),
        tags: { 'x509Subject/CN': who.name, 'x509Issuer/CN': who.issuer },
        sourceIdentity: `CN=${who.name}`,
      })
      const admitted = bound.some(
        (one) =>
          commonName(one) === who.name &&
          one.anchor.id === who.anchor.id &&
          (one.issuer === '' || one.issuer === who.issuer),
      )
      return trusts(derivePolicy(OWNER, bound, undefined) ?? '', context) === admitted
    }),
    { numRuns: 2000 },
  )
})

evaluated.run()
