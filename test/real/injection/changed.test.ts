/** Namespaces, settings and policies that change, and API servers that restart, while pods are sent. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  asker,
  collectionOf,
  isInjected,
  policies,
  SETTINGS,
  startCluster,
  type Manifest,
} from './cluster.ts'
import { asking, OTHER, others, refused, underLoad } from './load.ts'

const changed = suite('what changes while pods are sent')
const cluster = await startCluster()
changed.after(() => cluster.kubernetes.stop())

const ALL = { 'iam.amazonaws.com/permitted': '.*' }
await cluster.namespace('team', ALL)
await cluster.namespace('outside', ALL, { 'iam-ra/injection': 'off' })
const OTHERS = others(cluster, 'team', 'outside')

changed('a pod is injected in a namespace that was created just before', async () => {
  for (let index = 0; index < 60; index += 1) {
    await cluster.namespace(`new-${index}`, ALL)
    const answers = await Promise.all([asker('r'), OTHER].map((pod) => cluster.send(`new-${index}`, pod)))
    assert.equal(answers.map(isInjected), [true, false], answers[0]?.says)
    assert.is(answers[1]?.status, 201)
  }
})

changed('a pattern that changes or is withdrawn', async () => {
  const senders = [asking(cluster, 'team', ['not-permitted', 'permitted-missing']), ...OTHERS]
  await underLoad(senders, async () => {
    for (let round = 0; round < 5; round += 1) {
      for (const [pattern, code] of [
        ['arn:.*/other', 'not-permitted'],
        [null, 'permitted-missing'],
      ] as const) {
        await permit(pattern)
        const { codes } = await cluster.sendUntil('team', asker('r'), ({ status }) => status === 403)
        assert.equal(codes, [code])
        await permit('.*')
        await cluster.sendUntil('team', asker('r'), isInjected)
      }
    }
  })
})

async function permit(pattern: string | null): Promise<void> {
  const metadata = { annotations: { 'iam.amazonaws.com/permitted': pattern } }
  const type = 'application/merge-patch+json'
  const { status } = await cluster.call('PATCH', '/api/v1/namespaces/team', { metadata }, type)
  assert.is(status, 200)
}

const REFUSED = refused(cluster, 'team', ['role-invalid'])
/** The policy runs twice for a pod: what it added before a change may differ from what it would add after it. */
const SENDERS = [asking(cluster, 'team', ['own-container']), REFUSED, ...OTHERS]

changed('settings that change', () =>
  underLoad(SENDERS, async () => {
    for (const mode of ['serve', 'init', 'serve', 'init']) await setMode(mode)
  }),
)

/** In force at once, and without a restart after the policy was missing: keep.yaml. */
async function setMode(mode: string, at = cluster): Promise<void> {
  const settings = policies().find(({ kind }) => kind === 'ConfigMap')
  const data = { ...(settings?.['data'] as object), mode }
  await cluster.kubernetes.request('PUT', `${SETTINGS}/iam-ra-injection`, { ...settings, data })
  const label = mode === 'serve' ? 'serve' : 'true'
  await at.sendUntil('team', asker('r'), ({ pod }) => pod.metadata.labels?.['iam-ra/credentials'] === label)
}

changed('policies that are applied again, as they are and changed', () =>
  underLoad(SENDERS, async () => {
    for (const request of ['75m', '50m', '75m', '50m']) {
      for (const manifest of policies()) await put(manifest, request)
      await cluster.sendUntil('team', asker('r'), ({ pod }) => JSON.stringify(pod).includes(`"${request}"`))
    }
  }),
)

/** As the next version of the policy would have another default. */
async function put(manifest: Manifest, request: string): Promise<void> {
  const path = `${collectionOf(manifest)}/${manifest.metadata.name}`
  const { metadata } = await cluster.kubernetes.request('GET', path)
  const sent = JSON.parse(JSON.stringify(manifest).replaceAll("'50m'", `'${request}'`)) as Manifest
  await cluster.kubernetes.request('PUT', path, { ...sent, metadata })
}

changed('an API server that restarts', () =>
  underLoad([asking(cluster, 'team'), REFUSED, ...OTHERS], async () => {
    for (let round = 0; round < 4; round += 1) await cluster.kubernetes.restart()
  }),
)

changed.run()
