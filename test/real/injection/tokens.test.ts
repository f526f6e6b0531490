/** With the plug-in that mounts tokens for the API server in every container, and mounts them again after a policy. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asker, exported, startCluster, type Pod } from './cluster.ts'

const tokens = suite('tokens of injected pods')
const cluster = await startCluster(true)
tokens.after(() => cluster.kubernetes.stop())

const DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount'
await cluster.namespace('team', { 'iam.amazonaws.com/permitted': '.*' })

interface Container {
  readonly name: string
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
}

/** The volumes that each container finds where the API server's token is by default. */
function found({ spec }: Pod): Readonly<Record<string, readonly string[]>> {
  const containers = [...(spec['initContainers'] as Container[]), ...(spec['containers'] as Container[])]
  return Object.fromEntries(
    containers.map(({ name, volumeMounts = [] }) => [
      name,
      volumeMounts
        .filter(({ mountPath }) => mountPath === DIRECTORY)
        .map((mount) => mount.name.replace(/^(kube-api-access)-.*/, '$1')),
    ]),
  )
}

for (const mode of ['init', 'renew', 'serve', 'imds', 'metadata']) {
  tokens(
    `in mode ${mode} our container has the token for Vault and no other; an app has its own`,
    async () => {
      const { status, pod, says } = await cluster.send('team', asker('r', { 'iam-ra/mode': mode }))
      assert.is(status, 201, says)
      assert.equal(found(pod), {
        ...(mode === 'metadata' ? { 'aws-iam-ra-address': [] } : {}),
        ...{ 'aws-iam-ra': ['iam-ra-token'], app: ['kube-api-access'] },
      })
      const again = await cluster.send('team', exported(pod))
      assert.is(again.status, 201, again.says)
      assert.equal(found(again.pod), found(pod))
    },
  )

  tokens(`in mode ${mode} a pod that wants no token gets none`, async () => {
    const { metadata, spec } = asker('r', { 'iam-ra/mode': mode })
    const { pod, says } = await cluster.send('team', {
      metadata,
      spec: { ...spec, automountServiceAccountToken: false },
    })
    assert.is(says, '')
    assert.equal(found(pod)['app'], [])
    assert.equal(found(pod)['aws-iam-ra'], ['iam-ra-token'])
  })
}

tokens.run()
