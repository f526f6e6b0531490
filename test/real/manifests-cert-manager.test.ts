/** The objects for cert-manager against cert-manager's own definitions, and the sidecar that mounts what they make. */
import { dirname } from 'node:path/posix'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { requireServer } from '../rig/servers/build.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { installDefinitions } from './manifests/definitions.ts'
import { FIXTURES, refusal, render } from './manifests/kustomize.ts'
import { podOf, templateOf, type PodTemplate } from './manifests/pod.ts'
import { namespaceOf, startValidation, type Verdict } from './manifests/validation.ts'
import { appsWithToken, initContainer, sourceOf, taskOf, workloadsOf } from './manifests/workloads.ts'

const certManager = suite('manifests for cert-manager')

const server = await startValidation()
certManager.after(() => server.stop())
await server.apply(namespaceOf('restricted', EXAMPLE.namespace), { keep: true })
await installDefinitions(server, requireServer('cert-manager-crds'))

const manifests = render('k8s/examples/cert-manager')
const verdicts = await Promise.all(manifests.map((manifest) => server.apply(manifest)))
const [deployed] = (await workloadsOf(server, 'k8s/examples/sidecar')).values()
assert.ok(deployed)

interface Certificate {
  readonly secretName: string
  readonly issuerRef: { readonly name: string; readonly kind: string }
  readonly commonName: string
  readonly uris: readonly string[]
  readonly usages: readonly string[]
  readonly privateKey: Readonly<Record<string, unknown>>
  readonly duration: string
  readonly renewBefore: string
}

function objectOf(kind: string): Verdict['json'] {
  const found = verdicts.map(({ json }) => json).find((json) => json['kind'] === kind)
  assert.ok(found, kind)
  return found
}

function manifestOf(kind: string): string {
  const found = manifests.find((text) => text.includes(`\nkind: ${kind}\n`))
  assert.ok(found, kind)
  return found
}

const certificate = (): Certificate => objectOf('Certificate')['spec'] as Certificate

function template(): PodTemplate {
  const found = templateOf(objectOf('Deployment'))
  assert.ok(found)
  return found
}

certManager(
  'Issuer, Certificate and Deployment are accepted without a warning, the pod under restricted',
  async () => {
    for (const { status, warnings, json } of [
      ...verdicts,
      await server.apply(podOf(template(), 'pod-of-it', EXAMPLE.namespace)),
    ]) {
      assert.ok(status < 300, String(json['message']))
      assert.equal(warnings, [])
    }
    assert.is(verdicts.length, 3)
  },
)

certManager('the certificate has the names that the role’s trust policy asks for', () => {
  const { commonName, uris } = certificate()
  assert.is(commonName, EXAMPLE.commonName)
  assert.equal(uris, [EXAMPLE.uri])
  assert.is(template().spec.serviceAccountName, EXAMPLE.serviceAccount)
})

certManager('it is signed by the issuer beside it, for a signing key that changes with it', () => {
  const { issuerRef, usages, privateKey, duration, renewBefore } = certificate()
  const { metadata, spec } = objectOf('Issuer') as { metadata: { name: string }; spec: object }
  assert.equal([issuerRef.kind, issuerRef.name], ['Issuer', metadata.name])
  assert.equal(spec, { ca: { secretName: 'iam-ra-ca' } })
  assert.equal(usages, ['digital signature'])
  assert.equal(privateKey, { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' })
  // cert-manager takes no less than an hour and five minutes, and its webhook is not here to say so.
  const [life, ahead] = [duration, renewBefore].map((text) => Number(/^(\d+)h$/.exec(text)?.[1]))
  assert.ok(life !== undefined && ahead !== undefined && ahead >= 1 && ahead < life)
})

certManager(
  'the sidecar mounts the Certificate’s Secret as a whole, and reads it with no fsGroup and no Vault',
  async () => {
    const { spec } = template()
    const container = initContainer(template())
    const task = await taskOf(container)
    if (task.command !== 'serve') throw new Error(`expected serve, got ${task.command}`)
    const { certificate: files } = sourceOf(task.settings, 'mounted-certificate')
    const mount = container.volumeMounts?.find(({ name }) => name === 'iam-ra-certificate')
    assert.equal(mount, {
      name: 'iam-ra-certificate',
      mountPath: dirname(files.certificateFile),
      readOnly: true,
    })
    assert.equal(files, {
      certificateFile: '/etc/iam-ra/certificate/tls.crt',
      privateKeyFile: '/etc/iam-ra/certificate/tls.key',
    })
    const volume = spec.volumes?.find(({ name }) => name === 'iam-ra-certificate')
    assert.equal(volume?.['secret'], { secretName: certificate().secretName, defaultMode: 0o444 })
    assert.not.match(JSON.stringify(spec), /vault-ca|VAULT_|fsGroup|serviceAccountToken/)
  },
)

certManager('no app container mounts the key', () => {
  assert.equal(appsWithToken(template()), [])
  const { containers } = template().spec
  assert.not.match(JSON.stringify(containers), /iam-ra-certificate/)
})

certManager('the sidecar is that of sidecar/, but for where the certificate comes from', () => {
  const own = (one: PodTemplate): unknown => {
    const { env = [], volumeMounts = [], ...rest } = initContainer(one)
    const isSource = /^(VAULT_|POD_|CERT|PRIVATE_KEY|CLUSTER$|SERVICE_ACCOUNT)/
    const places = /vault|serviceaccount|certificate/
    return [
      rest,
      env.filter(({ name }) => !isSource.test(name)),
      volumeMounts.filter(({ mountPath }) => !places.test(mountPath)),
    ]
  }
  assert.equal(own(template()), own(deployed))
})

for (const [label, variable] of [
  ['serve', 'AWS_CONTAINER_CREDENTIALS_FULL_URI'],
  ['imds', 'AWS_EC2_METADATA_SERVICE_ENDPOINT'],
] as const) {
  certManager(`with ${label} every kind of workload gets it, and asks by ${variable}`, () => {
    const labelled = render(`${FIXTURES}/cert-manager-${label}`).filter((text) => /aws-iam-ra/.test(text))
    assert.is(labelled.length, 6)
    for (const text of labelled) {
      assert.match(text, /secretName: own-secret$/m)
      assert.is(text.split(`name: ${variable}`).length - 1, 2, 'once for each app container')
    }
  })
}

certManager('with metadata every kind of workload gets the address first', () => {
  const labelled = render(`${FIXTURES}/cert-manager-metadata`).filter((text) => /aws-iam-ra/.test(text))
  assert.is(labelled.length, 6)
  for (const text of labelled) {
    assert.match(text, /secretName: own-secret$/m)
    assert.match(text, /name: aws-iam-ra-address\n[^]*value: 169\.254\.169\.254:80\n[^]*name: aws-iam-ra\n/)
  }
})

certManager('without a Certificate kustomize says so', () => {
  assert.match(refusal(`${FIXTURES}/cert-manager-none`), /Certificate/)
})

const REFUSED: readonly (readonly [
  what: string,
  kind: string,
  from: string,
  to: string,
  sentence: RegExp,
])[] = [
  ['a misspelt field', 'Certificate', 'commonName:', 'commonname:', /commonname: field not declared/],
  ['an unknown algorithm', 'Certificate', ': ECDSA', ': EC', /algorithm: Unsupported value: "EC"/],
  ['an unknown rotation', 'Certificate', ': Always', ': Daily', /Policy: Unsupported value: "Daily"/],
  ['an unknown usage', 'Certificate', '- digital signature', '- signature', /usages\[0\]: Unsupported value/],
  ['no Secret', 'Certificate', '  secretName: iam-ra-vault-auth\n', '', /secretName: Required value/],
  ['a size in words', 'Certificate', 'size: 256', 'size: p256', /expected numeric.*got string/],
  ['a misspelt field', 'Issuer', 'secretName:', 'secret:', /secret: field not declared in schema/],
]
for (const [what, kind, from, to, sentence] of REFUSED) {
  certManager(`the definitions refuse ${what} in the ${kind}`, async () => {
    const manifest = manifestOf(kind)
    assert.ok(manifest.includes(from))
    const { status, json } = await server.apply(manifest.replace(from, to))
    assert.ok(status > 299)
    assert.match(String(json['message']), sentence)
  })
}

certManager.run()
