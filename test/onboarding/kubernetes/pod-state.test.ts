/** How far a pod is, from its status as the kubelet writes it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { podState, type PodState } from '../../../src/onboarding/kubernetes/pod-state.ts'

const state = suite('the state of a pod')

function of(status: object): PodState {
  return podState({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a-sample' }, status })
}

const own = (status: object): object => ({ initContainerStatuses: [{ name: 'aws-iam-ra', ...status }] })

state('has credentials once the init container has ended, or the sidecar has started', () => {
  assert.is(of(own({ started: false, state: { terminated: { exitCode: 0 } } })).has, true)
  assert.is(of(own({ started: true, state: { running: {} } })).has, true)
  assert.is(of(own({ started: false, state: { running: {} } })).has, false)
})

for (const [what, status, awaits] of [
  ['nothing yet', {}, 'its containers to start'],
  [
    'no node',
    { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes are available' }] },
    'a node: 0/1 nodes are available',
  ],
  ['its image', own({ state: { waiting: { reason: 'ErrImagePull' } } }), 'aws-iam-ra: ErrImagePull'],
  ['the run', own({ started: false, state: { running: {} } }), 'aws-iam-ra to finish'],
  [
    'the next attempt, with what the last one met',
    own({
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 3, message: 'login refused\nhint: check the role\n' } },
    }),
    'aws-iam-ra failed: login refused',
  ],
  [
    'an end without a message',
    own({ state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }),
    'aws-iam-ra: OOMKilled',
  ],
] as const) {
  state(`awaits ${what}`, () => {
    assert.equal(of(status), { has: false, awaits })
  })
}

state.run()
