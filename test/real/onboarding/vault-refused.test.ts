/** What does not fit in Vault: each is refused with a sentence, before anything is written. */
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../../scripts/checks/files.ts'
import { IamRaError } from '../../../src/errors.ts'
import type { Cluster } from '../../../src/onboarding/aws/owned.ts'
import type { Plan } from '../../../src/onboarding/plan/step.ts'
import { exitOf } from '../../../src/operator/exits.ts'
import { createAuthority } from '../../rig/emulators/authority.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { requireServer } from '../../rig/servers/build.ts'
import { clusterOf, dataOf, doAll, rootOf, startVaultOperator, whatOf } from './vault-operator.ts'

const refusals = suite('real: what does not fit in Vault')

const operator = await startVaultOperator()
refusals.after(() => operator.stop())
const { server } = operator
operator.hasReviewer = true
await operator.kubernetes.makeServiceAccount('iam-ra', 'vault-reviewer')
const folder = scratchFolder('vault-refused')
const PROD = { name: 'prod', namespace: 'iam-ra' }
const PAY = { cluster: 'prod', namespace: 'shop', account: 'pay', workload: 'pay' }
const anchor = await rootOf(operator.open())
const open = (
  more: Parameters<typeof operator.open>[0] = {},
  env: Parameters<typeof operator.open>[1] = {},
): ReturnType<typeof operator.open> => operator.open({ anchor, ...more }, env)
const setUp = await open().setUpCluster(PROD)
await doAll(setUp)
const prod = clusterOf('prod', setUp)
await doAll(await open().setUpWorkload(prod, PAY))

function problemsOf({ plan }: { readonly plan: Plan }): readonly string[] {
  assert.equal(plan.steps, [])
  return plan.problems
}

async function thrown(run: () => Promise<unknown>): Promise<IamRaError> {
  const error: unknown = await run().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.instance(error, IamRaError)
  return error as IamRaError
}

refusals('a mount that has an intermediate is not a root', async () => {
  assert.equal(problemsOf(await open({ rootMount: 'pki-prod' }).root()), [
    "pki-prod has an intermediate, CN=Pods of cluster prod, signed by CN=iam-ra default, and no root: name the mount of the root with --root-mount, or give the root's certificate with --root FILE",
  ])
})

refusals('a mount of another kind is not a root', async () => {
  assert.equal(problemsOf(await open({ rootMount: 'cubbyhole' }).root()), [
    'cubbyhole/ is a mount of type cubbyhole, not pki: name another with --root-mount',
  ])
})

refusals('a cluster of the same name at another API server', async () => {
  const other = await open({ apiServer: 'https://elsewhere.example:6443' }).setUpCluster(PROD)
  assert.equal(problemsOf(other), [
    `auth/kubernetes-prod asks the API server ${operator.kubernetes.url}, not https://elsewhere.example:6443: there is a cluster of the same name elsewhere. Choose another cluster name; if it is this cluster at a new address, write it first: vault write auth/kubernetes-prod/config kubernetes_host=https://elsewhere.example:6443`,
  ])
  assert.equal(whatOf(await open({ apiServer: `${operator.kubernetes.url}/` }).setUpCluster(PROD)), [])
})

refusals('a cluster of the same name in another auth mount, below the same root', async () => {
  const file = join(folder, 'other.json')
  const setup = JSON.parse(readFileSync(join(ROOT, 'k8s/vault/setup.json'), 'utf8')) as Record<string, object>
  const named = { ...setup, cluster: 'prod', kubernetes: { ...setup['kubernetes'], mount: 'another' } }
  writeFileSync(file, JSON.stringify(named))
  const other = await open({ setupFile: file }).setUpCluster(PROD)
  assert.equal(problemsOf(other), [
    'pki-prod/roles/iam-ra-prod signs names of cluster prod for callers of auth/kubernetes-prod/, below the same root: there is a cluster of the same name elsewhere. Choose another cluster name; if it is this cluster, give a --setup FILE with kubernetes.mount kubernetes-prod in place of another',
  ])
})

refusals('below another root, a cluster may have the same name', async () => {
  const other = await rootOf(operator.open({ rootMount: 'pki-other', commonName: 'Other' }))
  const file = join(folder, 'below.json')
  const setup = JSON.parse(readFileSync(join(ROOT, 'k8s/vault/setup.json'), 'utf8')) as Record<string, object>
  writeFileSync(file, JSON.stringify({ ...setup, cluster: 'prod' }))
  const below = await open({
    anchor: other,
    setupFile: file,
    vaultAddress: 'https://vault.example',
  }).setUpCluster(PROD)
  assert.equal(whatOf(below), [
    ...['create sys/auth/kubernetes', 'create auth/kubernetes/config', 'create sys/mounts/pki'],
    'create pki/config/urls',
    'create pki: a key that stays in Vault and its certificate, signed by pki-other; it signs from then on',
    ...['create pki/roles/iam-ra', 'create sys/policies/acl/iam-ra'],
  ])
  assert.equal(below.words, ['https://vault.example', 'kubernetes', 'pki', 'iam-ra'])
})

refusals('a setup file of another cluster, or whose pods review their own tokens', async () => {
  const setup = JSON.parse(readFileSync(join(ROOT, 'k8s/vault/setup.json'), 'utf8')) as Record<string, object>
  const file = join(folder, 'setup.json')
  const told = async (change: object): Promise<string> => {
    writeFileSync(file, JSON.stringify({ ...setup, ...change }))
    const error = await thrown(() => open({ setupFile: file }).setUpCluster(PROD))
    assert.is(exitOf(error), 2)
    return error.message
  }
  assert.is(await told({}), `${file} is the setup of cluster demo, not of prod`)
  const kubernetes = { ...setup['kubernetes'], reviewer: 'clients' }
  assert.is(
    await told({ cluster: 'prod', kubernetes }),
    `${file} has the reviewer clients, with which pods that onboarding sets up cannot log in`,
  )
})

refusals('an anchor whose root is not above the CA of the cluster', async () => {
  const stranger = createAuthority({ commonName: 'Stranger', nowMs: Date.now() }).pem
  const below = 'pki-prod signs as CN=Pods of cluster prod, below CN=iam-ra default, which does not lead to'
  const workload = await open({ anchor: stranger }).setUpWorkload(prod, { ...PAY, account: 'new' })
  const [problem = ''] = workload.plan.problems
  assert.ok(problem.startsWith(`${below} the trust anchor's root O=Example, CN=Stranger: `), problem)
  const cluster = await open({ anchor: stranger }).setUpCluster(PROD)
  assert.ok(cluster.plan.problems.some((one) => one.startsWith(below)))
})

refusals('a root outside this Vault signs by the two commands that the plan names', async () => {
  const key = join(folder, 'root.key')
  const pem = join(folder, 'root.pem')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  }
  openssl(...['req', '-x509', '-new', '-key', key, '-subj', '/CN=Outside', '-days', '30', '-out', pem])
  const outside = readFileSync(pem, 'utf8')
  const lab = { name: 'lab', namespace: 'iam-ra' }
  const cluster = await open({ anchor: outside }).setUpCluster(lab)
  const lines = await doAll(cluster)
  const commands = lines.flatMap((line) => /^note: [12]: (.*)$/.exec(line)?.[1] ?? [])
  assert.is(commands.length, 2)
  const env = {
    PATH: `${join(requireServer('vault'), '..')}:/usr/bin:/bin`,
    ...{ VAULT_ADDR: server.url, VAULT_TOKEN: await operator.token('root'), HOME: folder },
  }
  const shell = (line: string): void => {
    execFileSync('bash', ['-c', line], { cwd: folder, env, stdio: 'pipe' })
  }
  const unsigned = await open({ anchor: outside }).setUpWorkload(clusterOf('lab', cluster), {
    ...PAY,
    cluster: 'lab',
  })
  assert.equal(problemsOf({ plan: { ...unsigned.plan, steps: [] } }), [
    'pki-lab signs nothing yet: iam-ra k8s setup lab says what is missing',
  ])
  shell(commands[0] ?? '')
  assert.equal(whatOf(await open({ anchor: outside }).setUpCluster(lab)), [])
  writeFileSync(
    join(folder, 'ca.ext'),
    'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n',
  )
  const signing = ['x509', '-req', '-in', 'pki.csr', '-CA', pem, '-CAkey', key, '-days', '20']
  openssl(...signing, '-extfile', 'ca.ext', '-out', 'own.pem')
  writeFileSync(join(folder, 'pki.pem'), `${readFileSync(join(folder, 'own.pem'), 'utf8')}${outside}`)
  shell(commands[1] ?? '')
  const again = await open({ anchor: outside }).setUpCluster(lab)
  assert.equal(whatOf(again), [])
  assert.not.ok(again.plan.notes.some((note) => note.includes('signs nothing')))
  const workload = await open({ anchor: outside }).setUpWorkload(clusterOf('lab', again), {
    ...PAY,
    cluster: 'lab',
  })
  assert.equal(workload.plan.problems, [])
  assert.is(workload.issuer, 'Pods of cluster lab')
})

refusals('with a setup file, the two commands are those of iam-ra vault setup', async () => {
  const stranger = createAuthority({ commonName: 'Stranger', nowMs: Date.now() }).pem
  const file = join(folder, 'file.json')
  const setup = JSON.parse(readFileSync(join(ROOT, 'k8s/vault/setup.json'), 'utf8')) as Record<string, object>
  writeFileSync(file, JSON.stringify({ ...setup, cluster: 'filed' }))
  const { plan } = await open({ anchor: stranger, setupFile: file }).setUpCluster({
    name: 'filed',
    namespace: 'a',
  })
  assert.ok(plan.notes.includes(`1: iam-ra vault setup --apply --setup ${file} --csr-out pki.csr`))
  assert.ok(plan.notes.includes(`2: iam-ra vault setup --apply --setup ${file} --signed-cert pki.pem`))
})

refusals('a role with which no pod gets a certificate', async () => {
  const path = 'auth/kubernetes-prod/role/bad'
  await server.write(path, {
    bound_service_account_names: ['pay'],
    bound_service_account_namespaces: ['elsewhere'],
    token_policies: ['other'],
  })
  assert.equal(problemsOf(await open().setUpWorkload(prod, { ...PAY, namespace: 'bad' })), [
    `${path} does not admit namespace bad: vault write ${path} bound_service_account_namespaces=elsewhere,bad`,
    `${path} does not have the policy iam-ra-prod: vault write ${path} token_policies=other,iam-ra-prod`,
  ])
})

refusals('a cluster that is not in this Vault', async () => {
  const lost: Cluster = {
    ...prod,
    name: 'lost',
    words: ['https://v', 'kubernetes-lost', 'pki-lost', 'iam-ra-lost'],
  }
  assert.equal(problemsOf(await open().setUpWorkload(lost, { ...PAY, cluster: 'lost' })), [
    'auth/kubernetes-lost is not set up in this Vault: run iam-ra k8s setup lost, and check VAULT_ADDR',
  ])
  assert.equal(problemsOf(await open().setUpWorkload({ ...prod, words: [] }, PAY)), [
    "the trust anchor's tag does not say where cluster prod is in Vault: run iam-ra k8s setup prod again",
  ])
})

refusals('a PKI role that is gone', async () => {
  const words = [...prod.words.slice(0, 3), 'iam-ra-gone']
  const { plan } = await open().setUpWorkload({ ...prod, words }, { ...PAY, namespace: 'new' })
  assert.equal(plan.problems, ['pki-prod/roles/iam-ra-gone is missing: run iam-ra k8s setup prod again'])
})

refusals('a kv mount of version 1', async () => {
  await server.write('sys/mounts/secret', { type: 'kv', options: { version: '1' } })
  const { plan } = await open({ arns: { ROLE_ARN: 'a' } }).setUpWorkload(prod, PAY)
  assert.equal(plan.problems, [
    'secret/ is a mount kv version 1, not kv version 2: leave out --arns operator',
  ])
})

refusals('list says what is there, and what it may not see', async () => {
  const workloads = [
    PAY,
    { ...PAY, account: 'web' },
    { ...PAY, namespace: 'none' },
    { ...PAY, namespace: 'bad' },
  ]
  assert.equal(await open().standings(prod, workloads), [
    { state: 'ok' },
    { state: 'wrong', why: 'auth/kubernetes-prod/role/shop does not admit web' },
    { state: 'wrong', why: 'no auth/kubernetes-prod/role/none' },
    {
      state: 'wrong',
      why: 'auth/kubernetes-prod/role/bad does not admit namespace bad: vault write auth/kubernetes-prod/role/bad bound_service_account_namespaces=elsewhere,bad',
    },
  ])
  const unknown = async (env: Record<string, string | undefined>): Promise<unknown> =>
    (await open({}, env).standings(prod, [PAY]))[0]
  assert.equal(await unknown({ VAULT_TOKEN: await operator.token('nothing') }), {
    ...{ state: 'unknown', why: 'this Vault token may not look' },
  })
  assert.equal(await unknown({ VAULT_ADDR: undefined }), { state: 'unknown', why: 'VAULT_ADDR is not set' })
  assert.equal(await unknown({ VAULT_TOKEN: undefined }), {
    state: 'unknown',
    why: 'there is no Vault token',
  })
  assert.match(
    JSON.stringify(await unknown({ VAULT_ADDR: 'http://127.0.0.1:9' })),
    /"unknown".*no answer from Vault/,
  )
  const words = [...prod.words.slice(0, 3), 'iam-ra-gone']
  assert.equal(await open().standings({ ...prod, words }, [PAY]), [
    { state: 'wrong', why: 'no pki-prod/roles/iam-ra-gone' },
  ])
})

refusals('each failure of Vault is exit 3, and says what to do', async () => {
  const failed = async (env: Record<string, string>): Promise<string> => {
    const error = await thrown(() => open({}, env).setUpCluster(PROD))
    assert.is(exitOf(error), 3)
    return `${error.message}; ${error.hint ?? ''}`
  }
  const nothing = await operator.token('nothing')
  for (const token of [nothing, 'hvs.wrong']) {
    const told = await failed({ VAULT_TOKEN: token })
    assert.match(told, /answered 403 to the read of sys\/mounts: /)
    assert.match(
      told,
      /add to its policy: path "sys\/mounts" \{ capabilities = \["read"\] \}; docs\/vault\.md/,
    )
    assert.not.ok(told.includes(token))
  }
  assert.match(
    await failed({ VAULT_ADDR: 'http://127.0.0.1:9' }),
    /no answer from Vault at .*; check VAULT_ADDR/,
  )
  const standby = { status: 307, headers: { Location: 'http://active.example/v1/sys/mounts' }, body: '' }
  operator.gateway.intercept = () => standby
  assert.match(await failed({}), /answered 307 to the read of sys\/mounts; set VAULT_ADDR to the active node/)
  operator.gateway.intercept = undefined
  await server.seal()
  assert.match(await failed({}), /answered 503 .*: Vault is sealed; unseal it: vault operator unseal/)
  const [standing] = await open().standings(prod, [PAY])
  assert.match(JSON.stringify(standing), /"unknown".*Vault is sealed/)
  await server.unseal()
})

refusals('what is refused has written nothing', async () => {
  assert.equal(
    dataOf(await server.read('auth/kubernetes-prod/config'))['kubernetes_host'],
    operator.kubernetes.url,
  )
  assert.equal(await server.list('auth/kubernetes-prod/role'), ['bad', 'shop'])
})

refusals.run()
