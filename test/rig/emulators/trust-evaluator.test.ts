/** Trust policies: those of k8s/aws as AWS reads them, and what the evaluator knows of others'. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { trustContext, trusts } from './trust-evaluator.ts'

const ANCHOR =
  'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/3f1c5b0e-7a52-4f0c-9d47-6f2f1f0a8c11'
const CN = 'aws:PrincipalTag/x509Subject/CN'
const ISSUER = 'aws:PrincipalTag/x509Issuer/CN'
const URI = 'aws:PrincipalTag/x509SAN/URI'
const ACTIONS = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']

const CALLER = trustContext({
  anchorArn: ANCHOR,
  tags: {
    'x509Subject/CN': 'a.default.prod',
    'x509Issuer/CN': 'Root',
    'x509SAN/URI': 'spiffe://prod/ns/default/sa/a',
  },
  sourceIdentity: 'CN=a.default.prod',
})

function statement(change: object = {}): object {
  return {
    Effect: 'Allow',
    Principal: { Service: 'rolesanywhere.amazonaws.com' },
    Action: ACTIONS,
    ...change,
  }
}

function admits(...statements: readonly object[]): boolean {
  return trusts(JSON.stringify({ Version: '2012-10-17', Statement: statements }), CALLER)
}

const meets = (Condition: object): boolean => admits(statement({ Condition }))

const evaluator = suite('trust policies')

evaluator('want the service and all three actions, in one statement or several', () => {
  assert.ok(admits(statement()))
  assert.ok(trusts(JSON.stringify({ Version: '2012-10-17', Statement: statement() }), CALLER))
  assert.ok(admits(...ACTIONS.map((Action) => statement({ Action }))))
  assert.ok(admits(statement({ Action: 'sts:*' }), statement({ Action: 'sts:assumerole' })))
  assert.ok(
    admits(statement({ Principal: { Service: ['ec2.amazonaws.com', 'rolesanywhere.amazonaws.com'] } })),
  )
  for (const missing of ACTIONS)
    assert.not(admits(statement({ Action: ACTIONS.filter((action) => action !== missing) })))
  assert.not(admits(statement({ Principal: { Service: 'ec2.amazonaws.com' } })))
  assert.not(admits(statement({ Principal: { AWS: '*' } })))
  assert.not(admits())
})

evaluator('one Deny outweighs every Allow, if its conditions hold', () => {
  assert.not(admits(statement(), statement({ Effect: 'Deny' })))
  assert.not(admits(statement(), statement({ Effect: 'Deny', Action: 'sts:TagSession' })))
  const others = { StringNotEquals: { [CN]: 'a.default.prod' } }
  assert.ok(admits(statement(), statement({ Effect: 'Deny', Condition: others })))
  assert.not(admits(statement({ Effect: 'Deny' })))
})

evaluator('any value of a key, and every key of every operator', () => {
  assert.ok(meets({ StringEquals: { [CN]: 'a.default.prod' } }))
  assert.ok(meets({ StringEquals: { [CN]: ['b.default.prod', 'a.default.prod'], [ISSUER]: 'Root' } }))
  assert.ok(
    meets({ ArnEquals: { 'aws:SourceArn': ANCHOR }, StringEquals: { 'aws:sourceaccount': '111122223333' } }),
  )
  assert.not(meets({ StringEquals: { [CN]: 'a.default.prod', [ISSUER]: 'Other' } }))
  assert.not(
    meets({ ArnEquals: { 'aws:SourceArn': ANCHOR.replace('3f', '4f') }, StringEquals: { [ISSUER]: 'Root' } }),
  )
  assert.not(meets({ StringEquals: { [CN]: 'A.default.prod' } }))
  assert.not(meets({ StringEquals: { 'aws:PrincipalTag/x509Subject/OU': 'x' } }), 'a key that is absent')
})

evaluator('patterns only where IAM has them', () => {
  assert.ok(meets({ StringLike: { [URI]: 'spiffe://prod/ns/default/sa/*' } }))
  assert.ok(meets({ StringLike: { [CN]: '?.default.prod' } }))
  assert.not(meets({ StringLike: { [CN]: 'a?default' } }))
  assert.not(meets({ StringLike: { [CN]: '.*' } }))
  assert.not(meets({ StringEquals: { [CN]: '*' } }))
  const anchors = ANCHOR.replace(/\/.*/, '/*')
  assert.ok(meets({ ArnLike: { 'aws:SourceArn': anchors } }))
  assert.ok(meets({ ArnEquals: { 'aws:SourceArn': anchors } }))
  assert.not(meets({ ArnLike: { 'aws:SourceArn': 'arn:aws:rolesanywhere:*' } }), 'each part by itself')
  assert.not(meets({ ArnNotLike: { 'aws:SourceArn': anchors } }))
})

evaluator('negation, IfExists and Null', () => {
  const absent = 'aws:PrincipalTag/x509Subject/OU'
  assert.ok(meets({ StringNotEquals: { [CN]: ['b', 'c'] } }))
  assert.not(meets({ StringNotEquals: { [CN]: ['b', 'a.default.prod'] } }))
  assert.ok(meets({ StringNotEquals: { [absent]: 'x' } }))
  assert.ok(meets({ StringEqualsIfExists: { [absent]: 'x' } }))
  assert.not(meets({ StringEqualsIfExists: { [CN]: 'x' } }))
  assert.ok(meets({ Null: { [absent]: 'true', [CN]: 'false' } }))
  assert.not(meets({ Null: { [absent]: 'false' } }))
  assert.ok(meets({ StringEqualsIgnoreCase: { [CN]: 'A.DEFAULT.PROD' } }))
})

evaluator('says of what it does not know that it does not', () => {
  for (const change of [
    { Condition: { NumericEquals: { [CN]: '1' } } },
    { Condition: { 'ForAnyValue:StringEquals': { [CN]: '1' } } },
    { Condition: { StringEquals: { [CN]: '${aws:PrincipalTag/x509Subject/CN}' } } },
    { NotAction: 'sts:AssumeRole' },
    { Effect: 'allow' },
  ]) {
    assert.throws(() => admits(statement(change)), /known here/)
  }
})

evaluator.run()
