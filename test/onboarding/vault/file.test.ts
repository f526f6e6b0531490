/** The set-up file: what stands in the repository is good, and every mistake in one is said at once. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../../scripts/checks/files.ts'
import { IamRaError } from '../../../src/errors.ts'
import { parseSetup, type Setup } from '../../../src/onboarding/vault/setup.ts'

const TEXT = readFileSync(join(ROOT, 'k8s/vault/setup.json'), 'utf8')
const EXAMPLE = JSON.parse(TEXT) as Record<string, Record<string, unknown>> & {
  bindings: Record<string, unknown>[]
}
const [BINDING = {}] = EXAMPLE.bindings

const file = suite('the set-up file of vault-setup')

function problemsOf(value: unknown): readonly string[] {
  try {
    parseSetup(typeof value === 'string' ? value : JSON.stringify(value), 'setup.json')
  } catch (error) {
    if (!(error instanceof IamRaError)) throw error
    assert.ok(error.stage === 'settings')
    return error.problems.length > 0 ? error.problems : [error.message]
  }
  return []
}

const bound = (...bindings: readonly object[]): object => ({
  ...EXAMPLE,
  bindings: bindings.map((one) => ({ ...BINDING, ...one })),
})

file('that stands in k8s/vault is read', () => {
  const setup: Setup = parseSetup(TEXT, 'setup.json')
  assert.is(setup.cluster, 'demo')
  assert.is(setup.pki.seconds, 43_800 * 3600)
  assert.equal(
    setup.bindings.map(({ namespace, role, tokenSeconds }) => [namespace, role, tokenSeconds]),
    [['frontend', 'frontend', 300]],
  )
})

file('has a role for the node agent that no namespace can be named like', () => {
  const read = (agentRole: unknown): object => bound({ agentRole })
  const [binding] = parseSetup(JSON.stringify(read('frontend.agent')), 'setup.json').bindings
  assert.is(binding?.agentRole, 'frontend.agent')
  for (const wrong of ['agent', '', 'a.', 'a/b.c', 1]) assert.is(problemsOf(read(wrong)).length, 1)
  assert.equal(
    problemsOf(
      bound({ agentRole: 'a.agent' }, { namespace: 'backend', role: 'backend', agentRole: 'a.agent' }),
    ),
    ['the role a.agent appears twice'],
  )
})

file('has durations as Vault takes them, in whole seconds', () => {
  const [binding] = parseSetup(JSON.stringify(bound({ tokenTtl: '1h30m' })), 'setup.json').bindings
  assert.is(binding?.tokenSeconds, 5400)
  for (const tokenTtl of ['', '0', '1500ms', '-1', 300]) {
    assert.equal(problemsOf(bound({ tokenTtl })), [
      'bindings[0].tokenTtl is wrong: it must be a duration such as 5m or 43800h',
    ])
  }
})

for (const [what, value, says] of [
  ['is no JSON', '{', /^setup\.json is not JSON/],
  [
    'lacks a comma',
    '{\n"a": 1\n"b": 2\n}',
    /^setup\.json is not JSON: line 3 is wrong, or the one before it$/,
  ],
  ['is empty', ' \n', /^setup\.json is empty$/],
  ['is a list', [], /^setup\.json is not a JSON object$/],
  [
    'has a cluster with a dot, so that a name could be read in two ways',
    { ...EXAMPLE, cluster: 'a.b' },
    /^cluster is wrong: it must be one DNS label$/,
  ],
  ...['Pods, Inc.', 'Pods ', ' Pods', '', 'Pods (prod)', 'Püds', 'Pods*', 'a'.repeat(65)].map(
    (commonName) =>
      [
        `names an authority ${JSON.stringify(commonName)}, which no trust policy could`,
        { ...EXAMPLE, pki: { ...EXAMPLE['pki'], commonName } },
        /^pki\.commonName is (wrong|missing): it must be 1 to 64 ASCII letters/,
      ] as const,
  ),
  ['misspells a member', { ...EXAMPLE, clutser: 'a' }, /^clutser is not a known member$/],
  ['leaves one out', { ...EXAMPLE, kv: undefined }, /^kv is wrong|^kv is missing: it must be an object$/],
  [
    'reaches the API server in the clear',
    { ...EXAMPLE, kubernetes: { ...EXAMPLE['kubernetes'], host: 'http://api' } },
    /^kubernetes\.host is wrong/,
  ],
  [
    'has a mount that leaves its place',
    { ...EXAMPLE, pki: { ...EXAMPLE['pki'], mount: '../sys' } },
    /^pki\.mount is wrong/,
  ],
  [
    'has a reviewer that nobody knows',
    { ...EXAMPLE, kubernetes: { ...EXAMPLE['kubernetes'], reviewer: 'me' } },
    /^kubernetes\.reviewer is wrong: it must be vault or token or clients$/,
  ],
  [
    'has a reviewer outside and no CA for it',
    { ...EXAMPLE, kubernetes: { ...EXAMPLE['kubernetes'], reviewer: 'token' } },
    /^kubernetes\.caFile is needed/,
  ],
  [
    'has two engines at one path',
    { ...EXAMPLE, kv: { mount: 'pki', path: 'iam-ra' } },
    /^pki\.mount and kv\.mount are the same path$/,
  ],
  ['binds no audience', bound({ audience: '' }), /^bindings\[0\]\.audience is wrong/],
  ['binds every namespace', bound({ namespace: '*' }), /^bindings\[0\]\.namespace is wrong/],
  ['binds no account', bound({ accounts: [] }), /^frontend has no accounts$/],
  ['binds all accounts and one', bound({ accounts: ['*', 'a'] }), /^frontend has other accounts besides \*$/],
  [
    "binds the operator's account",
    bound({ accounts: ['vault-secrets-operator'] }),
    /^frontend binds the operator's own account/,
  ],
  [
    'has a lifetime without a unit that is known',
    bound({ tokenTtl: '5 minutes' }),
    /^bindings\[0\]\.tokenTtl is wrong/,
  ],
  [
    'has a token type of neither kind',
    bound({ tokenType: 'default' }),
    /^bindings\[0\]\.tokenType is wrong: it must be service or batch$/,
  ],
  [
    'binds a namespace twice',
    bound({}, { role: 'frontend-jobs' }),
    /^the namespace frontend has two bindings: give it one, with all of its accounts$/,
  ],
  ...['default', 'root', 'Default', 'IAM-RA'].flatMap((name) =>
    (['operator', 'pki'] as const).map(
      (member) =>
        [
          `has ${member}.role ${name}, whose policy is Vault's own or loses its capitals`,
          { ...EXAMPLE, [member]: { ...EXAMPLE[member], role: name } },
          new RegExp(`^${member}\\.role is wrong: it must be a lower-case name .*default or root$`),
        ] as const,
    ),
  ),
  ['has one role twice', bound({}, { namespace: 'backend' }), /^the role frontend appears twice$/],
  [
    "has the operator's role as a pod's",
    bound({ role: 'vault-secrets-operator' }),
    /^the role vault-secrets-operator appears twice$/,
  ],
  [
    'has a name that no certificate can hold',
    bound({ accounts: ['a'.repeat(51)] }),
    /^a+\.frontend\.demo is longer than a common name may be \(64 characters\)$/,
  ],
  [
    'has a profile in the place of a role',
    bound({
      arns: {
        role: 'arn:aws:rolesanywhere:eu-central-1:111122223333:profile/9b7d2c44-1e0a-4a6e-8f5b-52c0d9e3a7f2',
      },
    }),
    /^bindings\[0\]\.arns\.role is wrong: it must be an ARN of the role$/,
  ],
] as const) {
  file(`that ${what} is refused`, () => {
    const problems = problemsOf(value)
    assert.is(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', says)
  })
}

const ARNS = {
  role: 'arn:aws:iam::111122223333:role/frontend',
  anchor: 'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/3f1c5b0e-7a52-4f0c-9d47-6f2f1f0a8c11',
  profile: 'arn:aws:rolesanywhere:eu-central-1:111122223333:profile/9b7d2c44-1e0a-4a6e-8f5b-52c0d9e3a7f2',
}

file('that has ARNs of two accounts or two regions is refused', () => {
  assert.equal(problemsOf(bound({ arns: ARNS })), [])
  for (const [name, from, to, says] of [
    [
      'role',
      '111122223333',
      '444455556666',
      "has account 444455556666: it must be the profile's, 111122223333",
    ],
    [
      'profile',
      'eu-central-1',
      'us-east-1',
      "has region us-east-1: it must be the trust anchor's, eu-central-1",
    ],
  ] as const) {
    const arns = { ...ARNS, [name]: ARNS[name].replace(from, to) }
    assert.equal(problemsOf(bound({ arns })), [`bindings[0].arns.${name} ${says}`])
  }
})

file('that an editor put a byte order mark before is read', () => {
  assert.is(parseSetup(`\uFEFF${TEXT}`, 'setup.json').cluster, 'demo')
})

file('with several mistakes has all of them said', () => {
  assert.is(problemsOf({ ...EXAMPLE, cluster: 'A', kv: { mount: 'a b', path: '' }, extra: 1 }).length, 4)
})

file.run()
