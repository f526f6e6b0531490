/** etcd, kube-apiserver, controller manager and scheduler on the node's own address. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireServer } from '../rig/servers/build.ts'
import { createAuthority, pemOf, randomSerial } from '../rig/emulators/authority.ts'
import { signCertificate } from '../rig/emulators/certificate.ts'
import { api, type ApiAnswer } from '../rig/servers/api.ts'
import { startProcess, untilReady, type ServerProcess } from '../rig/processes/process.ts'
import { ADDRESSES, RUN } from './ground.ts'

export const API_URL = `https://${ADDRESSES.node}:6443`
export const NODE = 'node-1'
const FOLDER = join(RUN, 'kubernetes')

/** Who may come with which groups; each has a kubeconfig of its own. */
const USERS = {
  admin: ['admin', 'system:masters'],
  kubelet: [`system:node:${NODE}`, 'system:nodes'],
  'kube-scheduler': ['system:kube-scheduler', ''],
  'kube-controller-manager': ['system:kube-controller-manager', ''],
} as const
type User = keyof typeof USERS

export interface ControlPlane {
  /** PEM: what the API server's certificate is checked with. */
  readonly ca: string
  /** PEM: what the API server's own client certificate is checked with, by the kubelet. */
  readonly clientCaFile: string
  kubeconfig(user: User): string
  /** As cluster-admin. @throws Error that names path, status and reason, for an answer above 299 */
  request(method: string, path: string, body?: object): Promise<ApiAnswer['json']>
  stop(): Promise<void>
}

export async function startControlPlane(): Promise<ControlPlane> {
  mkdirSync(FOLDER, { recursive: true })
  const file = (name: string): string => join(FOLDER, name)
  const tokens = new Map(Object.keys(USERS).map((user) => [user, randomBytes(16).toString('hex')]))
  const tokenLines = Object.entries(USERS).map(
    ([user, [name, group]]) => `${tokens.get(user) ?? ''},${name},${user}${group === '' ? '' : `,${group}`}`,
  )
  writeFileSync(file('tokens.csv'), tokenLines.join('\n'), { mode: 0o600 })
  writeServiceAccountKey(file)
  const clientCaFile = writeKubeletClient(file)

  const servers: ServerProcess[] = []
  const start = (name: Parameters<typeof requireServer>[0], args: readonly string[]): ServerProcess => {
    const server = startProcess(requireServer(name), args, { HOME: FOLDER, PATH: '/usr/bin:/bin' })
    servers.push(server)
    return server
  }
  const stop = async (): Promise<void> => {
    for (const server of servers.splice(0).reverse()) await server.stop()
  }
  try {
    const etcd = start('etcd', [`--data-dir=${file('etcd')}`, '--unsafe-no-fsync', '--log-level=error'])
    await untilReady(
      'etcd',
      etcd,
      async () => (await api('GET', 'http://127.0.0.1:2379/health')).status === 200,
    )
    const apiserver = start('kube-apiserver', [
      '--etcd-servers=http://127.0.0.1:2379',
      `--bind-address=${ADDRESSES.node}`,
      `--advertise-address=${ADDRESSES.node}`,
      `--cert-dir=${FOLDER}`,
      `--token-auth-file=${file('tokens.csv')}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${file('service-account.pub')}`,
      `--service-account-signing-key-file=${file('service-account.key')}`,
      `--kubelet-client-certificate=${file('kubelet-client.crt')}`,
      `--kubelet-client-key=${file('kubelet-client.key')}`,
    ])
    const headers = { Authorization: `Bearer ${tokens.get('admin') ?? ''}` }
    const certificate = (): string => readFileSync(file('apiserver.crt'), 'utf8')
    await untilReady(
      'kube-apiserver',
      apiserver,
      async () => (await api('GET', `${API_URL}/readyz`, { headers, ca: certificate() })).status === 200,
    )
    const ca = certificate()
    for (const user of Object.keys(USERS)) {
      writeFileSync(file(`${user}.kubeconfig`), kubeconfig(ca, tokens.get(user) ?? ''), { mode: 0o600 })
    }
    start('kube-controller-manager', [
      `--kubeconfig=${file('kube-controller-manager.kubeconfig')}`,
      `--root-ca-file=${file('apiserver.crt')}`,
      '--use-service-account-credentials',
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
    ])
    start('kube-scheduler', [
      `--kubeconfig=${file('kube-scheduler.kubeconfig')}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
    ])
    return {
      ca,
      clientCaFile,
      kubeconfig: (user) => file(`${user}.kubeconfig`),
      request: async (method, path, body) => {
        const answer = await api(method, `${API_URL}${path}`, { headers, ca, body })
        if (answer.status <= 299) return answer.json
        throw new Error(
          `kube-apiserver answered ${answer.status} to ${method} ${path}: ${String(answer.json['message'])}`,
        )
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function writeServiceAccountKey(file: (name: string) => string): void {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  writeFileSync(file('service-account.pub'), publicKey)
  writeFileSync(file('service-account.key'), privateKey, { mode: 0o600 })
}

/** What the API server shows to the kubelet, so that `kubectl exec` and `kubectl logs` work. @returns the CA's file */
function writeKubeletClient(file: (name: string) => string): string {
  const nowMs = Date.now()
  const authority = createAuthority({ commonName: 'Clients of the kubelet', nowMs })
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const der = signCertificate(
    {
      subject: [
        ['O', 'system:masters'],
        ['CN', 'kube-apiserver'],
      ],
      publicKey,
      serial: randomSerial(),
      notBeforeMs: nowMs - 3600_000,
      notAfterMs: nowMs + 24 * 3600_000,
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['clientAuth'],
    },
    authority,
  )
  writeFileSync(file('kubelet-client.crt'), pemOf('CERTIFICATE', der))
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
  writeFileSync(file('kubelet-client.key'), key, { mode: 0o600 })
  writeFileSync(file('kubelet-client-ca.crt'), authority.pem)
  return file('kubelet-client-ca.crt')
}

/** JSON is YAML too. */
function kubeconfig(ca: string, token: string): string {
  const name = 'node'
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: { server: API_URL, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
      },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  })
}
