/** What an operator reads if kubectl fails: each failure is a real one of the real kubectl. */
import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ErrorCode, IamRaError } from '../../../src/errors.ts'
import type { KubectlOptions } from '../../../src/onboarding/kubernetes/call.ts'
import { labelsOf, type KubeObject } from '../../../src/onboarding/kubernetes/objects.ts'
import { exitOf } from '../../../src/operator/exits.ts'
import { pem } from '../../certs/read.ts'
import { startKubernetes } from '../../rig/servers/kubernetes.ts'
import { failing, operatorsKubectl } from './kubectl.ts'

const failures = suite('failures of the operator’s kubectl')

const kubernetes = await startKubernetes()
failures.after(() => kubernetes.stop())
const operator = operatorsKubectl(kubernetes.kubeconfig())

interface Kubeconfig {
  readonly server?: string
  readonly ca?: string
  readonly cluster?: object
  readonly user?: object
}

let files = 0
function kubeconfig({ server = kubernetes.url, ca = kubernetes.ca, cluster = {}, user }: Kubeconfig): string {
  const admin = JSON.parse(kubernetes.kubeconfig()) as { users: [{ name: string; user: object }] }
  const data = {
    server,
    ...(ca === '' ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
  }
  const text = JSON.stringify({
    ...admin,
    clusters: [{ name: 'admin', cluster: { ...data, ...cluster } }],
    ...(user === undefined ? {} : { users: [{ name: 'admin', user }] }),
  })
  return operator.write(`kubeconfig-${(files += 1)}`, text)
}

const exec = (command: string, script = ''): object => ({
  exec: {
    ...{ apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never' },
    ...{ command, args: ['-c', script] },
  },
})

const QUICK = { requestSeconds: 1, runMs: 60_000 }

function asking(
  options: Partial<KubectlOptions>,
  more: Readonly<Record<string, string>> = {},
): Promise<IamRaError> {
  return failing(operator.open(options, more).get({ kind: 'configmap', name: 'a', namespace: 'default' }))
}

function says(error: IamRaError, code: ErrorCode, message: RegExp, hint: RegExp): void {
  assert.is(exitOf(error), 7)
  assert.is(error.code, code)
  assert.match(error.message, message)
  assert.match(error.hint ?? '', hint)
}

async function withServer(server: net.Server, use: (port: number) => Promise<void>): Promise<void> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use((server.address() as AddressInfo).port)
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

failures('no kubectl', async () => {
  const error = await asking({}, { PATH: '/nowhere' })
  says(
    error,
    'INPUT_FILE',
    /^cannot read configmap\/a: there is no kubectl on PATH$/,
    /install kubectl 1\.24/,
  )
})

failures('no kubeconfig, by the server and by the file', async () => {
  const kubectl = operator.open({}, { KUBECONFIG: '/nowhere/kubeconfig' })
  for (const ask of [() => kubectl.get({ kind: 'pod', name: 'a' }), () => kubectl.context()]) {
    says(await failing(ask()), 'SETTINGS_INVALID', /there is no kubeconfig here/, /KUBECONFIG/)
  }
  const named = await asking({ kubeconfig: '/nowhere/kubeconfig' })
  says(named, 'INPUT_FILE', /the kubeconfig does not exist/, /--kubeconfig/)
})

failures('a kubeconfig that cannot be read', async () => {
  const error = await asking({ kubeconfig: operator.write('broken', '{{{') })
  says(
    error,
    'INPUT_FILE',
    /the kubeconfig cannot be used/,
    /kubectl --kubeconfig=\S+ --namespace=default config/,
  )
  const files = kubeconfig({ user: { 'client-certificate': '/nowhere.crt', 'client-key': '/nowhere.key' } })
  says(
    await asking({ kubeconfig: files }),
    'INPUT_FILE',
    /the kubeconfig cannot be used/,
    /the files that it names/,
  )
})

failures('an unknown context, by the server and by the file', async () => {
  const kubectl = operator.open({ context: 'staging' })
  for (const ask of [() => kubectl.get({ kind: 'pod', name: 'a' }), () => kubectl.context()]) {
    says(await failing(ask()), 'SETTINGS_INVALID', / in context staging: .* no such context/, /get-contexts/)
  }
})

failures('credentials that are not valid, or none', async () => {
  const garbage = await asking({ kubeconfig: kubeconfig({ user: { token: 'garbage' } }) })
  says(garbage, 'REFUSED', /credentials of this context have expired or are not valid/, /sign in again/)
  assert.is(garbage.status, 401)
  const none = await asking({ kubeconfig: kubeconfig({ user: {} }) })
  says(none, 'REFUSED', /the context has no credentials/, /--context/)
  assert.is(none.status, 401)
})

failures('a token of a service account that has expired', async () => {
  await kubernetes.makeServiceAccount('limited', 'expired')
  const token = await kubernetes.token('limited', 'expired', kubernetes.issuer)
  await kubernetes.request('DELETE', '/api/v1/namespaces/limited/serviceaccounts/expired')
  const error = await asking({ kubeconfig: kubeconfig({ user: { token } }) })
  says(error, 'REFUSED', /have expired or are not valid/, /sign in again/)
})

failures('an account that may not: which verb, on what, and how to check it', async () => {
  await kubernetes.makeServiceAccount('limited', 'weak')
  const user = { token: await kubernetes.token('limited', 'weak', kubernetes.issuer) }
  const kubectl = operator.open({ kubeconfig: kubeconfig({ user }) })
  const name = { kind: 'configmap', name: 'a', namespace: 'shop' }
  const read = await failing(kubectl.get(name))
  says(read, 'REFUSED', /get configmaps in namespace shop is not allowed$/, /auth can-i get configmaps$/)
  assert.is(read.status, 403)
  says(
    await failing(kubectl.list('pod', 'a=b')),
    'REFUSED',
    /: list pods is not allowed$/,
    /can-i list pods$/,
  )
  const token = await failing(kubectl.token({ namespace: 'limited', name: 'weak' }, 'vault', 600))
  says(token, 'REFUSED', /create serviceaccounts\/token in namespace limited is not allowed$/, /can-i create/)
  await kubernetes.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'reader' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }],
  })
  const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' }
  const subjects = [{ kind: 'ServiceAccount', namespace: 'limited', name: 'weak' }]
  await kubernetes.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    ...{ metadata: { name: 'weak' }, roleRef: role, subjects },
  })
  const change = async (): Promise<IamRaError> =>
    await failing(kubectl.apply([configMap({ namespace: 'default' })]))
  // RBAC is read from a cache, which follows.
  let error = await change()
  for (let left = 50; left > 0 && !error.message.includes('patch'); left -= 1) error = await change()
  says(error, 'REFUSED', /patch configmaps in namespace default is not allowed$/, /can-i patch configmaps$/)
})

failures('a server that cannot be reached, in each way', async () => {
  const at = (server: string): Promise<IamRaError> =>
    asking({ kubeconfig: kubeconfig({ server }), limits: QUICK })
  says(await at('https://127.0.0.1:1'), 'UNREACHABLE', /the API server cannot be reached/, /VPN/)
  says(await at('https://no-such-host.invalid'), 'UNREACHABLE', /host name is unknown here/, /VPN/)
  const proxied = await asking(
    { kubeconfig: kubeconfig({ server: 'https://k8s.example' }), limits: QUICK },
    { HTTPS_PROXY: 'http://127.0.0.1:1' },
  )
  says(proxied, 'UNREACHABLE', /the proxy cannot be reached/, /HTTPS_PROXY/)
})

failures('a server that says nothing', async () => {
  await withServer(net.createServer(), async (port) => {
    const file = kubeconfig({ server: `https://127.0.0.1:${port}` })
    const late = await asking({ kubeconfig: file, limits: QUICK })
    says(late, 'TIMEOUT', /the API server does not answer in time/, /firewalls/)
    const stopped = await asking({ kubeconfig: file, limits: { requestSeconds: 60, runMs: 500 } })
    says(stopped, 'TIMEOUT', /kubectl did not end in time and was stopped/, /get namespaces: the server/)
  })
})

failures('a server that an interrupt does not wait for', async () => {
  await withServer(net.createServer(), async (port) => {
    const stop = new AbortController()
    const file = kubeconfig({ server: `https://127.0.0.1:${port}` })
    const asked = operator.open({ kubeconfig: file, interrupt: stop.signal }).list('pod', 'a=b')
    const reason = new Error('stopped')
    stop.abort(reason)
    assert.is(await asked.catch((error: unknown) => error), reason)
  })
})

failures('TLS that does not fit', async () => {
  const ca = await asking({ kubeconfig: kubeconfig({ ca: pem('root') }) })
  says(ca, 'TLS', /the CA in the kubeconfig did not sign/, /get a new kubeconfig/)
  const name = await asking({ kubeconfig: kubeconfig({ cluster: { 'tls-server-name': 'other.example' } }) })
  says(name, 'TLS', /certificate has another name/, /tls-server-name/)
  const plain = kubernetes.url.replace('https:', 'http:')
  const scheme = await asking({ kubeconfig: kubeconfig({ server: plain, ca: '' }) })
  says(scheme, 'TLS', /does not speak what the address says/, /scheme and port/)
})

failures('something else that answers in its place', async () => {
  const answers: readonly (readonly [number, string, ErrorCode, RegExp])[] = [
    [200, '<html>sign in</html>', 'ANSWER_INVALID', /something else than an API server/],
    [503, '<html>busy</html>', 'UNAVAILABLE', /cannot answer now/],
    [429, '{}', 'THROTTLED', /asks to come back later/],
  ]
  for (const [status, body, code, message] of answers) {
    const server = http.createServer((_request, answer) => {
      answer.writeHead(status, { 'content-type': 'text/html' }).end(body)
    })
    await withServer(server, async (port) => {
      const file = kubeconfig({ server: `http://127.0.0.1:${port}`, ca: '' })
      says(await asking({ kubeconfig: file, limits: QUICK }), code, message, /./)
    })
  }
})

failures('a credential plug-in that is missing, fails, hangs or says something else', async () => {
  const by = (user: object, limits = QUICK): Promise<IamRaError> =>
    asking({ kubeconfig: kubeconfig({ user }), limits })
  says(await by(exec('no-such-plugin')), 'INPUT_FILE', /plugin no-such-plugin is missing/, /install/)
  const expired = await by(exec('sh', 'echo "Token has expired and refresh failed" >&2; exit 255'))
  says(expired, 'REFUSED', /its credential plugin sh failed/, /aws sso login/)
  assert.is(expired.problems[0], 'kubectl: Token has expired and refresh failed')
  says(await by(exec('sh', 'echo hello')), 'ANSWER_INVALID', /is not a credential/, /recreate the kubeconfig/)
  const hanging = await by(exec('sh', 'exec sleep 3'), { requestSeconds: 60, runMs: 500 })
  says(hanging, 'TIMEOUT', /did not end in time/, /waits for you to sign in/)
  const stale = `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"secret-of-a-plugin"}}'`
  const refused = await by(exec('sh', stale))
  says(refused, 'REFUSED', /have expired or are not valid/, /sign in again/)
  assert.not.match(JSON.stringify([refused.message, refused.problems]), /secret-of-a-plugin/)
})

function configMap({
  name = 'a',
  namespace = 'nowhere',
  ...others
}: Record<string, unknown> = {}): KubeObject {
  const labels = labelsOf({ installation: 'default', cluster: 'prod' })
  return {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', ...others },
    metadata: { name: name as string, namespace: namespace as string, labels },
  }
}

failures('objects that the cluster does not take', async () => {
  const kubectl = operator.open()
  const missing = await failing(kubectl.apply([configMap()]))
  says(
    missing,
    'REFUSED',
    /there is no namespace nowhere$/,
    /kubectl --namespace=nowhere create namespace nowhere$/,
  )
  assert.is(missing.status, 404)
  const inDefault = { namespace: 'default' }
  const field = await failing(kubectl.apply([configMap({ ...inDefault, dota: {} })]))
  says(field, 'REFUSED', /does not accept the object$/, /./)
  const kind = await failing(kubectl.apply([{ ...configMap(inDefault), apiVersion: 'no.example/v1' }]))
  says(kind, 'REFUSED', /does not have such objects$/, /install what defines them/)
  const nobody = await failing(kubectl.token({ namespace: 'default', name: 'nobody' }, 'vault', 600))
  says(nobody, 'REFUSED', /service account default\/nobody: it does not exist$/, /--k8s-namespace/)
  const unlisted = await failing(kubectl.list('vaultauth', 'a=b'))
  says(unlisted, 'REFUSED', /does not have such objects$/, /./)
})

failures('a Job that cannot be changed, with the command that deletes it', async () => {
  const kubectl = operator.open()
  const job = (image: string): KubeObject => {
    const containers = [{ name: 'a', image }]
    return {
      ...{
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: configMap({ name: 'once', namespace: 'default' }).metadata,
      },
      spec: { template: { spec: { restartPolicy: 'Never', containers } } },
    }
  }
  await kubectl.apply([job('a')])
  const error = await failing(kubectl.apply([job('b')]))
  says(error, 'REFUSED', /cannot be changed$/, /: kubectl --namespace=default delete job once$/)
})

failures('a quota that is used up, a policy, a namespace on its way out', async () => {
  const kubectl = operator.open()
  const hard = { 'count/configmaps': '0' }
  await kubernetes.request('POST', '/api/v1/namespaces', { metadata: { name: 'full' } })
  const quota = await kubernetes.request('POST', '/api/v1/namespaces/full/resourcequotas', {
    metadata: { name: 'none' },
    spec: { hard },
  })
  // No controller counts here.
  await kubernetes.request('PUT', '/api/v1/namespaces/full/resourcequotas/none/status', {
    ...quota,
    status: { hard, used: { 'count/configmaps': '0' } },
  })
  const full = await failing(kubectl.apply([configMap({ namespace: 'full' })]))
  says(full, 'REFUSED', /a ResourceQuota of the namespace is used up$/, /describe resourcequota/)
  await kubernetes.request('POST', '/api/v1/namespaces', {
    metadata: { name: 'guarded', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  })
  const pod = {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: configMap({ namespace: 'guarded' }).metadata },
    spec: { containers: [{ name: 'a', image: 'a' }] },
  }
  says(
    await failing(kubectl.apply([pod])),
    'REFUSED',
    /Pod Security Standard .* forbids this pod$/,
    /restricted/,
  )
  await kubernetes.request('DELETE', '/api/v1/namespaces/guarded')
  const leaving = await failing(kubectl.apply([configMap({ namespace: 'guarded' })]))
  says(leaving, 'REFUSED', /the namespace is being deleted$/, /wait/)
})

failures('a kubectl that lacks a command of ours', async () => {
  const old = operator.write('kubectl', '#!/bin/sh\nexec /usr/bin/env PATH="$REAL" kubectl create tokens x\n')
  chmodSync(old, 0o700)
  const PATH = `${operator.env['HOME'] ?? ''}:/usr/bin:/bin`
  const kubectl = operator.open({}, { PATH, REAL: operator.env['PATH'] ?? '' })
  const error = await failing(kubectl.token({ namespace: 'default', name: 'a' }, 'vault', 600))
  says(error, 'SETTINGS_INVALID', /this kubectl is too old$/, /1\.24 or newer/)
})

failures.run()
