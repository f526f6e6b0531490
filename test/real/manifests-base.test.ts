/** What base/ makes of workloads that know nothing of it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FIXTURES, refusal, render } from './manifests/kustomize.ts'
import type { PodTemplate } from './manifests/pod.ts'
import { namespaceOf, startValidation } from './manifests/validation.ts'
import { appsWithToken, initContainer, settingsOf, sourceOf, workloadsOf } from './manifests/workloads.ts'

const base = suite('manifests: the component for one’s own workloads')

const server = await startValidation()
await server.apply(namespaceOf('restricted'), { keep: true })
await server.apply(namespaceOf('baseline', 'frontend'), { keep: true })
base.after(() => server.stop())

const workloads = await workloadsOf(server, `${FIXTURES}/workloads`)
const labelled = [...workloads].flatMap(([name, template]) => (name === 'unlabelled' ? [] : [template]))

function templateNamed(name: string): PodTemplate {
  const template = workloads.get(name)
  assert.ok(template)
  return template
}

base(
  'a Deployment, StatefulSet, DaemonSet, Job, CronJob and Pod get the same init container, before their own',
  () => {
    assert.is(labelled.length, 6)
    const [one, ...others] = labelled
    assert.ok(one)
    for (const other of others) assert.equal(initContainer(other), initContainer(one))
    const job = templateNamed('job').spec.initContainers?.map(({ name }) => name)
    assert.equal(job, ['aws-iam-ra', 'migration'])
  },
)

base('the init container is closed by itself, whatever the pod says', () => {
  for (const template of labelled) {
    assert.equal(initContainer(template).securityContext, {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    assert.equal(initContainer(template).resources, {
      limits: { memory: '128Mi' },
      requests: { cpu: '50m', memory: '64Mi' },
    })
  }
})

base('every app container gets the folder, read-only, and the variable, beside what it had', () => {
  for (const template of labelled) {
    assert.equal(
      template.spec.containers.map(({ name }) => name),
      ['bare', 'full'],
    )
    for (const { env = [], volumeMounts = [] } of template.spec.containers) {
      const set = env.find(({ name }) => name === 'AWS_SHARED_CREDENTIALS_FILE')
      assert.is(set?.value, '/srv/app/.aws/credentials')
      const mount = volumeMounts.find(({ name }) => name === 'iam-ra-credentials')
      assert.equal(mount, { name: 'iam-ra-credentials', mountPath: '/srv/app/.aws', readOnly: true })
    }
    const [, full] = template.spec.containers
    assert.ok(full)
    assert.is(full.env?.find(({ name }) => name === 'FIRST')?.value, 'one')
    assert.is(full.volumeMounts?.find(({ name }) => name === 'scratch')?.mountPath, '/scratch')
  }
})

base('no app container has a token, and the API server’s is not mounted at all', () => {
  for (const template of labelled) {
    assert.is(template.spec.automountServiceAccountToken, false)
    assert.equal(appsWithToken(template), [])
  }
})

base('credentials stay in memory with a bound, and the token is Vault’s alone and short-lived', () => {
  for (const template of labelled) {
    const volumes = new Map(template.spec.volumes?.map((volume) => [volume.name, volume]))
    assert.equal(volumes.get('iam-ra-credentials')?.['emptyDir'], { medium: 'Memory', sizeLimit: '1Mi' })
    assert.equal((volumes.get('iam-ra-token')?.['projected'] as { sources: unknown }).sources, [
      { serviceAccountToken: { audience: 'vault', expirationSeconds: 600, path: 'token' } },
    ])
    assert.ok(volumes.has('scratch'))
  }
})

base('the pods have the label that the network policy selects by', () => {
  const policy = render('k8s/network-policy').find((text) => /^ {2}name: iam-ra-egress$/m.test(text)) ?? ''
  assert.match(
    policy,
    /podSelector:\n {4}matchExpressions:\n {4}- key: iam-ra\/credentials\n {6}operator: Exists\n/,
  )
  for (const template of labelled) {
    assert.is(template.metadata?.labels?.['iam-ra/credentials'], 'true')
  }
})

base('a workload without the label stays as it was', () => {
  const template = templateNamed('unlabelled')
  assert.is(template.spec.initContainers, undefined)
  assert.is(template.spec.automountServiceAccountToken, undefined)
  assert.equal(
    template.spec.volumes?.map(({ name }) => name),
    ['scratch'],
  )
})

base('one manifest gives each namespace and account its own names', async () => {
  const template = templateNamed('deployment')
  for (const [namespace, serviceAccount] of [
    ['frontend', 'vault-auth'],
    ['billing', 'reader'],
  ] as const) {
    const settings = await settingsOf(initContainer(template), { namespace, serviceAccount })
    const { certificate, vault } = sourceOf(settings, 'vault-pki')
    assert.is(certificate.commonName, `${serviceAccount}.${namespace}.east`)
    assert.equal(certificate.uriSans, [`spiffe://east/ns/${namespace}/sa/${serviceAccount}`])
    assert.is(vault.role, namespace)
    assert.is(vault.addr.href, 'https://vault.example:8200/')
    assert.is(settings.sink.credentialsFile, '/aws/credentials')
  }
})

base('two apps that each bring the component meet in one overlay', async () => {
  const both = await workloadsOf(server, `${FIXTURES}/two-apps`)
  assert.equal([...both.keys()].sort(), ['nightly', 's3-reader'])
  for (const template of both.values()) initContainer(template)
})

base('nothing of the component itself reaches the cluster', () => {
  for (const manifest of [...render(`${FIXTURES}/workloads`), ...render(`${FIXTURES}/two-apps`)]) {
    assert.not.match(manifest, /^kind: (ConfigMap|PodTemplate)$/m)
    assert.not.match(manifest, /value: CLUSTER$|VAULT_ADDRESS|HOME\//m)
  }
})

base('without the settings kustomize says which object it lacks', () => {
  assert.match(refusal(`${FIXTURES}/no-settings`), /ConfigMap\S*\/iam-ra/)
})

base.run()
