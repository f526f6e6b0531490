import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { environmentOf } from '../../../src/onboarding/doctor/pod/environment.ts'
import { podOf, type Pod } from '../../../src/onboarding/doctor/pod/pod.ts'

function pod(env: readonly object[], more: object = {}): Pod {
  return podOf({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a-1', namespace: 'shop' } },
    spec: { serviceAccountName: 'payment', containers: [{ name: 'aws-iam-ra', env, ...more }] },
  })
}

function environment(env: readonly object[], maps = {}): Readonly<Record<string, string>> {
  const found = pod(env)
  if (found.container === undefined) throw new Error('there is no container')
  return environmentOf(found, found.container, maps)
}

const from = (name: string, valueFrom: object): object => ({ name, valueFrom })

const pods = suite('a pod')

pods('has the environment that the kubelet makes, with what earlier variables are', () => {
  assert.equal(
    environment([
      from('NS', { fieldRef: { fieldPath: 'metadata.namespace' } }),
      from('SA', { fieldRef: { fieldPath: 'spec.serviceAccountName' } }),
      from('POD', { fieldRef: { fieldPath: 'metadata.name' } }),
      { name: 'CN', value: '$(SA).$(NS).prod' },
      { name: 'PLAIN', value: 'a $ b' },
    ]),
    { NS: 'shop', SA: 'payment', POD: 'a-1', CN: 'payment.shop.prod', PLAIN: 'a $ b' },
  )
})

pods('has what is in a ConfigMap that is known, and nothing that comes from elsewhere', () => {
  const map = (name: string): object => ({ configMapKeyRef: { name, key: 'ROLE_ARN' } })
  assert.equal(
    environment(
      [
        from('ROLE_ARN', map('mine')),
        from('OTHER', map('other')),
        from('SECRET', { secretKeyRef: { name: 'x', key: 'y' } }),
        { name: 'AFTER', value: '$(SECRET)' },
      ],
      { mine: { ROLE_ARN: 'arn' } },
    ),
    { ROLE_ARN: 'arn' },
  )
})

pods('is read with its account, its tokens and its container, wherever that is', () => {
  const token = { serviceAccountToken: { path: 'token', audience: 'vault' } }
  const read = podOf({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'shop' } },
    spec: {
      initContainers: [{ name: 'aws-iam-ra', image: 'i', args: ['serve'], restartPolicy: 'Always' }],
      volumes: [
        { name: 'x', emptyDir: {} },
        { name: 't', projected: { sources: [token, {}] } },
      ],
      nodeName: 'one',
    },
    status: {
      initContainerStatuses: [
        { name: 'aws-iam-ra', restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } },
      ],
    },
  })
  assert.equal([read.account, read.node, read.audiences], ['default', 'one', ['vault']])
  assert.equal([read.container?.isInit, read.container?.restartPolicy], [true, 'Always'])
  assert.equal(read.container?.status, {
    ...{ isRunning: false, restarts: 2, ended: undefined },
    waiting: { reason: 'CrashLoopBackOff', message: '' },
  })
  assert.is(pod([]).container?.isInit, false)
  assert.is(pod([], { name: 'other' }).container, undefined)
})

pods.run()
