/** The operators' policies in Vault: with the whole of one everything works, and without any part of it something does not. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../../scripts/checks/files.ts'
import { IamRaError } from '../../../src/errors.ts'
import type { VaultWishes } from '../../../src/onboarding/authority/vault.ts'
import { clusterOf, dataOf, doAll, rootOf, startVaultOperator } from './vault-operator.ts'

const policies = suite("real: an operator's policies in Vault")

const operator = await startVaultOperator(400)
policies.after(() => operator.stop())
const { server } = operator
operator.hasReviewer = true
await operator.kubernetes.makeServiceAccount('iam-ra', 'vault-reviewer')
const rootToken = await operator.token('root')
const ARNS = { ROLE_ARN: 'arn:aws:iam::111122223333:role/a' }

type Vars = Readonly<Record<string, string>>

interface Stage {
  /** Of the cluster. */
  readonly name: string
  readonly rootMount: string
  /** The text of the policy, for these names. */
  readonly text: string
}

let count = 0

/** Names of its own for each run. */
function stageFor(file: string): Stage {
  count += 1
  const [name, rootMount] = [`demo${count}`, `root${count}`]
  const text = readFileSync(join(ROOT, 'k8s/vault', file), 'utf8')
  const own = text.replaceAll('pki-root', rootMount).replaceAll(/\bdemo\b/g, name)
  return { name, rootMount, text: own }
}

async function tokenWith(name: string, text: string): Promise<Vars> {
  await server.write(`sys/policies/acl/operator-${name}`, { policy: text })
  return { VAULT_TOKEN: await operator.token(`operator-${name}`) }
}

/** Each run looks at every PKI mount that there is. */
async function remove({ name, rootMount }: Stage): Promise<void> {
  const mounts = [rootMount, `pki-${name}`, `pki-${name}-other`, 'secret']
  for (const path of [...mounts.map((one) => `mounts/${one}`), `auth/kubernetes-${name}`]) {
    await operator.ask('DELETE', `sys/${path}`, rootToken)
  }
}

interface Part {
  readonly path: string
  /** What is left out. */
  readonly what: string
  readonly text: string
}

/** The policy without each capability and without each parameter, in turn. */
function partsOf(text: string): readonly Part[] {
  return [...text.matchAll(/path "([^"]+)" \{\n([^]*?)\n\}/g)].flatMap(([rule, path = '']) => {
    const [line = '', list = ''] = /capabilities = \[(.*)\]/.exec(rule) ?? []
    const all = list.split(', ')
    const without = (what: string, changed: string): Part => ({
      path,
      what,
      text: text.replace(rule, changed),
    })
    return [
      ...all.map((one) => {
        const rest = all.filter((other) => other !== one)
        return without(
          one,
          rule.replace(line, `capabilities = [${rest.length === 0 ? '"deny"' : rest.join(', ')}]`),
        )
      }),
      ...[...rule.matchAll(/^ {4}"(\w+)" = .*\n/gm)].map(([found, name = '']) =>
        without(name, rule.replace(found, '')),
      ),
    ]
  })
}

function matches(rule: string, path: string): boolean {
  const pattern = rule.replaceAll('+', '[^/]+').replaceAll('*', '.*')
  return new RegExp(`^${pattern}$`).test(path)
}

/** As it is for an operator who sets up two clusters, one of which was changed by others, or half made. */
async function setUp({ name, rootMount }: Stage, env: Vars, isHalfMade: boolean): Promise<void> {
  const pki = `pki-${name}`
  const anchor = await rootOf(operator.open({ rootMount }, env))
  const wishes: Partial<VaultWishes> = { rootMount, anchor }
  const cluster = { name, namespace: 'iam-ra' }
  const plan = (): ReturnType<ReturnType<typeof operator.open>['setUpCluster']> =>
    operator.open(wishes, env).setUpCluster(cluster)
  if (isHalfMade) {
    await server.write(`sys/mounts/${pki}`, { type: 'pki' })
    await server.write(`${pki}/intermediate/generate/internal`, { common_name: 'a', key_type: 'ec' })
  }
  await doAll(await plan())
  // Another cluster below the same root.
  await server.write(`sys/mounts/${pki}-other`, { type: 'pki' })
  const made = await server.write(`${pki}-other/intermediate/generate/internal`, { common_name: 'b' })
  const signed = await server.write(`${rootMount}/root/sign-intermediate`, {
    ...{ csr: dataOf(made)['csr'], common_name: 'b' },
  })
  const { certificate, ca_chain: chain } = dataOf(signed) as { certificate: string; ca_chain: string[] }
  await server.write(`${pki}-other/intermediate/set-signed`, {
    certificate: [certificate, ...chain].join('\n'),
  })
  await server.write(`${pki}-other/roles/b`, { allowed_domains: ['b'] })
  // What others changed.
  await server.write(`auth/kubernetes-${name}/config`, {
    ...{ kubernetes_host: operator.kubernetes.url, disable_local_ca_jwt: true },
  })
  await server.write(`sys/mounts/${pki}/tune`, { max_lease_ttl: '1h' })
  await server.write(`${pki}/config/urls`, { issuing_certificates: [] })
  await server.write(`${pki}/roles/iam-ra-${name}`, { allow_any_name: true })
  await server.write(`sys/policies/acl/iam-ra-${name}`, { policy: 'path "a" { capabilities = ["read"] }' })
  await doAll(await plan())
}

/** The first workload of a cluster whose ARNs are in Vault, by an operator who has the other policy too. */
async function firstArns({ name, rootMount }: Stage): Promise<void> {
  const other = readFileSync(join(ROOT, 'k8s/vault/onboarding-policy.hcl'), 'utf8')
  await server.write(`sys/policies/acl/other-${name}`, { policy: other.replaceAll(/\bdemo\b/g, name) })
  const env = { VAULT_TOKEN: await operator.token(`operator-${name}`, `other-${name}`) }
  const anchor = await rootOf(operator.open({ rootMount }))
  const wishes: Partial<VaultWishes> = { rootMount, anchor, arns: ARNS }
  const setUpCluster = await operator.open(wishes).setUpCluster({ name, namespace: 'iam-ra' })
  await doAll(setUpCluster)
  const cluster = clusterOf(name, setUpCluster)
  const workload = { cluster: name, namespace: 'first', account: 'a', workload: 'a' }
  await doAll(await operator.open(wishes, env).setUpWorkload(cluster, workload))
  await server.write(`sys/policies/acl/vault-secrets-operator-${name}`, { policy: '# changed' })
  await doAll(await operator.open(wishes, env).setUpWorkload(cluster, workload))
}

async function onboard({ name, rootMount }: Stage, env: Vars): Promise<void> {
  const anchor = await rootOf(operator.open({ rootMount }))
  const wishes: Partial<VaultWishes> = { rootMount, anchor, arns: ARNS }
  const setUpCluster = await operator.open(wishes).setUpCluster({ name, namespace: 'iam-ra' })
  await doAll(setUpCluster)
  const cluster = clusterOf(name, setUpCluster)
  const workload = { cluster: name, namespace: 'shop', account: 'a', workload: 'a' }
  await doAll(await operator.open(wishes).setUpWorkload(cluster, { ...workload, namespace: 'first' }))
  await server.write(`auth/kubernetes-${name}/role/vault-secrets-operator-${name}`, {
    bound_service_account_namespaces: ['first'],
  })
  const again = operator.open(wishes, env)
  await doAll(await again.setUpWorkload(cluster, workload))
  await doAll(await again.setUpWorkload(cluster, { ...workload, account: 'b', workload: 'b' }))
  await doAll(
    await operator.open({ ...wishes, arns: { ROLE_ARN: 'b' } }, env).setUpWorkload(cluster, workload),
  )
}

/** What an operator is refused who lacks a part. */
async function refusedPath(run: () => Promise<void>): Promise<string | undefined> {
  try {
    await run()
    return undefined
  } catch (error) {
    if (!(error instanceof IamRaError) || error.status !== 403) throw error
    return /answered 403 to the \w+ of (\S+):/.exec(error.message)?.[1]
  }
}

const FLOWS: Readonly<Record<string, readonly ((stage: Stage, env: Vars) => Promise<void>)[]>> = {
  'installation-policy.hcl': [
    (stage, env) => setUp(stage, env, false),
    (stage, env) => setUp(stage, env, true),
    firstArns,
  ],
  'onboarding-policy.hcl': [onboard],
}

for (const [file, flows] of Object.entries(FLOWS)) {
  policies(`everything works with the whole of ${file}`, async () => {
    for (const flow of flows) {
      const stage = stageFor(file)
      assert.is(
        await refusedPath(async () => await flow(stage, await tokenWith(stage.name, stage.text))),
        undefined,
      )
      await remove(stage)
    }
  })

  policies(`without any part of ${file} something is refused, and its path is named`, async () => {
    const needless: string[] = []
    for (let at = 0; at < partsOf(stageFor(file).text).length; at += 1) {
      let found = false
      let said = ''
      for (const flow of flows) {
        if (found) continue
        const stage = stageFor(file)
        const part = partsOf(stage.text)[at]
        if (part === undefined) continue
        said = `${part.what} of ${part.path}`
        const env = await tokenWith(stage.name, part.text)
        const path = await refusedPath(() => flow(stage, env))
        await remove(stage)
        if (path === undefined) continue
        assert.ok(matches(part.path, path), `without ${said}, ${path} was refused`)
        found = true
      }
      if (!found) needless.push(said)
    }
    assert.equal(needless, [])
  })
}

policies('the policy for onboarding gives nobody more than the two policies', async () => {
  const stage = stageFor('onboarding-policy.hcl')
  const { VAULT_TOKEN: token = '' } = await tokenWith(stage.name, stage.text)
  await onboard(stage, { VAULT_TOKEN: token })
  const { name } = stage
  const role = `auth/kubernetes-${name}/role/shop`
  const refused = async (path: string, body: object): Promise<void> => {
    assert.is((await operator.ask('PUT', path, token, body)).status, 403, JSON.stringify([path, body]))
  }
  for (const value of [
    'root',
    `iam-ra-${name},root`,
    ['root'],
    [`iam-ra-${name}`, 'root'],
    `operator-${name}`,
  ]) {
    await refused(role, { token_policies: value })
    await refused(role, { policies: value })
  }
  await refused(role, { token_no_default_policy: false })
  await refused(`auth/kubernetes-${name}/config`, { kubernetes_host: 'https://elsewhere.example' })
  await refused(`sys/policies/acl/iam-ra-${name}`, { policy: '' })
  await refused(`sys/policies/acl/vault-secrets-operator-${name}`, { policy: '' })
  await refused(`pki-${name}/roles/iam-ra-${name}`, { allow_any_name: true })
  await refused(`pki-${name}/sign/iam-ra-${name}`, {})
  await refused(`${stage.rootMount}/root/sign-intermediate`, {})
})

policies.run()
