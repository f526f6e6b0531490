/** What can be wrong in the cluster. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clusterWords, NO_KUBECTL, type Fault, type Make } from './fault.ts'
import { NAMESPACE, SYSTEM } from './set-up.ts'

type Data = Readonly<Record<string, unknown>>

/** @param path of the object @param change of its data; undefined deletes it */
function object(path: string, change: Data | undefined): Make {
  const collection = path.slice(0, path.lastIndexOf('/'))
  return async ({ kubernetes }) => {
    const found = await kubernetes.request('GET', path)
    const { name, namespace, labels } = found['metadata'] as Data
    const before = { ...found, metadata: { name, namespace, labels } }
    if (change === undefined) {
      await kubernetes.request('DELETE', path)
      return () => kubernetes.request('POST', collection, before)
    }
    const data = { ...(found['data'] as Data), ...change }
    await kubernetes.request('PUT', path, { ...before, data })
    return () => kubernetes.request('PUT', path, before)
  }
}

/** The operator's kubeconfig with a token of this account, or with one that nobody has. */
function asAccount(namespace: string, name: string | undefined): Make {
  return async ({ kubernetes, home, env }) => {
    const token = name === undefined ? 'expired' : await kubernetes.token(namespace, name, kubernetes.issuer)
    const file = join(home, 'other-kubeconfig')
    writeFileSync(file, kubernetes.kubeconfig({ token }), { mode: 0o600 })
    const before = env['KUBECONFIG']
    Object.assign(env, { KUBECONFIG: file })
    return () => Object.assign(env, { KUBECONFIG: before })
  }
}

const MARK = `/api/v1/namespaces/${SYSTEM}/configmaps/iam-ra`
const CONFIG = `/api/v1/namespaces/${NAMESPACE}/configmaps/payment-iam-ra-config`
const ACCOUNT = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/payment`
const failed = (sentence: RegExp, hint: RegExp) => ({ group: 'Cluster', sentence, hint })
const skipped = (sentence: RegExp, hint: RegExp) => ({ group: 'Cluster', state: 'skipped', sentence, hint })
const ONBOARD = /^iam-ra k8s onboard payment --cluster prod .* \| kubectl apply -f -/

export const CLUSTER_FAULTS: readonly Fault[] = [
  {
    name: 'no kubectl, without a verdict',
    env: NO_KUBECTL,
    says: skipped(/no kubectl on PATH: this is no verdict on the cluster/, /install kubectl/),
  },
  {
    name: 'no kubeconfig, without a verdict',
    env: { KUBECONFIG: '/nowhere' },
    says: skipped(/no kubeconfig here.*: this is no verdict on the cluster/, /KUBECONFIG/),
  },
  {
    name: 'a context that is not there',
    args: ['--context', 'nowhere'],
    says: failed(/the kubeconfig has no such context/, /get-contexts/),
  },
  {
    name: 'credentials of kubectl that have expired',
    make: asAccount(NAMESPACE, undefined),
    says: failed(/credentials of this context have expired/, /sign in again/),
  },
  {
    name: 'an operator who may not look at the cluster',
    make: asAccount(NAMESPACE, 'payment'),
    says: {
      group: 'Cluster',
      state: 'unknown',
      sentence: /is not allowed/,
      hint: /auth can-i get configmaps/,
    },
  },
  {
    name: 'a cluster without its namespace',
    make: clusterWords({ namespace: 'gone' }),
    says: failed(
      /^context admin has no namespace gone, where cluster prod has its objects$/,
      /k8s setup prod/,
    ),
  },
  {
    name: 'a cluster that was not set up',
    make: object(MARK, undefined),
    says: failed(/^namespace iam-ra-system has no ConfigMap iam-ra/, /k8s setup prod .* \| kubectl apply/),
  },
  {
    name: 'a context of another cluster',
    make: object(MARK, { cluster: 'staging' }),
    says: failed(/^context admin is cluster staging, not prod/, /--context/),
  },
  {
    name: 'a workload without its ServiceAccount',
    make: object(ACCOUNT, undefined),
    says: failed(/^namespace shop has no ServiceAccount payment$/, ONBOARD),
  },
  {
    name: 'a workload without its ConfigMap',
    make: object(CONFIG, undefined),
    says: failed(/^namespace shop has no ConfigMap payment-iam-ra-config$/, ONBOARD),
  },
  {
    name: 'a ConfigMap with the ARN of a role that is no more',
    make: object(CONFIG, { ROLE_ARN: 'arn:aws:iam::111122223333:role/old' }),
    says: failed(
      /^ConfigMap payment-iam-ra-config of shop has another ROLE_ARN than AWS: arn:aws:iam::111122223333:role\/old/,
      ONBOARD,
    ),
  },
  {
    name: 'a ConfigMap without the trust anchor',
    make: object(CONFIG, { TRUST_ANCHOR_ARN: null }),
    says: failed(/another TRUST_ANCHOR_ARN than AWS: \(nothing\)/, ONBOARD),
  },
]
