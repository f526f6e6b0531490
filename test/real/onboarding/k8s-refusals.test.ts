/** Wrong surroundings of the commands of k8s: what is said, what to do next, the exit code; stdout stays empty and nothing is changed. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { askIam } from '../../rig/servers/moto.ts'
import { startGround } from './ground.ts'
import { comparable, openPastGate, readWorld, restore } from './world.ts'

const POLICY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
const ROLE = 'iam-ra-admin'

const ground = await startGround()
const { aws, kubernetes, vaultServer, home } = ground
const account = await openPastGate(aws)
for (const line of [
  'init --ca-mode vault',
  `role create admin --policy ${POLICY}`,
  'k8s setup prod --apply',
  'k8s onboard w1 --role admin',
]) {
  const { code, stderr } = await ground.iamRa(line.split(' '))
  if (code !== 0) throw new Error(`${line}: ${stderr}`)
}
const start = await readWorld(ground, account)

const refusals = suite('k8s in the wrong surroundings')
refusals.after(async () => {
  account.close()
  await ground.stop()
})

const ONBOARD = 'k8s onboard w2 --role admin --cluster prod'
const APPLY = `${ONBOARD} --apply`

/** As a file that kubectl is to take. */
function kubeconfigWith(name: string, options: Parameters<typeof kubernetes.kubeconfig>[0]): string {
  const path = join(home, name)
  writeFileSync(path, kubernetes.kubeconfig(options), { mode: 0o600 })
  return path
}

function emptyDirectory(): string {
  const path = join(home, 'empty')
  mkdirSync(path, { recursive: true })
  return path
}

const first = <T>(map: ReadonlyMap<string, T>): readonly [string, T] => {
  const [entry] = map
  if (entry === undefined) throw new Error('there is none')
  return entry
}

async function tag(tags: Readonly<Record<string, string>>): Promise<void> {
  const members = Object.entries(tags).flatMap(([key, value], index) => [
    [`Tags.member.${index + 1}.Key`, key] as const,
    [`Tags.member.${index + 1}.Value`, value] as const,
  ])
  const form = { Action: 'TagRole', RoleName: ROLE, ...Object.fromEntries(members) }
  const { status, body } = await askIam(aws.motoUrl, form)
  if (status !== 200) throw new Error(body)
}

interface Case {
  readonly line: string
  readonly code: number
  /** Of stderr, each. */
  readonly says: readonly RegExp[]
  readonly env?: Readonly<Record<string, string>>
  prepare?(): unknown
  /** What `restore` does not know. */
  undo?(): unknown
}

const denied = (action: string, line = ONBOARD): Case => ({
  ...{ line, code: 5, says: [new RegExp(action), /^hint: /m] },
  prepare: () => void aws.permissions.refused.add(action),
  undo: () => aws.permissions.refused.clear(),
})

const CASES: Readonly<Record<string, Case>> = {
  'a cluster that is not there': {
    ...{ line: 'k8s onboard w2 --role admin --cluster prd', code: 2 },
    says: [/^iam-ra: there is no cluster prd in installation default$/m, /^hint: did you mean prod\?/m],
  },
  'a role that is not there': {
    ...{ line: 'k8s onboard w2 --role reader --cluster prod', code: 2 },
    says: [/no role reader in installation default/, /^hint: create it with iam-ra role create reader/m],
  },
  'no role of the name of the workload': {
    ...{ line: 'k8s onboard w2', code: 2 },
    says: [
      /no role was named, and there is none with the workload's name w2/,
      /^hint: name one with --role/m,
    ],
  },
  'a role without a profile': {
    ...{ line: ONBOARD, code: 2 },
    says: [/nothing was changed/, /role admin has no profile: iam-ra role create admin/],
    prepare: () => aws.account.profiles.clear(),
  },
  'a trust anchor that is disabled': {
    ...{ line: ONBOARD, code: 2 },
    says: [/the trust anchor of installation default is disabled: iam-ra init enables it/],
    prepare() {
      const [id, anchor] = first(aws.account.anchors)
      aws.account.anchors.set(id, { ...anchor, enabled: false })
    },
  },
  'a trust policy without room': {
    ...{ line: ONBOARD, code: 2 },
    says: [/would have \d+ characters, and 480 fit/, /second role|raise/],
    prepare: () => void (aws.gate.trustPolicyQuota = 480),
    undo: () => void (aws.gate.trustPolicyQuota = 2048),
  },
  'a role without room for a tag': {
    ...{ line: ONBOARD, code: 2 },
    says: [
      /would have 51 tags, and AWS's limit is 50: 1 are bindings, 49 are others; bind further workloads/,
    ],
    prepare: () => tag(Object.fromEntries(Array.from({ length: 46 }, (_none, at) => [`cost${at}`, 'x']))),
  },
  'a role that is of a CloudFormation stack': {
    ...{ line: ONBOARD, code: 2 },
    says: [/role iam-ra-admin belongs to the CloudFormation stack base/],
    prepare: () => tag({ 'aws:cloudformation:stack-name': 'base' }),
  },
  'names that are none': {
    ...{ line: 'k8s onboard W_2 --role admin --cluster Prod --k8s-namespace a_b', code: 2 },
    says: [
      /a name cannot be used/,
      /the workload "W_2"/,
      /the cluster "Prod"/,
      /the namespace "a_b"/,
      /expected/,
    ],
  },
  'a certificate name that is too long': {
    ...{ line: `${ONBOARD} --service-account ${'w'.repeat(60)}`, code: 2 },
    says: [/service account w+ /, /^hint: expected/m],
  },
  'no kubeconfig': {
    ...{ line: APPLY, code: 7, env: { KUBECONFIG: join(home, 'none') } },
    says: [/^iam-ra: cannot /m, /^hint: .*KUBECONFIG/m],
  },
  'an expired kubeconfig': {
    ...{ line: APPLY, code: 7, env: { KUBECONFIG: kubeconfigWith('expired', { token: 'expired' }) } },
    says: [/^iam-ra: cannot /m, /^hint: sign in again or get a new kubeconfig/m],
  },
  'a context that is not there': {
    ...{ line: `${APPLY} --context prd`, code: 7 },
    says: [/prd/, /^hint: check --context: kubectl config get-contexts/m],
  },
  'a context of another cluster': {
    ...{ line: APPLY, code: 2 },
    says: [
      /^iam-ra: context admin is cluster stage, not prod$/m,
      /^hint: choose another context with --context/m,
    ],
    prepare: () =>
      kubernetes.request('PUT', '/api/v1/namespaces/default/configmaps/iam-ra', {
        metadata: {
          name: 'iam-ra',
          labels: { 'app.kubernetes.io/managed-by': 'iam-ra', 'iam-ra/installation': 'default' },
        },
        data: { cluster: 'stage' },
      }),
  },
  'no kubectl, and --apply': {
    ...{ line: APPLY, code: 7, env: { PATH: emptyDirectory() } },
    says: [/kubectl/, /^hint: install kubectl/m],
  },
  'a sealed Vault': {
    ...{ line: ONBOARD, code: 3 },
    says: [/sealed/, /^hint: unseal it: vault operator unseal/m],
    prepare: () => vaultServer.seal(),
    undo: () => vaultServer.unseal(),
  },
  'a Vault that is down': {
    ...{ line: ONBOARD, code: 3, env: { VAULT_ADDR: 'http://127.0.0.1:1' } },
    says: [/^hint: check VAULT_ADDR, and that Vault is reachable from here/m],
  },
  'no address of Vault': {
    ...{ line: ONBOARD, code: 2, env: { VAULT_ADDR: '' } },
    says: [/^iam-ra: VAULT_ADDR is not set$/m, /^hint: set it to an address/m],
  },
  'no token of Vault': {
    ...{ line: ONBOARD, code: 2, env: { VAULT_TOKEN: '' } },
    says: [/^iam-ra: there is no Vault token$/m, /^hint: set VAULT_TOKEN/m],
  },
  'a token that Vault does not know': {
    ...{ line: ONBOARD, code: 3, env: { VAULT_TOKEN: 'unknown' } },
    says: [/^hint: .*path "auth\/kubernetes-prod\/config" \{ capabilities = \["read"\] \}/m],
  },
  'no credentials of AWS': {
    ...{ line: ONBOARD, code: 5 },
    env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' },
    says: [/credentials/, /^hint: set --profile or AWS_PROFILE/m],
  },
  'no region': {
    ...{ line: ONBOARD, code: 2, env: { AWS_REGION: '', AWS_DEFAULT_REGION: '' } },
    says: [/region/, /^hint: .*(AWS_REGION|--region)/m],
  },
  'an installation that is not there': {
    ...{ line: `${ONBOARD} --installation other`, code: 2 },
    says: [
      /installation other has no trust anchor in this account and region/,
      /^hint: create it with iam-ra init/m,
    ],
  },
  'a cluster whose tag says too little': {
    ...{ line: ONBOARD, code: 2 },
    says: [
      /the trust anchor's tag does not say where cluster prod is in Vault: run iam-ra k8s setup prod again/,
    ],
    prepare: () => void first(aws.account.tags)[1].set('iam-ra:cluster/prod', 'vault default'),
  },
  'a bound workload whose issuer is not known': {
    ...{ line: 'k8s onboard w1 --role admin', code: 2 },
    // No steps are shown, which would take its issuer away.
    says: [/^iam-ra: nothing was changed/],
    prepare: () => void first(aws.account.tags)[1].set('iam-ra:cluster/prod', 'vault default'),
  },
  'a cluster whose tag has another path of Vault': {
    ...{ line: ONBOARD, code: 2 },
    says: [/the trust anchor's tag does not say where cluster prod is in Vault/],
    prepare: () =>
      void first(aws.account.tags)[1].set(
        'iam-ra:cluster/prod',
        'vault default https://vault.example kubernetes-prod/../../sys pki-prod iam-ra-prod',
      ),
  },
  'a cluster that another Vault has': {
    ...{ line: ONBOARD, code: 2 },
    says: [/auth\/elsewhere is not set up in this Vault: run iam-ra k8s setup prod, and check VAULT_ADDR/],
    prepare: () =>
      void first(aws.account.tags)[1].set(
        'iam-ra:cluster/prod',
        'vault default https://vault.example elsewhere pki-prod iam-ra-prod',
      ),
  },
  'a cluster without a PKI role': {
    ...{ line: ONBOARD, code: 2 },
    says: [/pki-prod\/roles\/none is missing: run iam-ra k8s setup prod again/],
    prepare: () =>
      void first(aws.account.tags)[1].set(
        'iam-ra:cluster/prod',
        'vault default https://vault.example kubernetes-prod pki-prod none',
      ),
  },
  'the name of a cluster that is elsewhere': {
    ...{ line: 'k8s setup stage', code: 2 },
    says: [
      /auth\/kubernetes-stage asks the API server https:\/\/10\.0\.0\.1, not .*: there is a cluster of the same name elsewhere/,
    ],
    async prepare() {
      await vaultServer.write('sys/auth/kubernetes-stage', { type: 'kubernetes' })
      await vaultServer.write('auth/kubernetes-stage/config', {
        ...{ kubernetes_host: 'https://10.0.0.1', kubernetes_ca_cert: kubernetes.ca },
        disable_local_ca_jwt: true,
      })
    },
  },
  'a cluster that still has workloads': {
    ...{ line: 'k8s teardown prod --yes', code: 2 },
    says: [/cluster prod still has bound workloads: default\/w1; run iam-ra k8s offboard for each/],
  },
  'an offboarding that nobody confirms': {
    ...{ line: 'k8s offboard w1', code: 9 },
    says: [/there is no terminal to confirm it on/, /^hint: .*--yes/m],
  },
  'a workload that is not bound, and no cluster named': {
    ...{ line: 'k8s offboard w9 --yes --cluster prod --installation other', code: 2 },
    says: [/installation other has no trust anchor/],
  },
  'a denied rolesanywhere:ListTrustAnchors': denied('rolesanywhere:ListTrustAnchors'),
  'a denied rolesanywhere:ListProfiles': denied('rolesanywhere:ListProfiles'),
  'a denied rolesanywhere:ListTagsForResource': denied('rolesanywhere:ListTagsForResource'),
  'a denied iam:ListRoles': denied('iam:ListRoles'),
  'a denied iam:GetRole': denied('iam:GetRole'),
  'a denied iam:GetAccountSummary': denied('iam:GetAccountSummary'),
  'a denied iam:UntagRole': denied('iam:UntagRole', 'k8s offboard w1 --yes'),
  'a denied rolesanywhere:TagResource': {
    ...denied('rolesanywhere:TagResource', 'k8s setup prod'),
    prepare() {
      first(aws.account.tags)[1].delete('iam-ra:cluster/prod')
      aws.permissions.refused.add('rolesanywhere:TagResource')
    },
  },
}

for (const [name, one] of Object.entries(CASES)) {
  refusals(name, async () => {
    await restore(ground, account, start)
    await one.prepare?.()
    // A sealed Vault shows nothing, and sealing changes nothing.
    const before = one.code === 3 ? start : await readWorld(ground, account)
    const { code, stdout, stderr } = await ground.iamRa(one.line.split(' '), one.env)
    await one.undo?.()
    assert.is(code, one.code, stderr)
    for (const pattern of one.says) assert.match(stderr, pattern)
    assert.is(stdout, '')
    assert.equal(comparable(await readWorld(ground, account)), comparable(before))
  })
}

refusals('a list without Vault says once why', async () => {
  await restore(ground, account, start)
  const { code, stdout, stderr } = await ground.iamRa(['k8s', 'list'], { VAULT_ADDR: 'http://vault.example' })
  assert.is(code, 0)
  assert.match(stdout, /^prod +default +w1 .* \? /m)
  assert.match(stderr, /^iam-ra: warning: Vault could not be asked: VAULT_ADDR is plain http/)
  assert.is(stderr.split('could not be asked').length, 2)
})

refusals('without kubectl the objects are still printed', async () => {
  await restore(ground, account, start)
  const { code, stdout, stderr } = await ground.iamRa(ONBOARD.split(' '), { PATH: emptyDirectory() })
  assert.is(code, 0, stderr)
  assert.match(stdout, /^kind: ServiceAccount$/m)
  assert.match(stdout, /name: w2-sample/)
})

refusals(
  'a token of Vault that may read and not write: the path is named, and the role stays as it is',
  async () => {
    await restore(ground, account, start)
    await vaultServer.write('sys/policies/acl/reads', {
      policy: 'path "*" { capabilities = ["read", "list"] }',
    })
    const { auth } = await vaultServer.write('auth/token/create', { policies: ['reads'] })
    const token = (auth as { client_token: string }).client_token
    const { code, stdout, stderr } = await ground.iamRa(ONBOARD.split(' '), { VAULT_TOKEN: token })
    assert.is(code, 3, stderr)
    assert.match(
      stderr,
      /^hint: .*path "auth\/kubernetes-prod\/role\/default" \{ capabilities = \["create","update"\] \}/m,
    )
    assert.is(stdout, '')
    const now = await readWorld(ground, account)
    assert.equal(now.roles, start.roles)
    assert.equal(now.vault.auth, start.vault.auth)
  },
)

for (const action of ['iam:TagRole', 'iam:UpdateAssumeRolePolicy']) {
  refusals(`a denied ${action} lets nobody in, and the next run goes on from there`, async () => {
    await restore(ground, account, start)
    aws.permissions.refused.add(action)
    const { code, stdout, stderr } = await ground.iamRa(ONBOARD.split(' '))
    aws.permissions.refused.clear()
    assert.is(code, 5, stderr)
    assert.match(stderr, new RegExp(action))
    assert.is(stdout, '')
    const { roles } = await readWorld(ground, account)
    assert.is(roles[0]?.policy, start.roles[0]?.policy)
    assert.is((await ground.iamRa(ONBOARD.split(' '))).code, 0)
  })
}

refusals('an anchor that is destroyed while a workload is bound takes the binding with it', async () => {
  await restore(ground, account, start)
  aws.gate.after = ({ action }) => {
    if (action === 'iam:UpdateAssumeRolePolicy') aws.account.anchors.clear()
    return undefined
  }
  const { code, stdout, stderr } = await ground.iamRa(ONBOARD.split(' '))
  aws.gate.after = undefined
  assert.is(code, 5, stderr)
  assert.match(
    stderr,
    /the trust anchor was deleted while w2 was being bound, and the binding was removed again/,
  )
  assert.match(stderr, /^hint: .*iam-ra status/m)
  assert.is(stdout, '')
  const { roles } = await readWorld(ground, account)
  assert.not.match(JSON.stringify(roles), /w2/)
})

refusals.run()
