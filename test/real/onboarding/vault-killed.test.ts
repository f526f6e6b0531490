/** A run that ends before or after any one of its calls to Vault: what the next run makes of what it left. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../../src/errors.ts'
import { clusterOf, dataOf, doAll, rootOf, startVaultOperator, whatOf } from './vault-operator.ts'

const killed = suite('real: runs that are killed between calls to Vault')

const operator = await startVaultOperator(400)
killed.after(() => operator.stop())
const { server, gateway } = operator
operator.hasReviewer = true
await operator.kubernetes.makeServiceAccount('iam-ra', 'vault-reviewer')
const arns = { ROLE_ARN: 'arn:aws:iam::111122223333:role/a' }

/** From nothing to a workload, everything under names of its own. */
async function build(name: string): Promise<void> {
  const rootMount = `root-${name}`
  const anchor = await rootOf(operator.open({ rootMount }))
  const wishes = { anchor, rootMount, arns }
  const cluster = await operator.open(wishes).setUpCluster({ name, namespace: 'iam-ra' })
  await doAll(cluster)
  await doAll(await operator.open(wishes).setUpWorkload(clusterOf(name, cluster), workloadOf(name)))
}

function workloadOf(cluster: string): {
  cluster: string
  namespace: string
  account: string
  workload: string
} {
  return { cluster, namespace: 'shop', account: 'pay', workload: 'pay' }
}

/** All that there is of a name, but for what differs from run to run. */
async function state(name: string): Promise<unknown> {
  const read = (path: string): Promise<unknown> => server.read(path).then(dataOf, () => undefined)
  const found = await Promise.all([
    ...['config', 'role/shop', `role/vault-secrets-operator-${name}`].map((one) =>
      read(`auth/kubernetes-${name}/${one}`),
    ),
    ...[`pki-${name}/roles/iam-ra-${name}`, `pki-${name}/config/urls`].map(read),
    ...[`iam-ra-${name}`, `vault-secrets-operator-${name}`].map((one) => read(`sys/policies/acl/${one}`)),
    read(`secret/data/iam-ra/${name}/shop/pay`).then((entry) => (entry as { data: object }).data),
  ])
  const counts = await Promise.all(
    [`root-${name}/issuers`, `root-${name}/keys`, `pki-${name}/issuers`, `pki-${name}/keys`].map(
      async (path) => (await server.list(path)).length,
    ),
  )
  const text = JSON.stringify([found, counts]).replaceAll(name, '<name>')
  return JSON.parse(text.replace(/auth_kubernetes_[0-9a-f]+/g, '<accessor>'))
}

/** The call of this number is the last. @returns how many there were */
async function endAt(at: number, where: 'intercept' | 'after', name: string): Promise<number> {
  let count = 0
  gateway[where] = () => {
    count += 1
    return count === at ? 'cut' : undefined
  }
  try {
    await build(name)
  } catch (error) {
    assert.instance(error, IamRaError)
    assert.is((error as IamRaError).code, 'UNREACHABLE')
  } finally {
    gateway[where] = undefined
  }
  return count
}

/** Each run looks at every PKI mount that there is. */
async function remove(name: string): Promise<void> {
  for (const path of [`mounts/root-${name}`, `mounts/pki-${name}`, `auth/kubernetes-${name}`]) {
    await operator.ask('DELETE', `sys/${path}`, rootToken)
  }
}

/** By so many calls runs differ. */
const LOOKS = 6

const rootToken = await operator.token('root')
const total = await endAt(0, 'intercept', 'whole')
const whole = await state('whole')

killed('the whole has one root, one key of the cluster, and both certificates of its chain', () => {
  assert.equal((whole as readonly unknown[])[1], [1, 1, 2, 1])
  assert.ok(total > 30)
})

for (const [where, what] of [
  ['intercept', 'before a call'],
  ['after', 'whose answer to a call is lost'],
] as const) {
  killed(
    `a run that ends ${what}, for each of them: the next one completes it, and nothing is there twice`,
    async () => {
      for (let at = 1; at <= total; at += 1) {
        const name = `${where === 'after' ? 'lost' : 'cut'}-${at}`
        const made = await endAt(at, where, name)
        // How often a run looks at its role while it waits differs by a few.
        if (made < at && at > total - LOOKS) break
        assert.is(made, at, `call ${at} was not the last`)
        await build(name)
        assert.equal(await state(name), whole, `call ${at}`)
        await remove(name)
      }
    },
  )
}

killed('then nothing is left to do', async () => {
  const name = 'whole'
  const wishes = { rootMount: `root-${name}`, arns }
  const authority = operator.open(wishes)
  const root = await authority.root()
  assert.equal(whatOf(root), [])
  const again = operator.open({ ...wishes, anchor: await root.read() })
  const cluster = await again.setUpCluster({ name, namespace: 'iam-ra' })
  assert.equal(whatOf(cluster), [])
  assert.equal(whatOf(await again.setUpWorkload(clusterOf(name, cluster), workloadOf(name))), [])
})

killed.run()
