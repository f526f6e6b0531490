/** The bucket policy of docs/aws.md as AWS reads it, and what the evaluator knows of others'. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../../scripts/checks/files.ts'
import { effectOf, type PolicyDocument } from './identity-policy.ts'
import { trustContext } from './trust-evaluator.ts'

const PAGE = readFileSync(join(ROOT, 'docs/aws.md'), 'utf8')

function bucketPolicy(): PolicyDocument {
  const found = [...PAGE.matchAll(/^```json\n([^`]*)^```$/gm)].find(([, text = '']) => text.includes('s3:'))
  return JSON.parse(found?.[1] ?? '') as PolicyDocument
}

const evaluator = suite('policies of identities and resources')

evaluator('the bucket policy of docs/aws.md lets each workload into its own objects alone', () => {
  const may = (key: string, tags: Readonly<Record<string, string>>, action = 's3:GetObject') =>
    effectOf([bucketPolicy()], {
      ...{ action, resource: `arn:aws:s3:::example-reports/${key}` },
      context: trustContext({ anchorArn: '', tags, sourceIdentity: undefined }),
    }) === 'Allow'
  const billing = { 'x509Subject/CN': 'billing.finance.demo', 'x509Issuer/CN': 'Pods of cluster demo' }
  assert.ok(may('billing.finance.demo/2026/11.csv', billing))
  assert.ok(may('billing.finance.demo/2026/11.csv', billing, 's3:PutObject'))
  assert.not(may('payroll.finance.demo/2026/11.csv', billing))
  assert.not(may('billing.finance.demo', billing))
  assert.not(may('billing.finance.demo/1', billing, 's3:DeleteObject'))
  assert.not(may('billing.finance.demo/1', { ...billing, 'x509Issuer/CN': 'Company TLS CA' }))
  assert.not(may('/1', { 'x509Issuer/CN': 'Pods of cluster demo' }))
})

const allow = (change: object): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*', ...change }],
})
const TAGGING = {
  action: 'iam:TagRole',
  resource: 'arn:aws:iam::1:role/a',
  context: { 'aws:TagKeys': ['a:1', 'b'] },
}

evaluator('a denial goes before everything that allows', () => {
  assert.is(effectOf([allow({}), allow({ Effect: 'Deny', Action: 'iam:tag*' })], TAGGING), 'Deny')
  assert.is(effectOf([allow({ Resource: 'arn:aws:iam::1:role/b/*' })], TAGGING), undefined)
})

evaluator('of keys with several values all or any have to hold', () => {
  const keys = (operator: string, pattern: string, context = TAGGING.context as object) =>
    effectOf([allow({ Condition: { [operator]: { 'aws:TagKeys': pattern } } })], {
      ...TAGGING,
      context: { ...context },
    })
  assert.is(keys('ForAnyValue:StringLike', 'a:*'), 'Allow')
  assert.is(keys('ForAllValues:StringLike', 'a:*'), undefined)
  assert.is(keys('ForAllValues:StringLike', '*'), 'Allow')
  assert.is(keys('ForAnyValue:StringLike', '*', {}), undefined)
  assert.is(keys('ForAllValues:StringLike', 'a', {}), 'Allow')
  assert.throws(() => keys('StringLike', 'a'), 'several values')
})

evaluator('says of what it does not know that it does not', () => {
  assert.throws(() => effectOf([allow({ NotResource: 'a' })], TAGGING), 'known here')
  assert.throws(() => effectOf([allow({ Condition: { Bool: { a: 'true' } } })], TAGGING), 'known here')
})

evaluator.run()
