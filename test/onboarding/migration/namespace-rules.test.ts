/** What a namespace's annotations allow, with the same cases as the policies of k8s/injection have. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { ROOT } from '../../../scripts/checks/files.ts'
import {
  ALLOWED,
  PERMITTED,
  ruleFindings,
  type Rules,
} from '../../../src/onboarding/migration/namespace-rules.ts'
import { arnOf, readRole } from '../../../src/onboarding/migration/role-arn.ts'

const rules = suite('rules of namespaces')

const BASE = 'arn:aws:iam::123456789012:role/'
const RULES: Rules = { names: 'kiam', format: 'glob', base: BASE, defaultArn: '' }

interface Case {
  readonly name: string
  readonly settings?: Readonly<Record<string, string>>
  readonly namespace?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly injected?: object
  readonly refused?: readonly string[]
}

const JUDGED = /^(permitted-missing|not-permitted|not-allowed|allowed-roles-invalid)$/

function findingsOf(
  changes: Partial<Rules>,
  annotations: Case['namespace'] = {},
  ...roles: readonly string[]
) {
  const asked = roles.flatMap((role) => readRole(BASE, role) ?? [])
  return ruleFindings({ ...RULES, ...changes }, { namespace: 'shop', annotations, roles: asked })
}

for (const file of ['kiam', 'kube2iam']) {
  const cases = parse(
    readFileSync(join(ROOT, `test/real/injection/cases/${file}.yaml`), 'utf8'),
  ) as readonly Case[]
  for (const one of cases) {
    const { settings = {}, annotations, namespace, refused = [] } = one
    // A misspelt setting, and no role at all, are other parts' to find.
    const names = settings['namespace-rules'] ?? 'kiam'
    const role = annotations?.['iam.amazonaws.com/role']
    if (role === undefined || names === 'kaim') continue
    rules(`${file}: ${one.name}`, () => {
      const defaultRole = settings['default-role'] ?? ''
      const found = findingsOf(
        {
          ...{ names, format: settings['allowed-roles-format'] ?? 'glob' },
          defaultArn: defaultRole === '' ? '' : arnOf(BASE, defaultRole),
        },
        namespace,
        role,
      )
      const isRefused = refused.some((code) => JUDGED.test(code))
      const isUnsure = found.some(({ code }) => code === 'pattern-unknown')
      assert.ok(isUnsure || found.some(({ blocks }) => blocks) === isRefused, JSON.stringify(found))
    })
  }
}

rules('propose a pattern that allows what is asked for, here and in each version of kiam', () => {
  const [finding] = findingsOf({}, {}, 'a.b', 'team/c', 'arn:aws:iam::210987654321:role/d')
  assert.is(finding?.code, 'permitted-missing')
  const [command = ''] = finding?.commands ?? []
  const pattern = /permitted=(.*)'$/.exec(command)?.[1] ?? ''
  assert.equal(
    findingsOf({}, { [PERMITTED]: pattern }, 'a.b', 'team/c', 'arn:aws:iam::210987654321:role/d'),
    [],
  )
  // Before version 4 it met the name as annotated, and was not anchored.
  assert.match('team/c', new RegExp(pattern))
  assert.is(findingsOf({}, { [PERMITTED]: pattern }, 'aXb').length, 1)
})

rules('say if kiam permitted what is not permitted here', () => {
  const [finding] = findingsOf({}, { [PERMITTED]: 'reader' }, 'reader')
  assert.match(finding?.text ?? '', /unlike in kiam before version 4/)
  const [alternatives] = findingsOf({}, { [PERMITTED]: `${BASE}read|x` }, 'reader')
  assert.match(alternatives?.text ?? '', /unlike in kiam, each alternative/)
  const [other] = findingsOf({}, { [PERMITTED]: 'x' }, 'reader')
  assert.not.match(other?.text ?? '', /unlike in kiam/)
})

rules('leave open what JavaScript would read otherwise, or not end to read', () => {
  const patterns = [
    ...['(?i)R', '\\Qx\\E', '(a+)+b', '(a|a)*b', '.*.*.*.*.*x', '[[:alpha:]]+'],
    // What RE2 alone refuses, or JavaScript reads as letters.
    ...['\\pL', '\\x{61}', '\\u0061', '\\q', '(a)\\1', '[]a]', 'a{1001}', 'x)|(?:.*', '(?=a)a', '['],
  ]
  for (const pattern of patterns) {
    const found = findingsOf({}, { [PERMITTED]: pattern }, 'a'.repeat(60))
    assert.equal(
      found.map(({ code }) => code),
      ['pattern-unknown'],
      pattern,
    )
  }
})

rules('are sure of the escapes that both read alike', () => {
  for (const pattern of ['arn:aws:iam::\\d{12}:role\\/\\w+', '.*\\/aa\\_?', '\\Srn[\\w\\]:/]+'])
    assert.equal(findingsOf({}, { [PERMITTED]: pattern }, 'aa'), [], pattern)
})

rules('call no list what the policies cannot read', () => {
  for (const text of ['["\\u0061"]', '["\\t"]', '["a\\\\\\u0061"]'])
    assert.is(
      findingsOf({ names: 'kube2iam' }, { [ALLOWED]: text }, 'a')[0]?.code,
      'allowed-roles-invalid',
      text,
    )
  assert.is(findingsOf({ names: 'kube2iam' }, { [ALLOWED]: '["\\\\u0061"]' }, 'a')[0]?.code, 'not-allowed')
})

rules('propose names for kube2iam, without the base', () => {
  const [finding] = findingsOf({ names: 'kube2iam' }, {}, 'my-custom-path/r', 'role-arn')
  assert.match(finding?.commands?.[0] ?? '', /allowed-roles=\["my-custom-path\/r","role-arn"\]'$/)
})

rules.run()
