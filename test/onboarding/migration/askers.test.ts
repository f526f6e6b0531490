/** What asks for a role: the topmost controller whose template is read, or the pods of one that is not known. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { KubeObject } from '../../../src/onboarding/kubernetes/objects.ts'
import { askersIn } from '../../../src/onboarding/migration/askers.ts'
import { flagOf, runningIn } from '../../../src/onboarding/migration/running.ts'

const askers = suite('what asks for a role')

const ROLE = { 'iam.amazonaws.com/role': 'r' }
const owned = (kind: string, name: string) => ({ ownerReferences: [{ kind, name, controller: true }] })

function object(
  kind: string,
  name: string,
  spec: object,
  metadata: object = {},
  status: object = {},
): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, namespace: 'shop', ...metadata }, spec, status }
}

const template = (spec: object = {}) => ({ template: { metadata: { annotations: ROLE }, spec } })
const names = (...objects: readonly KubeObject[]): readonly string[] =>
  askersIn(objects).map(({ kind, name, account }) => `${kind}/${name} ${account}`)

askers('is a controller, once, and not the pods and ReplicaSets that it made', () => {
  assert.equal(
    names(
      object('Deployment', 'web', template({ serviceAccountName: 'web' })),
      object('ReplicaSet', 'web-1', template(), owned('Deployment', 'web')),
      object('Pod', 'web-1-a', {}, { ...owned('ReplicaSet', 'web-1'), annotations: ROLE }),
      object('CronJob', 'nightly', { jobTemplate: { spec: template() } }),
      object('Job', 'nightly-1', template(), owned('CronJob', 'nightly')),
      object('Pod', 'nightly-1-a', {}, { ...owned('Job', 'nightly-1'), annotations: ROLE }),
    ),
    ['CronJob/nightly default', 'Deployment/web web'],
  )
})

askers('is a controller of an unknown kind, seen by its pods', () => {
  const of = owned('ReplicaSet', 'canary-1')
  assert.equal(
    names(
      object('ReplicaSet', 'canary-1', template(), owned('Rollout', 'canary')),
      object('Pod', 'canary-1-a', { serviceAccountName: 'x' }, { ...of, annotations: ROLE }),
      object('Pod', 'canary-1-b', { serviceAccountName: 'x' }, { ...of, annotations: ROLE }),
      object('Pod', 'step', {}, { ...owned('Workflow', 'flow'), annotations: ROLE }),
    ),
    ['Rollout/canary x', 'Workflow/flow default'],
  )
})

askers('is a pod of its own, or a static one by its own name', () => {
  const mirror = { ...owned('Node', 'node-1'), annotations: { ...ROLE, 'kubernetes.io/config.mirror': 'x' } }
  assert.equal(
    names(object('Pod', 'alone', {}, { annotations: ROLE }), object('Pod', 'proxy-node-1', {}, mirror)),
    ['Pod/alone default', 'Pod/proxy-node-1 default'],
  )
})

askers('is itself if the controllers that it names go round in a circle', () => {
  assert.equal(
    names(
      object('ReplicaSet', 'a', template(), owned('ReplicaSet', 'b')),
      object('ReplicaSet', 'b', template(), owned('ReplicaSet', 'a')),
      object('Pod', 'c', {}, { ...owned('Pod', 'c'), annotations: ROLE }),
    ),
    ['Pod/c default', 'ReplicaSet/a default', 'ReplicaSet/b default'],
  )
})

askers('is itself if the controller that it names can have no such name', () => {
  const controllers: readonly (readonly [string, string])[] = [
    ...([
      ['Deployment', '--kubeconfig=x'],
      ['Deployment', 'a b'],
      ['Roll\nout', 'a'],
      ['Rollout', ''],
    ] as const),
  ]
  for (const [kind, name] of controllers)
    assert.equal(names(object('Pod', 'mine', {}, { ...owned(kind, name), annotations: ROLE })), [
      'Pod/mine default',
    ])
})

askers('is nothing that has ended', () => {
  const complete = { conditions: [{ type: 'Complete', status: 'True' }] }
  assert.equal(
    names(
      object('Job', 'once', template(), {}, complete),
      object('Pod', 'over', {}, { annotations: ROLE }, { phase: 'Succeeded' }),
    ),
    [],
  )
})

askers("is not asked by the annotation of the controller's own metadata", () => {
  const [asker] = askersIn([object('Deployment', 'web', { template: {} }, { annotations: ROLE })])
  assert.is(asker?.role, undefined)
})

askers('was served by kiam and kube2iam with the flags that their containers have', () => {
  const daemons = [
    object('DaemonSet', 'kube2iam', {
      template: {
        spec: {
          containers: [
            { image: 'jtblin/kube2iam:latest', args: ['--base-role-arn', 'arn:x', '--iptables=true'] },
          ],
        },
      },
    }),
    object('DaemonSet', 'kiamish', {
      template: { spec: { containers: [{ image: 'example.com/kiamish:1' }] } },
    }),
  ]
  const running = runningIn(daemons)
  assert.equal(
    running.map(({ program, where }) => [program, where]),
    [['kube2iam', 'DaemonSet shop/kube2iam']],
  )
  assert.is(flagOf(running, 'role-base-arn', 'base-role-arn'), 'arn:x')
  assert.is(flagOf(running, 'default-role'), undefined)
})

askers.run()
