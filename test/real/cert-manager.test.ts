/** k8s/cert-manager as shipped, issued and renewed by cert-manager's own controllers, under a `serve` that apps ask. */
import { X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { createAuthority } from '../rig/emulators/authority.ts'
import { EXAMPLE, startStage } from '../rig/emulators/stage.ts'
import { scratchFolder } from '../rig/processes/process.ts'
import { startCertManager } from '../rig/servers/cert-manager.ts'
import { startKubernetes } from '../rig/servers/kubernetes.ts'
import { appEnv, startApp, type Answer, type App } from './interop/apps.ts'
import { startServing } from './interop/serving.ts'
import { render } from './manifests/kustomize.ts'

const { namespace } = EXAMPLE
const OBJECTS = `/apis/cert-manager.io/v1/namespaces/${namespace}`
const SECRETS = `/api/v1/namespaces/${namespace}/secrets`
/** SDKs ask again at every use for credentials that expire within five minutes. */
const NEAR_EXPIRY_SECONDS = 290
const ROTATIONS = 3

const certManager = suite('cert-manager')

const kubernetes = await startKubernetes()
certManager.after(() => kubernetes.stop())
const controllers = await startCertManager(kubernetes)
certManager.after(() => controllers.stop())

const authority = createAuthority({ commonName: 'Cluster CA', nowMs: Date.now() })

interface CertificateObject {
  readonly spec: { readonly secretName: string }
  readonly status?: { readonly conditions?: readonly Readonly<Record<string, unknown>>[] }
}

/** File names with their text. */
type Files = Readonly<Record<string, string>>

await kubernetes.request('POST', '/api/v1/namespaces', { metadata: { name: namespace } })
await kubernetes.request('POST', SECRETS, {
  metadata: { name: 'iam-ra-ca' },
  type: 'kubernetes.io/tls',
  stringData: {
    'tls.crt': authority.pem,
    'tls.key': authority.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  },
})
for (const manifest of render('k8s/cert-manager')) {
  const object = parse(manifest) as { readonly kind: string }
  await kubernetes.request('POST', `${OBJECTS}/${object.kind.toLowerCase()}s`, object)
}

async function certificate(): Promise<CertificateObject> {
  return (await kubernetes.request(
    'GET',
    `${OBJECTS}/certificates/vault-auth`,
  )) as unknown as CertificateObject
}

/** What cert-manager wrote, once its certificate is another one than that. */
async function issued(before?: Files): Promise<Files> {
  const { spec } = await certificate()
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const answer = await kubernetes.request('GET', SECRETS)
    const secrets = answer['items'] as { metadata: { name: string }; data: Record<string, string> }[]
    const data = secrets.find(({ metadata }) => metadata.name === spec.secretName)?.data ?? {}
    const files = Object.fromEntries(
      Object.entries(data).map(([name, text]) => [name, Buffer.from(text, 'base64').toString()]),
    )
    if (files['tls.crt'] && files['tls.crt'] !== before?.['tls.crt']) return files
    await delay(100)
  }
  throw new Error(`cert-manager issued nothing; it said last:\n${controllers.output().slice(-2000)}`)
}

/** As `cmctl renew` asks for it. */
async function renew(): Promise<void> {
  const current = await certificate()
  const others = (current.status?.conditions ?? []).filter(({ type }) => type !== 'Issuing')
  const asked = {
    ...{ type: 'Issuing', status: 'True', reason: 'ManuallyTriggered' },
    message: 'Certificate re-issuance manually triggered',
    lastTransitionTime: new Date().toISOString(),
  }
  await kubernetes.request('PUT', `${OBJECTS}/certificates/vault-auth/status`, {
    ...current,
    status: { ...current.status, conditions: [...others, asked] },
  })
}

/** A directory as the kubelet mounts a Secret: each file leads to one in `..data`, which is replaced as a whole. */
function mount(folder: string, files: Files): void {
  const version = mkdtempSync(join(folder, '..version-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(version, name), text)
  const next = join(folder, '..data_tmp')
  symlinkSync(version, next)
  renameSync(next, join(folder, '..data'))
}

function mounted(files: Files): string {
  const folder = join(scratchFolder('cert-manager-secret'), 'certificate')
  mkdirSync(folder)
  mount(folder, files)
  for (const name of Object.keys(files)) symlinkSync(join('..data', name), join(folder, name))
  return folder
}

function leafOf(files: Files): X509Certificate {
  return new X509Certificate(files['tls.crt'] ?? '')
}

/** In a session's name. */
function serialOf(files: Files): string {
  return leafOf(files).serialNumber.toLowerCase()
}

/** Uses the app 20 times a second until `end`. */
function askSteadily(app: App): { readonly answers: readonly Answer[]; end(): Promise<void> } {
  const answers: Answer[] = []
  const asked: Promise<unknown>[] = []
  const clock = setInterval(() => {
    asked.push(app.askOne({ app: 'kept' }).then((answer) => answers.push(answer)))
  }, 50)
  return {
    answers,
    async end() {
      clearInterval(clock)
      await Promise.all(asked)
    },
  }
}

async function untilSeen(answers: readonly Answer[], serial: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (answers.some((answer) => 'arn' in answer && answer.arn.endsWith(`/${serial}`))) return
    await delay(100)
  }
  throw new Error(`no answer of ${answers.length} has ${serial}: ${JSON.stringify(answers.at(-1))}`)
}

certManager('issues the names, the key and the usage that AWS needs', async () => {
  const leaf = leafOf(await issued())
  assert.is(leaf.subject, `CN=${EXAMPLE.commonName}`)
  assert.is(leaf.subjectAltName, `URI:${EXAMPLE.uri}`)
  assert.is(leaf.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  assert.ok(leaf.verify(authority.publicKey))
})

certManager('makes a new key at each renewal', async () => {
  const before = await issued()
  await renew()
  const after = await issued(before)
  assert.is.not(after['tls.key'], before['tls.key'])
  assert.ok(leafOf(after).verify(authority.publicKey))
})

certManager('rotates three times under an app that asks 20 times a second', async () => {
  const stage = await startStage({ profile: { durationSeconds: NEAR_EXPIRY_SECONDS } })
  stage.rolesAnywhereEmulator.options.anchors = [{ arn: EXAMPLE.anchorArn, certificates: [authority.pem] }]
  let files = await issued()
  const folder = mounted(files)
  const serving = await startServing(stage, {
    CERTIFICATE_FILE: join(folder, 'tls.crt'),
    PRIVATE_KEY_FILE: join(folder, 'tls.key'),
    VAULT_ADDR: '',
    VAULT_ROLE: '',
    VAULT_CERT_NAME: '',
    VAULT_CERT_CN: '',
    SERVICE_ACCOUNT_TOKEN_FILE: '',
  })
  const app = startApp('JavaScript SDK', {
    ...appEnv(stage, serving.folder),
    ...serving.appEnv('container endpoint'),
  })
  const serials = [serialOf(files)]
  try {
    await serving.untilReady()
    const asking = askSteadily(app)
    await untilSeen(asking.answers, serialOf(files))
    for (let rotation = 0; rotation < ROTATIONS; rotation += 1) {
      await renew()
      files = await issued(files)
      serials.push(serialOf(files))
      mount(folder, files)
      serving.hangUp()
      await untilSeen(asking.answers, serialOf(files))
    }
    await asking.end()
    assert.equal(
      asking.answers.filter((answer) => 'error' in answer),
      [],
    )
    assert.is(new Set(serials).size, ROTATIONS + 1)
  } finally {
    await app.end()
    await serving.stop()
    await stage.close()
  }
})

certManager.run()
