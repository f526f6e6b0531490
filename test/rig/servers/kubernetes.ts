/** A real kube-apiserver on a real etcd: what issues service-account tokens, and what Vault asks about them. */
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireServer } from './build.ts'
import { startEtcd } from './etcd.ts'
import { api, type ApiAnswer } from './api.ts'
import {
  freePort,
  scratchFolder,
  startProcess,
  untilReady,
  type ServerProcess,
} from '../processes/process.ts'

export interface Kubernetes {
  readonly url: string
  /** PEM: what signed the apiserver's certificate. */
  readonly ca: string
  readonly issuer: string
  /** The kube-apiserver's process. */
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
  stop(): Promise<void>
}

const ADMIN_TOKEN = 'test-admin-of-a-server-on-loopback'

/** @param hasAccountPlugin off by default, as no controller makes default service accounts here */
export async function startKubernetes(
  issuer = 'https://kubernetes.default.svc.cluster.local',
  hasAccountPlugin = false,
): Promise<Kubernetes> {
  const folder = scratchFolder('kubernetes')
  const tokenKey = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const keyFile = join(folder, 'service-account.key')
  const publicKeyFile = join(folder, 'service-account.pub')
  const tokensFile = join(folder, 'tokens.csv')
  writeFileSync(keyFile, tokenKey.privateKey, { mode: 0o600 })
  writeFileSync(publicKeyFile, tokenKey.publicKey)
  writeFileSync(tokensFile, `${ADMIN_TOKEN},admin,admin,system:masters\n`, { mode: 0o600 })

  const port = await freePort()
  const servers: ServerProcess[] = []
  const stop = async (): Promise<void> => {
    for (const server of servers.reverse()) await server.stop()
  }
  try {
    const etcdUrl = await startEtcd(folder, servers)
    const apiserver = startProcess(requireServer('kube-apiserver'), [
      `--etcd-servers=${etcdUrl}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${folder}`,
      `--token-auth-file=${tokensFile}`,
      '--authorization-mode=RBAC',
      '--allow-privileged',
      '--service-cluster-ip-range=10.96.0.0/16',
      `--service-account-issuer=${issuer}`,
      `--service-account-key-file=${publicKeyFile}`,
      `--service-account-signing-key-file=${keyFile}`,
      ...(hasAccountPlugin ? [] : ['--disable-admission-plugins=ServiceAccount']),
    ])
    servers.push(apiserver)
    const url = `https://127.0.0.1:${port}`
    const certificate = (): string => readFileSync(join(folder, 'apiserver.crt'), 'utf8')
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` }
    await untilReady(
      'kube-apiserver',
      apiserver,
      async () => (await api('GET', `${url}/readyz`, { headers, ca: certificate() })).status === 200,
    )
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
    return {
      ...{ url, ca, issuer, tokenKey, request, stop, pid: apiserver.pid ?? 0 },
      ...accounts(request),
      kubeconfig: ({ context = 'admin', token = ADMIN_TOKEN } = {}) =>
        kubeconfigOf({ url, ca, context, token }),
    }
  } catch (error) {
    await stop()
    throw error
  }
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
