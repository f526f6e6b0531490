/** Bindings as tags, and the trust policy that follows from them alone. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bindingKey,
  bindingTag,
  readBindings,
  tagFault,
  type Binding,
} from '../../../src/onboarding/aws/bindings.ts'
import { derivePolicy, isAltered, policySize, type Owner } from '../../../src/onboarding/aws/trust-policy.ts'
import { admittedNames } from './admitted-names.ts'
import { commonName } from '../../../src/onboarding/names.ts'

const OWNER: Owner = { installation: 'default', partition: 'aws', account: '111122223333' }
const ANCHOR = { region: 'eu-central-1', id: '8f9a2b1c-1234-5678-9abc-def012345678' }
const BINDING: Binding = {
  cluster: 'prod-cluster',
  namespace: 'default',
  workload: 'payment-service',
  account: 'payment-service',
  anchor: ANCHOR,
  issuer: 'Pods of cluster prod-cluster',
}

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/)
const binding = fc.record<Binding>({
  cluster: label,
  namespace: label,
  workload: label,
  account: label,
  anchor: fc.constantFrom(ANCHOR, { region: 'us-east-1', id: '00000000-0000-0000-0000-000000000000' }),
  issuer: fc.constantFrom('', 'Pods of cluster demo', 'iam-ra prod/default'),
})
const distinct = fc.uniqueArray(binding, { selector: (one) => bindingKey('default', one), maxLength: 20 })

function policyOf(bindings: readonly Binding[], current?: string): string {
  const policy = derivePolicy(OWNER, bindings, current)
  if (policy === undefined) throw new Error('no policy')
  return policy
}

const tags = suite('bindings as tags')

tags('say who, by which anchor and signed by whom', () => {
  assert.equal(bindingTag('default', BINDING), {
    Key: 'iam-ra:default:workload/prod-cluster/default/payment-service',
    Value: `payment-service eu-central-1/${ANCHOR.id} Pods of cluster prod-cluster`,
  })
})

tags('come back as they were written, in one order, whatever the case that IAM keeps of a key', () => {
  fc.assert(
    fc.property(distinct, (bindings) => {
      const written = bindings.map((one) => bindingTag('default', one))
      const read = readBindings('default', written)
      assert.equal(read.unread, [])
      assert.equal(
        new Set(read.bindings.map((one) => JSON.stringify(bindingTag('default', one)))),
        new Set(written.map((one) => JSON.stringify(one))),
      )
      const shouted = written.map(({ Key, Value }) => ({ Key: Key.toUpperCase(), Value }))
      assert.equal(readBindings('default', shouted.toReversed()), read)
      for (const tag of written) assert.is(tagFault(tag), undefined)
    }),
  )
})

tags("of another installation are not this one's", () => {
  const other = [bindingTag('default-2', BINDING), bindingTag('other', BINDING), { Key: 'team', Value: 'x' }]
  assert.equal(readBindings('default', other), { bindings: [], unread: [] })
})

tags('that cannot be read are named, and not taken for nothing', () => {
  const key = bindingKey('default', BINDING)
  for (const tag of [
    { Key: key, Value: '' },
    { Key: key, Value: 'payment-service' },
    { Key: key, Value: 'payment-service eu-central-1/short issuer' },
    { Key: `${key}/more`, Value: bindingTag('default', BINDING).Value },
  ]) {
    assert.equal(readBindings('default', [tag]), { bindings: [], unread: [tag.Key] })
  }
})

tags('that AWS would refuse say why', () => {
  assert.match(
    tagFault({ Key: 'k'.repeat(129), Value: '' }) ?? '',
    /key of 129 characters, and AWS's limit is 128/,
  )
  assert.match(
    tagFault({ Key: 'k', Value: 'v'.repeat(257) }) ?? '',
    /value of 257 characters, and AWS's limit is 256/,
  )
  assert.match(tagFault({ Key: 'k', Value: 'a,b' }) ?? '', /a character/)
})

tags.run()

const policy = suite('the trust policy')

policy('names the anchor, the issuer and the exact CN', () => {
  assert.equal(JSON.parse(policyOf([BINDING])), {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'IamRa0default0X0',
        Effect: 'Allow',
        Principal: { Service: 'rolesanywhere.amazonaws.com' },
        Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
        Condition: {
          ArnEquals: {
            'aws:SourceArn': `arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/${ANCHOR.id}`,
          },
          StringEquals: {
            'aws:PrincipalTag/x509Subject/CN': ['payment-service.default.prod-cluster'],
            'aws:PrincipalTag/x509Issuer/CN': 'Pods of cluster prod-cluster',
          },
        },
      },
    ],
  })
})

policy('admits the names of the bindings and no other', () => {
  fc.assert(
    fc.property(distinct, (bindings) => {
      const admitted = admittedNames(OWNER, policyOf(bindings))
      assert.equal(new Set(admitted), new Set(bindings.map(commonName)))
    }),
  )
})

policy("never admits one issuer's name signed by another", () => {
  const other = { ...BINDING, workload: 'other', account: 'other', issuer: 'Pods of another Vault' }
  const { Statement: statements } = JSON.parse(policyOf([BINDING, other])) as { Statement: unknown[] }
  assert.is(statements.length, 2)
  for (const one of statements)
    assert.is(admittedNames(OWNER, JSON.stringify({ Statement: [one] })).length, 1)
})

policy('follows from the set of bindings, not from what stood there or the order', () => {
  fc.assert(
    fc.property(distinct, distinct, (bindings, before) => {
      const sorted = (list: readonly Binding[]): readonly Binding[] =>
        readBindings(
          'default',
          list.map((one) => bindingTag('default', one)),
        ).bindings
      const fresh = policyOf(sorted(bindings))
      assert.is(policyOf(sorted(bindings), policyOf(sorted(before))), fresh)
      assert.is(policyOf(sorted(bindings.toReversed())), fresh)
    }),
  )
})

policy('without bindings admits nobody, and denies no one else', () => {
  const { Statement: statements } = JSON.parse(policyOf([])) as { Statement: Record<string, unknown>[] }
  assert.equal(
    statements.map(({ Effect, Principal }) => ({ Effect, Principal })),
    [{ Effect: 'Deny', Principal: { Service: 'rolesanywhere.amazonaws.com' } }],
  )
})

policy("keeps others' statements as they are, before ours", () => {
  const kiam = {
    Sid: 'kiam',
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::1:role/kiam' },
    Action: 'sts:AssumeRole',
  }
  const alike = { ...kiam, Sid: 'IamRa0default0Xtra' }
  const otherInstallation = JSON.parse(
    derivePolicy({ ...OWNER, installation: 'default-0' }, [BINDING], undefined) ?? '',
  ) as { Statement: unknown[] }
  const foreign = [kiam, alike, ...otherInstallation.Statement]
  const before = JSON.stringify({ Version: '2012-10-17', Id: 'kept', Statement: foreign })
  const after = JSON.parse(policyOf([BINDING], policyOf([], before))) as { Id: string; Statement: unknown[] }
  assert.is(after.Id, 'kept')
  assert.equal(after.Statement.slice(0, -1), foreign)
  assert.equal(
    (
      JSON.parse(policyOf([BINDING], JSON.stringify({ Version: 'x', Statement: kiam }))) as {
        Statement: unknown[]
      }
    ).Statement[0],
    kiam,
  )
})

policy('that cannot be read is not written over', () => {
  for (const current of ['', '{', '[]', '"text"'])
    assert.is(derivePolicy(OWNER, [BINDING], current), undefined)
})

policy('is known to be as it was written, whatever others wrote beside it', () => {
  const kiam = { Sid: 'kiam', Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }
  fc.assert(
    fc.property(distinct, (bindings) => {
      const written = JSON.parse(policyOf(bindings)) as { Statement: unknown[] }
      assert.is(
        isAltered(OWNER, JSON.stringify({ ...written, Statement: [...written.Statement, kiam] })),
        false,
      )
    }),
  )
  assert.is(isAltered(OWNER, JSON.stringify({ Version: '2012-10-17', Statement: [kiam] })), false)
})

policy('is known to be changed by hand, also where it admits the same names', () => {
  const { Statement: statements } = JSON.parse(policyOf([BINDING])) as {
    Statement: Record<string, unknown>[]
  }
  const [own = {}] = statements
  const { Condition: _condition, ...open } = own
  const changed = [
    [{ ...own, Action: ['sts:AssumeRole'] }],
    [own, { ...open, Sid: 'IamRa0default0X7' }],
    [open],
    [{ ...own, Principal: { AWS: '*' } }],
    [own, { ...own, Sid: 'IamRa0default0X1', Effect: 'Deny' }],
  ]
  for (const Statement of changed) assert.is(isAltered(OWNER, JSON.stringify({ Statement })), true)
})

policy('is counted as IAM counts it', () => {
  assert.is(policySize('{\n  "a": [ 1 ]\n}'), 9)
})

policy.run()
