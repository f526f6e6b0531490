/** Each failure of kubectl by the rule that knows it, in words for the operator. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { IamRaError } from '../../../src/errors.ts'
import { explain } from '../../../src/net/rules.ts'
import { kubectlError, KUBECTL_RULES } from '../../../src/onboarding/kubernetes/refusal.ts'
import { exitOf } from '../../../src/operator/exits.ts'
import { REFUSALS } from './refusals.ts'

const refusals = suite('failures of kubectl')

const KUBECTL = 'kubectl --namespace=ns'

function errorOf({ text, ended }: { text: string; ended?: string | undefined }): IamRaError {
  return kubectlError('list pods', { text, ended, kubectl: KUBECTL })
}

for (const one of REFUSALS) {
  refusals(`${one.rule}: ${one.source}`, () => {
    const facts = { text: one.text, ended: one.ended, kubectl: KUBECTL }
    assert.is(explain(KUBECTL_RULES, facts).rule.name, one.rule)
    const error = errorOf(one)
    assert.is(exitOf(error), 7)
    assert.match(error.message, /^cannot list pods(: |$)/)
    assert.ok((error.hint ?? '') !== '')
    assert.match(error.message, one.says ?? /./)
    assert.match(error.hint ?? '', one.hints ?? /./)
  })
}

refusals('are all recorded', () => {
  const recorded = REFUSALS.map(({ rule }) => rule)
  assert.equal(
    KUBECTL_RULES.map(({ name }) => name).filter((name) => !recorded.includes(name)),
    [],
  )
})

refusals('show what kubectl said, without its log, its advice and its comparisons', () => {
  for (const { text, ended } of REFUSALS) {
    const { said, problems } = errorOf({ text, ended })
    if (ended === undefined) assert.ok(said.length > 0, text)
    assert.equal(
      problems,
      said.map((line) => `kubectl: ${line}`),
    )
    assert.not.match(said.join('\n'), /memcache|--validate=false|force-conflicts|@@|See 'kubectl|learn more/)
  }
})

refusals('do not show secrets that kubectl repeats', () => {
  const token = `eyJhbGciOiJSUzI1NiIs.${'a'.repeat(40)}.sig`
  assert.not.match(errorOf({ text: `error: cannot use ${token}` }).problems.join('\n'), /eyJ/)
})

refusals('of one who asks again later may succeed', () => {
  const later = REFUSALS.filter((one) => errorOf(one).retryable).map(({ rule }) => rule)
  assert.equal([...new Set(later)], ['hangs', 'webhook', 'timeout', 'throttled', 'unavailable'])
})

refusals.run()
