/** What can be wrong with a pod, and what only the whole way of a pod shows. */
import { trustPolicy } from './aws-faults.ts'
import { type Fault, type Make } from './fault.ts'
import { NAMESPACE } from './set-up.ts'

type Data = Readonly<Record<string, unknown>>

const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`
const NAME = 'payment-sample'

interface PodSpec {
  readonly initContainers: readonly (Data & { readonly env: readonly Data[] })[]
  readonly volumes: readonly Data[]
}

interface Change {
  readonly spec?: (spec: PodSpec) => Data
  /** Of the container. */
  readonly container?: Data
  readonly env?: readonly Data[]
  readonly status?: Data
  readonly labels?: Data
}

/** The sample of `k8s onboard`, with a change, and with a status as the kubelet writes it. */
function pod({ spec = () => ({}), container = {}, env = [], status, labels }: Change): Make {
  return async (it) => {
    const { kubernetes } = it
    const found = it.pod['spec'] as PodSpec
    const [own] = found.initContainers
    if (own === undefined) throw new Error('the sample has no container')
    const names = env.map(({ name }) => name)
    const kept = own.env.filter(({ name }) => !names.includes(name))
    const initContainers = [{ ...own, env: [...kept, ...env.filter((one) => 'value' in one)], ...container }]
    const made = await kubernetes.request('POST', PODS, {
      metadata: { ...it.pod.metadata, ...(labels === undefined ? {} : { labels }) },
      spec: { ...found, initContainers, ...spec({ ...found, initContainers }) },
    })
    if (status !== undefined) await kubernetes.request('PUT', `${PODS}/${NAME}/status`, { ...made, status })
    return () => kubernetes.request('DELETE', `${PODS}/${NAME}?gracePeriodSeconds=0`)
  }
}

/** The status of the container. */
function state(found: Data, more: Data = {}): { readonly status: Data } {
  const one = { name: 'aws-iam-ra', image: 'x', imageID: '', ready: false, restartCount: 0 }
  return { status: { phase: 'Pending', initContainerStatuses: [{ ...one, state: found, ...more }] } }
}

function token(audience: string | undefined): Change {
  return {
    spec: ({ volumes }) => ({
      volumes: volumes.map((one) =>
        one['name'] === 'iam-ra-token'
          ? audience === undefined
            ? { name: 'iam-ra-token', emptyDir: {} }
            : {
                name: 'iam-ra-token',
                projected: { sources: [{ serviceAccountToken: { path: 'token', audience } }] },
              }
          : one,
      ),
    }),
  }
}

function onNode(version: string): Make {
  const sidecar = pod({ spec: () => ({ nodeName: 'old' }) })
  return async (it) => {
    const { kubernetes } = it
    const node = await kubernetes.request('POST', '/api/v1/nodes', { metadata: { name: 'old' } })
    const nodeInfo = { ...(node['status'] as { readonly nodeInfo: Data }).nodeInfo, kubeletVersion: version }
    await kubernetes.request('PUT', '/api/v1/nodes/old/status', { ...node, status: { nodeInfo } })
    const undo = await sidecar(it)
    return async () => {
      await undo()
      await kubernetes.request('DELETE', '/api/v1/nodes/old')
    }
  }
}

interface Event {
  readonly reason: string
  readonly name: string
  readonly message: string
}

function event({ reason, name, message }: Event): Make {
  const path = `/api/v1/namespaces/${NAMESPACE}/events`
  return async ({ kubernetes }) => {
    await kubernetes.request('POST', path, {
      metadata: { name: 'refused' },
      involvedObject: { name, namespace: NAMESPACE },
      ...{ reason, message, type: 'Warning' },
    })
    return () => kubernetes.request('DELETE', `${path}/refused`)
  }
}

const failed = (sentence: RegExp, hint: RegExp) => ({ group: 'Pod', sentence, hint })
const said = (state_: string, sentence: RegExp, hint?: RegExp) => ({
  ...{ group: 'Pod', state: state_, sentence },
  ...(hint === undefined ? {} : { hint }),
})
const ONBOARD = /iam-ra k8s onboard payment --cluster prod/
const DENY = {
  ...{ Sid: 'Break', Effect: 'Deny', Principal: { Service: 'rolesanywhere.amazonaws.com' } },
  Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
}
const BAD_LOGIN = `identity: Vault refused the login\n  the role admits other accounts\nhint: vault read auth/kubernetes-prod/role/shop`

export const POD_FAULTS: readonly Fault[] = [
  {
    name: 'no pod, without a verdict',
    says: said('skipped', /^shop has no pod with the label iam-ra\/workload=payment: this is no verdict/),
  },
  {
    name: 'nothing of a pod that runs',
    make: pod(state({ running: {} }, { started: true, ready: true })),
    says: said('ok', /^pod shop\/payment-sample: aws-iam-ra runs$/),
  },
  {
    name: 'a pod that is not there',
    args: ['--pod', 'shop/ghost'],
    says: failed(/^there is no pod shop\/ghost$/, /kubectl get pods --namespace shop/),
  },
  {
    name: 'nothing of a pod without labels, by its account',
    make: pod({ labels: {} }),
    args: ['--pod', `shop/${NAME}`],
    says: said('ok', /^pod shop\/payment-sample: aws-iam-ra has not started yet$/),
  },
  {
    name: 'a pod without the container',
    make: pod({ container: { name: 'other' } }),
    says: failed(/has no container aws-iam-ra$/, ONBOARD),
  },
  {
    name: 'a pod of another account',
    make: pod({ spec: () => ({ serviceAccountName: 'default' }) }),
    says: failed(
      /runs as ServiceAccount default, and the role is for payment/,
      /serviceAccountName: payment/,
    ),
  },
  {
    name: 'a pod whose token has another audience',
    make: pod(token('elsewhere')),
    says: failed(/token for audience elsewhere, and Vault takes vault/, ONBOARD),
  },
  {
    name: 'a pod without a token for Vault',
    make: pod(token(undefined)),
    says: failed(/mounts no service-account token for audience vault/, ONBOARD),
  },
  {
    name: 'a pod with another address of Vault',
    make: pod({ env: [{ name: 'VAULT_ADDR', value: 'https://old.example:8200' }] }),
    says: failed(/has VAULT_ADDR=https:\/\/old.example:8200, and it must be http:\/\/127.0.0.1/, ONBOARD),
  },
  {
    name: 'a pod without the auth mount of its cluster',
    make: pod({ env: [{ name: 'VAULT_AUTH_MOUNT' }] }),
    says: failed(
      /has no VAULT_AUTH_MOUNT, so it uses kubernetes, and its cluster has kubernetes-prod/,
      ONBOARD,
    ),
  },
  {
    name: 'a pod with the role of another workload',
    make: pod({ env: [{ name: 'ROLE_ARN', value: 'arn:aws:iam::111122223333:role/other' }] }),
    says: failed(/has ROLE_ARN=arn:aws:iam::111122223333:role\/other, and it must be/, ONBOARD),
  },
  {
    name: 'a pod of another cluster by its name',
    make: pod({
      env: [
        { name: 'CLUSTER', value: 'staging' },
        { name: 'VAULT_CERT_CN', value: 'payment.shop.staging' },
      ],
    }),
    says: failed(/VAULT_CERT_CN=payment.shop.staging, and it must be payment.shop.prod/, ONBOARD),
  },
  {
    name: 'a pod that chooses the name of its session',
    make: pod({ env: [{ name: 'SESSION_NAME', value: 'mine' }] }),
    says: failed(/sets SESSION_NAME, which its profile does not accept/, /unset SESSION_NAME/),
  },
  {
    name: 'a sidecar that Kubernetes takes for an init container',
    make: pod({
      container: {
        ...{ restartPolicy: undefined, startupProbe: undefined, livenessProbe: undefined },
      },
    }),
    says: failed(/as an init container that never ends/, /1.29/),
  },
  {
    name: 'a sidecar on an old node',
    make: onNode('v1.28.4'),
    says: failed(/has a sidecar, and its node runs Kubernetes v1.28.4/, /upgrade the node/),
  },
  {
    name: 'an image that cannot be pulled',
    make: pod(state({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } })),
    says: failed(
      /waits: ImagePullBackOff of image registry.example\/aws-iam-ra:0.1.0, Back-off pulling image$/,
      /IAM_RA_IMAGE/,
    ),
  },
  {
    name: 'a ConfigMap that the container lacks',
    make: pod(
      state({ waiting: { reason: 'CreateContainerConfigError', message: 'configmap "x" not found' } }),
    ),
    says: failed(
      /CreateContainerConfigError.*, configmap "x" not found/,
      /apply what iam-ra k8s onboard prints/,
    ),
  },
  {
    name: 'a volume that cannot be mounted',
    make: async (it) => {
      const undo = [
        await pod(state({ waiting: { reason: 'PodInitializing' } }))(it),
        await event({ reason: 'FailedMount', name: NAME, message: 'configmap "ca" not found' })(it),
      ]
      return async () => {
        for (const one of undo) await one()
      }
    },
    says: failed(/waits for a volume: configmap "ca" not found$/, /iam-ra k8s onboard/),
  },
  {
    name: 'the last words of a container',
    make: pod(
      state(
        { waiting: { reason: 'CrashLoopBackOff' } },
        { restartCount: 3, lastState: { terminated: { exitCode: 3, reason: 'Error', message: BAD_LOGIN } } },
      ),
    ),
    says: failed(
      /ended with exit code 3: identity: Vault refused the login; the role admits other accounts$/,
      /^vault read auth\/kubernetes-prod\/role\/shop$/,
    ),
  },
  {
    name: 'a container without last words',
    make: pod(state({ terminated: { exitCode: 70, reason: 'Error' } })),
    says: failed(
      /ended with exit code 70$/,
      /^kubectl logs payment-sample --namespace shop --container aws-iam-ra$/,
    ),
  },
  {
    name: 'a container that ran out of memory',
    make: pod(state({ terminated: { exitCode: 137, reason: 'OOMKilled' } })),
    says: failed(/killed for its memory limit/, /128Mi/),
  },
  {
    name: 'restarts of a container that runs',
    make: pod(
      state(
        { running: {} },
        {
          restartCount: 2,
          lastState: { terminated: { exitCode: 5, reason: 'Error', message: 'exchange: no' } },
        },
      ),
    ),
    says: said('warning', /restarted 2 times, the last time after exchange: no$/, /--previous$/),
  },
  {
    name: 'a pod that no node takes',
    make: pod({
      status: {
        phase: 'Pending',
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes fit' },
        ],
      },
    }),
    says: failed(/waits for a node: 0\/3 nodes fit/, /kubectl describe pod/),
  },
  {
    name: 'pods that the Pod Security Standard refuses',
    make: event({
      ...{ reason: 'FailedCreate', name: 'payment-6b7f' },
      message: 'pods "payment-6b7f-" is forbidden: violates PodSecurity "restricted:latest"',
    }),
    says: failed(
      /no pod of shop\/payment can be created: .*violates PodSecurity/,
      /fits the restricted standard/,
    ),
  },
  {
    name: 'pods that a quota refuses',
    make: event({ reason: 'FailedCreate', name: 'payment-6b7f', message: 'exceeded quota' }),
    says: failed(
      /no pod of shop\/payment can be created: exceeded quota/,
      /kubectl get events --namespace shop/,
    ),
  },
  {
    name: 'a reviewer that may not review, by the whole way alone',
    make: async ({ kubernetes }) => {
      const path = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings'
      const name = 'iam-ra-prod-vault-reviewer'
      const { metadata: _metadata, ...before } = await kubernetes.request('GET', `${path}/${name}`)
      await kubernetes.request('DELETE', `${path}/${name}`)
      return () => kubernetes.request('POST', path, { ...before, metadata: { name } })
    },
    args: ['--exchange'],
    says: { group: 'Exchange', sentence: /403|refused/, hint: /./ },
  },
  {
    name: 'a Deny that refuses the workload, by the whole way alone',
    make: (it) => trustPolicy(it, (all) => [...all, DENY]),
    args: ['--exchange'],
    says: { group: 'Exchange', sentence: /Unable to assume role/, hint: /./ },
  },
]
