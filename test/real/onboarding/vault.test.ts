/** From an empty Vault to a pod's certificate below the root: what each step creates, and what a further run finds to do. */
import { X509Certificate } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Identity } from '../../../src/onboarding/names.ts'
import { clusterOf, dataOf, doAll, rootOf, startVaultOperator, tokenOf, whatOf } from './vault-operator.ts'

const life = suite('real: Vault as the authority of workloads')

const operator = await startVaultOperator()
life.after(() => operator.stop())
const { server, kubernetes } = operator
const PROD = { name: 'prod', namespace: 'iam-ra' }
const PAY = { cluster: 'prod', namespace: 'shop', account: 'pay', workload: 'pay' }
for (const account of ['pay', 'web', 'vault-secrets-operator']) {
  await kubernetes.makeServiceAccount('shop', account)
}
await kubernetes.makeServiceAccount('other', 'vault-secrets-operator')

const anchor = await (async () => {
  const authority = operator.open()
  const pem = await rootOf(authority)
  authority.close()
  return pem
})()
const open = (more: Parameters<typeof operator.open>[0] = {}): ReturnType<typeof operator.open> =>
  operator.open({ anchor, ...more })
const setUp = async (): Promise<ReturnType<typeof clusterOf>> =>
  clusterOf('prod', await open().setUpCluster(PROD))

life('the root has a key on P-256 that stays in Vault, and is found again', async () => {
  const { subject, ca, publicKey, validFromDate, validToDate } = new X509Certificate(anchor)
  assert.equal([subject, ca], ['CN=iam-ra default', true])
  assert.is(publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  const days = Math.round((validToDate.getTime() - validFromDate.getTime()) / 86_400_000)
  assert.is(days, 3650)
  const again = await open({ commonName: 'Another' }).root()
  assert.equal(whatOf(again), [])
  assert.equal(again.plan.notes, ['pki-root already has a root, CN=iam-ra default, and it is used as it is'])
  assert.is(await again.read(), anchor)
})

life('a cluster is set up, and waits for the account of its reviewer', async () => {
  const cluster = await open().setUpCluster(PROD)
  const lines = await doAll(cluster)
  assert.equal(whatOf(cluster), [
    'create sys/auth/kubernetes-prod',
    'create auth/kubernetes-prod/config',
    'create sys/mounts/pki-prod',
    'create pki-prod/config/urls',
    'create pki-prod: a key that stays in Vault and its certificate, signed by pki-root; it signs from then on',
    'create pki-prod/roles/iam-ra-prod',
    'create sys/policies/acl/iam-ra-prod',
  ])
  const note =
    'note: Vault has no reviewer token yet, so no pod can log in: service account iam-ra/vault-reviewer'
  assert.ok(lines.some((line) => line.startsWith(note)))
  assert.equal(cluster.words, [operator.gateway.url, 'kubernetes-prod', 'pki-prod', 'iam-ra-prod'])
  assert.ok(
    cluster.objects.some(
      ({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === 'vault-reviewer',
    ),
  )
  const again = await open().setUpCluster(PROD)
  assert.equal(whatOf(again), [])
})

life('the first workload gives Vault the token of the reviewer, and its pods get certificates', async () => {
  await kubernetes.makeServiceAccount('iam-ra', 'vault-reviewer')
  await kubernetes.allowReview('iam-ra', 'vault-reviewer')
  const cluster = await setUp()
  const before = await open().setUpWorkload(cluster, PAY)
  assert.equal(whatOf(before), ['create auth/kubernetes-prod/role/shop'])
  operator.hasReviewer = true
  const authority = open()
  const workload = await authority.setUpWorkload(cluster, PAY)
  const done = await doAll(workload)
  // Requested when it was written, and only then.
  const { plan } = await authority.setUpWorkload(cluster, PAY)
  const lines = [...done, ...plan.notes]
  assert.equal(whatOf(workload), [
    'change auth/kubernetes-prod/config',
    'create auth/kubernetes-prod/role/shop',
  ])
  assert.match(
    lines.join('\n'),
    /^Vault's reviewer token expires at 20\d\d-[\dT:-]+Z, and then no pod can log in/m,
  )
  assert.not.match(lines.join('\n'), /eyJ|hvs\./)
  assert.is(workload.issuer, 'Pods of cluster prod')
  assert.equal(workload.source, {
    ...{ kind: 'vault', address: operator.gateway.url, ca: undefined, operator: undefined },
    ...{ authMount: 'kubernetes-prod', authRole: 'shop', audience: 'vault' },
    ...{ pkiMount: 'pki-prod', pkiRole: 'iam-ra-prod' },
  })
  const login = await operator.login(cluster.words, PAY)
  assert.is(login.status, 200)
  const signed = await operator.sign(cluster.words, tokenOf(login), 'pay.shop.prod')
  const { certificate, ca_chain: chain } = dataOf(signed.json) as { certificate: string; ca_chain: string[] }
  assert.is(new X509Certificate(certificate).issuer, 'CN=Pods of cluster prod')
  assert.is(
    new X509Certificate(chain.at(-1) ?? '').fingerprint256,
    new X509Certificate(anchor).fingerprint256,
  )
})

life('a further run finds nothing to do', async () => {
  const cluster = await setUp()
  assert.equal(whatOf(await open().setUpCluster(PROD)), [])
  assert.equal(whatOf(await open().setUpWorkload(cluster, PAY)), [])
})

life('an account without a binding neither logs in nor gets the name of another', async () => {
  const cluster = await setUp()
  const web = { ...PAY, account: 'web' }
  assert.is((await operator.login(cluster.words, web)).status, 403)
  const workload = await open().setUpWorkload(cluster, { ...web, workload: 'web' })
  assert.equal(whatOf(workload), ['change auth/kubernetes-prod/role/shop'])
  assert.ok((await doAll(workload)).includes('    bound_service_account_names: [] -> ["web"]'))
  const vaultToken = tokenOf(await operator.login(cluster.words, web))
  assert.is((await operator.sign(cluster.words, vaultToken, 'web.shop.prod')).status, 200)
  assert.is((await operator.sign(cluster.words, vaultToken, 'pay.shop.prod')).status, 400)
})

life('a new token of the reviewer replaces the old one, once', async () => {
  const authority = open({ replaceReviewerToken: true })
  const cluster = await authority.setUpCluster(PROD)
  assert.ok(
    (await doAll(cluster)).includes(
      '    token_reviewer_jwt: (set) -> (from service account iam-ra/vault-reviewer, never shown)',
    ),
  )
  assert.equal(whatOf(await authority.setUpCluster(PROD)), [])
  assert.is((await operator.login((await setUp()).words, PAY)).status, 200)
})

life(
  'an API server with another CA is written together with a token, since a write drops the old one',
  async () => {
    const { ca } = kubernetes
    const apiCa = `${ca}${anchor}`
    const cluster = await open({ apiCa }).setUpCluster(PROD)
    assert.equal(whatOf(cluster), ['change auth/kubernetes-prod/config'])
    await doAll(cluster)
    assert.is((await operator.login(cluster.words, PAY)).status, 200)
    await doAll(await open().setUpCluster(PROD))
  },
)

life('what the operator wrote into a role stays, and is said', async () => {
  const path = 'auth/kubernetes-prod/role/mine'
  const role = {
    bound_service_account_names: ['*'],
    bound_service_account_namespaces: ['mine'],
    ...{ audience: 'pods', token_policies: ['iam-ra-prod', 'more'], token_ttl: 60, token_period: 0 },
  }
  await server.write(path, role)
  const before = await server.read(path)
  const workload = { ...PAY, namespace: 'mine' }
  const cluster = await setUp()
  const all = await open().setUpWorkload(cluster, workload)
  assert.equal(whatOf(all), [])
  assert.is(all.source.audience, 'pods')
  assert.ok(all.plan.notes.includes(`${path} has audience "pods", not "vault", and keeps it`))
  await server.write(path, { bound_service_account_names: ['old'] })
  await doAll(await open().setUpWorkload(cluster, workload))
  const names = ['old', 'pay']
  assert.equal(dataOf(await server.read(path)), { ...dataOf(before), bound_service_account_names: names })
})

life('the Vault Secrets Operator reads the ARNs of its namespace', async () => {
  const arns = { ROLE_ARN: 'arn:aws:iam::111122223333:role/a', PROFILE_ARN: 'b', TRUST_ANCHOR_ARN: 'c' }
  const cluster = await setUp()
  const workload = await open({ arns }).setUpWorkload(cluster, PAY)
  assert.equal(whatOf(workload), [
    'create sys/policies/acl/vault-secrets-operator-prod',
    'create auth/kubernetes-prod/role/vault-secrets-operator-prod',
    'create sys/mounts/secret',
    'create secret/data/iam-ra/prod/shop/pay',
  ])
  await doAll(workload)
  assert.equal(whatOf(await open({ arns }).setUpWorkload(cluster, PAY)), [])
  const { operator: found } = workload.source
  assert.equal(found, {
    ...{ mount: 'secret', path: 'iam-ra/prod/shop/pay', role: 'vault-secrets-operator-prod' },
    ...{ account: 'vault-secrets-operator', audience: 'vault' },
  })
  const read = async (namespace: string): Promise<number> => {
    const jwt = await kubernetes.token(namespace, 'vault-secrets-operator', 'vault')
    const login = await operator.ask('PUT', 'auth/kubernetes-prod/login', '', { role: found?.role, jwt })
    return login.status === 200
      ? (await operator.ask('GET', `secret/data/${found?.path ?? ''}`, tokenOf(login))).status
      : login.status
  }
  assert.is(await read('shop'), 200)
  assert.is(await read('other'), 403)
  await doAll(await open({ arns }).setUpWorkload(cluster, { ...PAY, namespace: 'other' }))
  assert.is(await read('other'), 403)
  assert.is(await read('shop'), 200)
})

life('an entry keeps what others put into it, and a newer one is not overwritten', async () => {
  const path = 'secret/data/iam-ra/prod/shop/pay'
  await server.write(path, { data: { ROLE_ARN: 'old', note: 'theirs' } })
  const arns = { ROLE_ARN: 'new' }
  const cluster = await setUp()
  const late = await open({ arns }).setUpWorkload(cluster, PAY)
  assert.equal(whatOf(late), [`change ${path}`])
  await server.write(path, { data: { ROLE_ARN: 'newer', note: 'theirs' } })
  const error = await doAll(late).catch((thrown: unknown) => thrown)
  assert.match(
    String(error),
    /answered 400 to the write of secret\/data\/iam-ra\/prod\/shop\/pay: check-and-set/,
  )
  await doAll(await open({ arns }).setUpWorkload(cluster, PAY))
  assert.equal(dataOf(dataOf(await server.read(path))), { ROLE_ARN: 'new', note: 'theirs' })
})

life('eight operators at once lose no account', async () => {
  const cluster = await setUp()
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  for (const namespace of ['one', 'two', 'three']) {
    await Promise.all(
      names.map(async (account) => {
        const workload: Identity & { workload: string } = { ...PAY, namespace, account, workload: account }
        await doAll(await open().setUpWorkload(cluster, workload))
      }),
    )
    const role = dataOf(await server.read(`auth/kubernetes-prod/role/${namespace}`))
    assert.equal((role['bound_service_account_names'] as string[]).toSorted(), names, namespace)
  }
})

life('what is left after a cluster is named with the command that removes it', async () => {
  const cluster = await setUp()
  assert.equal(open().leftovers(cluster), [
    'Vault still has the logins of cluster prod: vault auth disable kubernetes-prod',
    'Vault still has the CA of cluster prod and its key: vault secrets disable pki-prod',
    'Vault still has the policy of its pods: vault policy delete iam-ra-prod',
  ])
})

life.run()
