/** From what is wanted and what was found to what is to be written. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../../scripts/checks/files.ts'
import type { Data } from '../../../src/onboarding/vault/difference.ts'
import { displayPlan } from '../../../src/onboarding/vault/display.ts'
import { IamRaError } from '../../../src/errors.ts'
import { PARAMETER_FILES, type ParameterFiles } from '../../../src/onboarding/vault/parameters.ts'
import { makePlan } from '../../../src/onboarding/vault/plan.ts'
import { parseSetup, type Setup } from '../../../src/onboarding/vault/setup.ts'
import type { State } from '../../../src/onboarding/vault/state.ts'
import type { Plan, Wishes } from '../../../src/onboarding/vault/step.ts'
import { createAuthority } from '../../rig/emulators/authority.ts'

const NOW_MS = Date.UTC(2026, 10, 21)
const read = (name: string): string => readFileSync(join(ROOT, 'k8s/vault', name), 'utf8')
const FILES = Object.fromEntries(PARAMETER_FILES.map((name) => [name, read(name)])) as ParameterFiles
const SETUP = parseSetup(read('setup.json'), 'setup.json')
const ARN = 'arn:aws:iam::111122223333:role/frontend'
const WITH_ARN: Setup = {
  ...SETUP,
  bindings: SETUP.bindings.map((binding) => ({ ...binding, arns: { role: ARN } })),
}
const ARN_PATH = 'secret/data/iam-ra/frontend/role-arn'

const root = createAuthority({ commonName: 'Root', nowMs: NOW_MS })
const own = createAuthority({ commonName: 'Pods', nowMs: NOW_MS, issuer: root })

const EMPTY: State = {
  mounts: new Map(),
  found: new Map(),
  issuers: [],
  defaultIssuer: '',
  keys: [],
  acme: false,
  pkiRoles: [],
  authRoles: new Map(),
}
const WISHES: Wishes = { rotate: false, reviewerToken: false, replaceReviewerToken: false }

const mount = (
  type: string,
  version = '',
): { type: string; accessor: string; maxLeaseSeconds: number; version: string } => ({
  type,
  accessor: `${type}_1234`,
  maxLeaseSeconds: 157_680_000,
  version,
})
const MOUNTS: State['mounts'] = new Map([
  ['auth/kubernetes/', mount('kubernetes')],
  ['pki/', mount('pki')],
  ['secret/', mount('kv', '2')],
])
const STANDING: State = {
  ...EMPTY,
  mounts: MOUNTS,
  issuers: [{ id: 'i1', pem: own.pem, keyId: 'k1', chain: [own.pem, root.pem] }],
  defaultIssuer: 'i1',
  keys: ['k1'],
}

function planned(state: State, setup: Setup = SETUP, wishes: Partial<Wishes> = {}): Plan {
  return makePlan(setup, FILES, { ...WISHES, ...wishes }, state, NOW_MS)
}

const pathsOf = ({ steps }: Plan): readonly string[] =>
  steps.map((step) => (step.kind === 'write' ? `${step.verb} ${step.path}` : step.step.kind))

/** What Vault shows after all writes of a plan. */
function written(plan: Plan, state: State): State {
  const found = new Map(state.found)
  for (const step of plan.steps) {
    if (step.kind !== 'write') continue
    const { data, options } = step.data as { data?: Data; options?: { cas?: number } }
    found.set(
      step.path,
      options?.cas === undefined ? step.data : { data: data ?? {}, metadata: { version: options.cas + 1 } },
    )
  }
  return { ...state, found }
}

const plan = suite('the plan of vault-setup')

plan('for an empty Vault makes everything, in an order in which it can be made', () => {
  const state: State = { ...EMPTY, mounts: new Map([['pki-root/', mount('pki')]]) }
  assert.equal(pathsOf(planned(state, WITH_ARN, { rootMount: 'pki-root' })), [
    'create sys/auth/kubernetes',
    'create auth/kubernetes/config',
    'create sys/mounts/pki',
    'create pki/config/urls',
    'sign',
    'create pki/roles/iam-ra',
    'create sys/policies/acl/iam-ra',
    'create sys/policies/acl/vault-secrets-operator',
    'create auth/kubernetes/role/frontend',
    'create auth/kubernetes/role/vault-secrets-operator',
    'create sys/mounts/secret',
    `create ${ARN_PATH}`,
  ])
})

plan('finds nothing to do in what it wrote itself', () => {
  const state = written(planned(STANDING, WITH_ARN), STANDING)
  assert.equal(pathsOf(planned(state, WITH_ARN)), [])
})

plan('binds names by the accessor of the mount that is there, and nobody by that of one that is not', () => {
  const text = JSON.stringify(planned(STANDING).steps)
  assert.match(text, /\{\{identity\.entity\.aliases\.kubernetes_1234\.metadata\.service_account_name\}\}/)
  assert.match(JSON.stringify(planned(EMPTY).steps), /aliases\.<accessor>\.metadata/)
  // Another mount in its place has another accessor, and the roles are made anew for it.
  const state = written(planned(STANDING), STANDING)
  const moved = new Map([
    ...MOUNTS,
    ['auth/kubernetes/', { ...mount('kubernetes'), accessor: 'kubernetes_5678' }],
  ] as const)
  assert.equal(pathsOf(planned({ ...state, mounts: moved })), [
    'change pki/roles/iam-ra',
    'change sys/policies/acl/vault-secrets-operator',
  ])
})

plan('takes no role and no policy over whose names are of another auth mount that is there', () => {
  const state = written(planned(STANDING), STANDING)
  const second: Setup = { ...SETUP, kubernetes: { ...SETUP.kubernetes, mount: 'kubernetes-2' } }
  const other = { ...mount('kubernetes'), accessor: 'kubernetes_5678' }
  const says = (path: string, member: string): string =>
    `${path} binds callers of auth/kubernetes/, which would lose it: choose another ${member}`
  const problems = [
    says('pki/roles/iam-ra', 'pki.role'),
    says('sys/policies/acl/vault-secrets-operator', 'operator.role'),
  ]
  for (const mounts of [MOUNTS, new Map([...MOUNTS, ['auth/kubernetes-2/', other] as const])]) {
    const made = planned({ ...state, mounts }, second)
    assert.equal(made.problems, problems)
  }
  const own: Setup = {
    ...second,
    pki: { ...SETUP.pki, role: 'iam-ra-2' },
    operator: { ...SETUP.operator, role: 'vault-secrets-operator-2' },
  }
  assert.equal(planned(state, own).problems, [])
})

plan("names an audience that is the API server's own, but where clients review themselves", () => {
  const notes = (audience: string, kubernetes: Partial<Setup['kubernetes']> = {}): readonly string[] =>
    planned(STANDING, {
      ...SETUP,
      kubernetes: { ...SETUP.kubernetes, ...kubernetes },
      bindings: SETUP.bindings.map((binding) => ({ ...binding, audience })),
    }).notes.filter((note) => note.includes('audience https'))
  for (const audience of [SETUP.kubernetes.host, 'https://kubernetes.default.svc.cluster.local']) {
    assert.equal(notes(audience), [
      `the audience ${audience} of the role frontend is the API server's own, so a stolen token could do more than log in: choose one such as vault`,
    ])
    assert.equal(notes(audience, { reviewer: 'clients' }), [])
  }
  assert.is(notes('https://oidc.example', { issuer: 'https://oidc.example' }).length, 1)
  assert.equal(notes('https://vault.example'), [])
})

plan('says what to do about a mount in the way', () => {
  const problems = (path: string, one: ReturnType<typeof mount>): readonly string[] =>
    planned({ ...STANDING, mounts: new Map([...MOUNTS, [path, one]]) }).problems
  assert.equal(problems('auth/kubernetes/', mount('jwt')), [
    'auth/kubernetes/ is a mount of type jwt, not kubernetes: choose another kubernetes.mount',
  ])
  assert.equal(problems('secret/', mount('kv', '1')), [
    'secret/ is kv version 1, not 2: choose another kv.mount, or vault kv enable-versioning secret',
  ])
})

plan('names ACME where it is on', () => {
  const notes = (acme: boolean): readonly string[] =>
    planned({ ...STANDING, acme }).notes.filter((note) => note.includes('ACME'))
  assert.equal(notes(false), [])
  assert.equal(notes(true), [
    'pki answers ACME, which needs no Vault token and signs by other rules than iam-ra: vault write pki/config/acme enabled=false',
  ])
})

plan('is data without the reviewer token, of which it shows no more than that there is one', () => {
  const setup: Setup = { ...SETUP, kubernetes: { ...SETUP.kubernetes, reviewer: 'token', caFile: 'ca.crt' } }
  const made = planned(STANDING, setup, { reviewerToken: true, ca: root.pem })
  assert.match(displayPlan(made).join('\n'), /token_reviewer_jwt: \(from the file, never shown\)/)
  assert.match(JSON.stringify(made), /"token_reviewer_jwt":"<the reviewer token>"/)
  const problems = planned(STANDING, setup, { ca: root.pem }).problems
  assert.is(problems.length, 1)
  assert.match(
    problems[0] ?? '',
    /give --reviewer-token FILE: the reviewer is an account whose token Vault needs$/,
  )
})

plan('keeps the keys that an auth mount checks tokens with, which a write would drop', () => {
  const found = new Map([
    ['auth/kubernetes/config', { kubernetes_host: 'https://old.example', pem_keys: ['PEM'] }],
  ])
  const [write] = planned({ ...STANDING, found }).steps
  if (write?.kind !== 'write') throw new Error('no write')
  assert.is(write.path, 'auth/kubernetes/config')
  assert.equal(write.data['pem_keys'], ['PEM'])
})

plan('takes away a reviewer token that the set-up does not have, and says so', () => {
  const found = new Map(written(planned(STANDING), STANDING).found)
  found.set('auth/kubernetes/config', {
    ...found.get('auth/kubernetes/config'),
    token_reviewer_jwt_set: true,
  })
  const made = planned({ ...STANDING, found })
  assert.equal(displayPlan(made).slice(0, 2), [
    '~ change auth/kubernetes/config',
    '    token_reviewer_jwt: (set) -> (none)',
  ])
})

plan('writes an ARN over the version that it has seen, and no other', () => {
  const casOf = (found: Data | undefined): unknown => {
    const state = written(planned(STANDING, WITH_ARN), STANDING)
    const now = new Map(state.found)
    now.delete(ARN_PATH)
    if (found !== undefined) now.set(ARN_PATH, found)
    const [step] = planned({ ...state, found: now }, WITH_ARN).steps
    return step?.kind === 'write' ? step.data['options'] : undefined
  }
  assert.equal(casOf(undefined), { cas: 0 })
  assert.equal(casOf({ data: { arn: 'old' }, metadata: { version: 3 } }), { cas: 3 })
  // Deleted, and its number goes on.
  assert.equal(casOf({ data: null, metadata: { version: 4 } }), { cas: 4 })
  assert.is(casOf({ data: { arn: ARN }, metadata: { version: 1 } }), undefined)
  // Another member would become a key of the Secret.
  assert.equal(casOf({ data: { arn: ARN, other: 'a' }, metadata: { version: 2 } }), { cas: 2 })
})

plan('says what an older Vault does not know, and does not try it again and again', () => {
  const state = written(planned(STANDING), STANDING)
  const { allow_wildcard_certificates: _unknown, ...older } = state.found.get('pki/roles/iam-ra') ?? {}
  const made = planned({ ...state, found: new Map([...state.found, ['pki/roles/iam-ra', older]]) })
  assert.equal(made.steps, [])
  assert.ok(
    made.notes.includes('this Vault does not support allow_wildcard_certificates at pki/roles/iam-ra'),
  )
})

plan('raises the longest lifetime of a PKI mount and never lowers it', () => {
  const state = written(planned(STANDING), STANDING)
  const tuned = (maxLeaseSeconds: number): readonly string[] =>
    pathsOf(
      planned({ ...state, mounts: new Map([...MOUNTS, ['pki/', { ...mount('pki'), maxLeaseSeconds }]]) }),
    )
  assert.equal(tuned(0), ['change sys/mounts/pki/tune'])
  assert.equal(tuned(999_999_999), [])
})

plan('refuses a parameter file that is no JSON, or that has a name which has no value', () => {
  for (const [text, says] of [
    ['{', /^k8s\/vault\/pod-role\.json is not a JSON object$/],
    ['{"a": "${NAME}"}', /^k8s\/vault\/pod-role\.json has \$\{NAME\}, which has no value$/],
  ] as const) {
    try {
      makePlan(SETUP, { ...FILES, 'pod-role.json': text }, WISHES, EMPTY, NOW_MS)
      assert.unreachable('it was taken')
    } catch (error) {
      assert.instance(error, IamRaError)
      assert.match((error as Error).message, says)
    }
  }
})

plan.run()
