/** API servers of two versions on one etcd, as during an upgrade of the control plane. */
import { suite } from 'uvu'
import { asker, collectionOf, isInjected, policies, SETTINGS, startCluster, type Cluster } from './cluster.ts'
import { asking, others, refused, underLoad } from './load.ts'

const upgraded = suite('API servers 1.36 and 1.37 side by side')
const first = await startCluster()
const second = await first.beside('kube-apiserver-1.37')
upgraded.after(() => first.kubernetes.stop())

const ALL = { 'iam.amazonaws.com/permitted': '.*' }
await first.namespace('team', ALL)
await first.namespace('outside', ALL, { 'iam-ra/injection': 'off' })

/** In force at each of them a moment later, wherever it was written. */
async function setMode(at: Cluster, mode: string): Promise<void> {
  const settings = policies().find(({ kind }) => kind === 'ConfigMap')
  const data = { ...(settings?.['data'] as object), mode }
  await at.kubernetes.request('PUT', `${SETTINGS}/iam-ra-injection`, { ...settings, data })
  const label = mode === 'serve' ? 'serve' : 'true'
  for (const cluster of [first, second]) {
    await cluster.sendUntil(
      'team',
      asker('r'),
      ({ pod }) => pod.metadata.labels?.['iam-ra/credentials'] === label,
    )
  }
}

upgraded('both inject, and see what was changed at the other', () => {
  const senders = [first, second].flatMap((cluster) => [
    // Between the two times that the policy runs for a pod, the settings may change.
    asking(cluster, 'team', ['own-container']),
    refused(cluster, 'team', ['role-invalid']),
    ...others(cluster, 'team', 'outside'),
  ])
  return underLoad(senders, async () => {
    for (let round = 0; round < 3; round += 1) {
      await setMode(first, 'serve')
      await setMode(second, 'init')
    }
  })
})

upgraded('a policy that is removed at one is missing at the other, and both refuse', async () => {
  const policy = policies().find(({ kind }) => kind === 'MutatingAdmissionPolicy')
  if (policy === undefined) throw new Error('there is no mutating policy')
  const senders = [first, second].flatMap((cluster) => [
    asking(cluster, 'team', ['not-injected']),
    ...others(cluster, 'team', 'outside'),
  ])
  await underLoad(senders, async () => {
    await first.kubernetes.request('DELETE', `${collectionOf(policy)}/${policy.metadata.name}`)
    for (const cluster of [first, second])
      await cluster.sendUntil('team', asker('r'), ({ status }) => status === 403)
    await second.kubernetes.request('POST', collectionOf(policy), policy)
    for (const cluster of [first, second]) await cluster.sendUntil('team', asker('r'), isInjected)
  })
})

upgraded.run()
