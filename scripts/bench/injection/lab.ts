/**
 * Three API servers of one version on loopback: one with nothing, one with the policies, one with the webhook, so that no
 * subject pays for another's selectors.
 */
import { fork } from 'node:child_process'
import https from 'node:https'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { createAuthority, serverCertificate } from '../../../test/rig/emulators/authority.ts'
import { versionOf } from '../../../test/rig/servers/build.ts'
import { startKubernetes, type ApiServerName, type Kubernetes } from '../../../test/rig/servers/kubernetes.ts'
import {
  ADMISSION,
  exported,
  runOn,
  startCluster,
  tokenOf,
  type Pod,
} from '../../../test/real/injection/cluster.ts'
import { createdBy, type Target } from './load.ts'
import { addedTo, type Added } from './patch.ts'
import { podOf } from './pod.ts'
import type { SubjectName } from './results.ts'
import type { Setup } from './webhook.ts'

export interface Subject {
  readonly target: Target
  readonly apiServer: number
  readonly webhook?: number
}

export interface Lab {
  readonly version: string
  readonly subjects: Readonly<Record<SubjectName, Subject>>
  stop(): Promise<void>
}

const PERMITTED = { 'iam.amazonaws.com/permitted': 'arn:aws:iam::[0-9]{12}:role/frontend-.*' }

const API_SERVERS = {
  '1.37': 'kube-apiserver-1.37',
  '1.36': 'kube-apiserver',
} as const satisfies Readonly<Record<string, ApiServerName>>

export const VERSIONS = ['1.37', '1.36'] as const

/** @throws Error if the webhook's pods are not those of the policies */
export async function startLab(minor: keyof typeof API_SERVERS): Promise<Lab> {
  const apiserver = API_SERVERS[minor]
  runOn(minor)
  const stops: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const one of stops.reverse()) await one()
  }
  try {
    const bare = await startKubernetes({ apiserver })
    stops.push(bare.stop)
    const cluster = await startCluster()
    stops.push(cluster.kubernetes.stop)
    const hooked = await startKubernetes({ apiserver })
    stops.push(hooked.stop)
    await bare.request('POST', '/api/v1/namespaces', { metadata: { name: 'none' } })
    await cluster.namespace('policies', PERMITTED)
    const none = subjectOf(bare, 'none', false)
    const asks = subjectOf(cluster.kubernetes, 'policies', true)
    const added = addedTo(await createdBy(none.target), await createdBy(asks.target))
    const webhook = await startWebhook(added)
    stops.push(webhook.stop)
    await addWebhooks(hooked, webhook)
    const hookedSubject = (namespace: string, isAsking: boolean): Subject => ({
      ...subjectOf(hooked, namespace, isAsking),
      webhook: webhook.pid,
    })
    const subjects = {
      none,
      'policies asks': asks,
      'webhook asks': hookedSubject('webhook', true),
      'usual asks': hookedSubject('usual', true),
      'policies plain': subjectOf(cluster.kubernetes, 'policies', false),
      'webhook plain': hookedSubject('webhook', false),
      'usual plain': hookedSubject('usual', false),
    }
    await compare(subjects)
    return { version: versionOf(apiserver), subjects, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function subjectOf(kubernetes: Kubernetes, namespace: string, isAsking: boolean): Subject {
  const { url, ca, pid } = kubernetes
  return {
    apiServer: pid,
    target: {
      agent: new https.Agent({ keepAlive: true, ca }),
      url: `${url}/api/v1/namespaces/${namespace}/pods?dryRun=All`,
      ...{ token: tokenOf(kubernetes), isInjected: isAsking },
      body: JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...podOf(isAsking) }),
    },
  }
}

interface Webhook {
  readonly pid: number
  readonly url: string
  readonly ca: string
  stop(): Promise<void>
}

async function startWebhook(added: Added): Promise<Webhook> {
  const nowMs = Date.now()
  const authority = createAuthority({ commonName: 'webhook', nowMs })
  const child = fork(join(import.meta.dirname, 'webhook.ts'), { env: {} })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const port = new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number))
    child.once('close', () => reject(new Error('the webhook of the bench ended at once')))
  })
  child.send({ ...serverCertificate(authority, nowMs), added } satisfies Setup)
  return {
    pid: child.pid ?? 0,
    url: `https://127.0.0.1:${await port}/`,
    ca: authority.pem,
    async stop() {
      child.kill()
      await closed
    },
  }
}

async function addWebhooks(kubernetes: Kubernetes, { url, ca }: Webhook): Promise<void> {
  const asks = "'iam.amazonaws.com/role' in object.metadata.?annotations.orValue({})"
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }]
  for (const [name, conditions] of [
    ['webhook', { matchConditions: [{ name: 'asks', expression: asks }] }],
    ['usual', {}],
  ] as const) {
    await kubernetes.request('POST', '/api/v1/namespaces', { metadata: { name, labels: { hook: name } } })
    await kubernetes.request('POST', `${ADMISSION}/mutatingwebhookconfigurations`, {
      metadata: { name },
      webhooks: [
        {
          name: `${name}.bench.example`,
          clientConfig: { url, caBundle: Buffer.from(`${ca}\n`).toString('base64') },
          ...{ rules, ...conditions, failurePolicy: 'Fail', sideEffects: 'None' },
          ...{ reinvocationPolicy: 'IfNeeded', admissionReviewVersions: ['v1'] },
          namespaceSelector: { matchLabels: { hook: name } },
        },
      ],
    })
  }
}

async function compare(subjects: Lab['subjects']): Promise<void> {
  const pods = { asks: await injected(subjects['policies asks']), plain: await injected(subjects.none) }
  for (const [name, subject] of Object.entries(subjects)) {
    const pod = subject.target.isInjected ? pods.asks : pods.plain
    if (!isDeepStrictEqual(await injected(subject), pod))
      throw new Error(`the bench compares unlike things: another pod comes out of ${name}`)
  }
}

/** A new configuration is in force after a moment. */
async function injected({ target }: Subject): Promise<Pod> {
  for (const deadline = Date.now() + 30_000; ;) {
    try {
      return exported(await createdBy(target))
    } catch (error) {
      if (Date.now() > deadline) throw error
      await delay(100)
    }
  }
}
