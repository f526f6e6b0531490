/** A real kube-apiserver on a real etcd: what issues service-account tokens, and what Vault asks about them. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireServer, type ServerName } from './build.ts'
import { startEtcd } from './etcd.ts'
import { api, type ApiAnswer } from './api.ts'
import {
  freePort,
  scratchFolder,
  startProcess,
  untilReady,
  type ServerProcess,
} from '../processes/process.ts'

export type ApiServerName = Extract<ServerName, `kube-apiserver${string}`>

export interface KubernetesOptions {
  readonly issuer?: string
  /** Default `kube-apiserver`. */
  readonly apiserver?: ApiServerName
  /** Further arguments of the API server. */
  readonly args?: readonly string[]
  /** Off by default, as no controller makes default service accounts here. */
  readonly hasAccountPlugin?: boolean
}

export interface Kubernetes {
  readonly url: string
  /** PEM: what signed the apiserver's certificate. */
  readonly ca: string
  readonly issuer: string
  /** The API server's process. */
  readonly pid: number
  /** PEM of the key pair that signs service-account tokens. */
  readonly tokenKey: { readonly publicKey: string; readonly privateKey: string }
  /** As cluster-admin. @throws Error that names path, status and reason, for an answer above 299 */
  request(method: string, path: string, body?: object): Promise<ApiAnswer['json']>
  makeServiceAccount(namespace: string, name: string): Promise<void>
  /** By the TokenRequest API. @param seconds 600 at least */
  token(namespace: string, name: string, audience: string, seconds?: number): Promise<string>
  /** Lets the account ask the TokenReview API, as Vault's reviewer must. */
  allowReview(namespace: string, name: string): Promise<void>
  /** For kubectl, as cluster-admin or with another token. */
  kubeconfig(options?: { readonly context?: string; readonly token?: string }): string
  /** Kills the API server and starts it again at the same address, on the same etcd. */
  restart(): Promise<void>
  /** One more API server on the same etcd, with the same keys. `stop` of the first stops it too. */
  beside(apiserver: ApiServerName): Promise<Kubernetes>
  stop(): Promise<void>
}

const ADMIN_TOKEN = 'test-admin-of-a-server-on-loopback'

const ISSUER = 'https://kubernetes.default.svc.cluster.local'

export async function startKubernetes(options: KubernetesOptions = {}): Promise<Kubernetes> {
  const { issuer = ISSUER, apiserver = 'kube-apiserver', args = [], hasAccountPlugin = false } = options
  const folder = scratchFolder('kubernetes')
  const servers: ServerProcess[] = []
  const stop = async (): Promise<void> => {
    for (const server of servers.reverse()) await server.stop()
  }
  try {
    const { tokenKey, files } = writeKeys(folder)
    const etcdUrl = await startEtcd(folder, servers)
    return await startApiServer(apiserver, {
      ...{ issuer, tokenKey, stop, servers, folder },
      args: [
        `--etcd-servers=${etcdUrl}`,
        '--bind-address=127.0.0.1',
        '--advertise-address=127.0.0.1',
        // From 1.37 on the Service `kubernetes` may not lead to loopback. Nothing here uses it.
        '--endpoint-reconciler-type=none',
        `--token-auth-file=${files.tokens}`,
        '--authorization-mode=RBAC',
        '--allow-privileged',
        '--service-cluster-ip-range=10.96.0.0/16',
        `--service-account-issuer=${issuer}`,
        `--service-account-key-file=${files.publicKey}`,
        `--service-account-signing-key-file=${files.key}`,
        ...(hasAccountPlugin ? [] : ['--disable-admission-plugins=ServiceAccount']),
        ...args,
      ],
    })
  } catch (error) {
    await stop()
    throw error
  }
}

interface Shared extends Pick<Kubernetes, 'issuer' | 'tokenKey' | 'stop'> {
  readonly folder: string
  /** etcd and the API servers, in the order of their start. */
  readonly servers: ServerProcess[]
  readonly args: readonly string[]
}

async function startApiServer(name: ApiServerName, shared: Shared): Promise<Kubernetes> {
  const port = await freePort()
  const url = `https://127.0.0.1:${port}`
  const folder = mkdtempSync(join(shared.folder, 'apiserver-'))
  const certificate = (): string => readFileSync(join(folder, 'apiserver.crt'), 'utf8')
  const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` }
  const start = async (): Promise<ServerProcess> => {
    const server = startProcess(requireServer(name), [
      ...shared.args,
      `--secure-port=${port}`,
      `--cert-dir=${folder}`,
    ])
    shared.servers.push(server)
    await untilReady(
      name,
      server,
      async () => (await api('GET', `${url}/readyz`, { headers, ca: certificate() })).status === 200,
    )
    return server
  }
  let running = await start()
  const ca = certificate()
  const request = async (method: string, path: string, body?: object): Promise<ApiAnswer['json']> => {
    const answer = await api(method, `${url}${path}`, { headers, ca, body })
    if (answer.status > 299) {
      throw new Error(
        `kube-apiserver answered ${answer.status} to ${method} ${path}: ${String(answer.json['message'])}`,
      )
    }
    return answer.json
  }
  const { issuer, tokenKey, stop } = shared
  return {
    ...{ url, ca, issuer, tokenKey, request, stop },
    get pid() {
      return running.pid ?? 0
    },
    ...accounts(request),
    kubeconfig: ({ context = 'admin', token = ADMIN_TOKEN } = {}) =>
      kubeconfigOf({ url, ca, context, token }),
    async restart() {
      await running.kill()
      running = await start()
    },
    beside: (other) => startApiServer(other, shared),
  }
}

interface Keys extends Pick<Kubernetes, 'tokenKey'> {
  readonly files: Readonly<Record<'key' | 'publicKey' | 'tokens', string>>
}

function writeKeys(folder: string): Keys {
  const tokenKey = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const files = {
    key: join(folder, 'service-account.key'),
    publicKey: join(folder, 'service-account.pub'),
    tokens: join(folder, 'tokens.csv'),
  }
  writeFileSync(files.key, tokenKey.privateKey, { mode: 0o600 })
  writeFileSync(files.publicKey, tokenKey.publicKey)
  writeFileSync(files.tokens, `${ADMIN_TOKEN},admin,admin,system:masters\n`, { mode: 0o600 })
  return { tokenKey, files }
}

/** A kubeconfig is YAML, and JSON is YAML. */
function kubeconfigOf({
  url,
  ca,
  context,
  token,
}: Pick<Kubernetes, 'url' | 'ca'> & { readonly context: string; readonly token: string }): string {
  const data = Buffer.from(ca).toString('base64')
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': context },
    clusters: [{ name: context, cluster: { server: url, 'certificate-authority-data': data } }],
    users: [{ name: context, user: { token } }],
    contexts: [{ name: context, context: { cluster: context, user: context } }],
  })
}

function accounts(
  request: Kubernetes['request'],
): Pick<Kubernetes, 'makeServiceAccount' | 'token' | 'allowReview'> {
  return {
    async makeServiceAccount(namespace, name) {
      const known = await request('GET', '/api/v1/namespaces')
      const names = (known['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name)
      if (!names.includes(namespace)) {
        await request('POST', '/api/v1/namespaces', { metadata: { name: namespace } })
      }
      await request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } })
    },
    async token(namespace, name, audience, seconds = 600) {
      const answer = await request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
        spec: { audiences: [audience], expirationSeconds: seconds },
      })
      return (answer['status'] as { token: string }).token
    },
    async allowReview(namespace, name) {
      await request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        metadata: { name: `review-${namespace}-${name}` },
        roleRef: {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'ClusterRole',
          name: 'system:auth-delegator',
        },
        subjects: [{ kind: 'ServiceAccount', namespace, name }],
      })
    },
  }
}
