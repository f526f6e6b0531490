/** The settings that the examples give their init containers, read by the executable's own reader. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Settings } from '../../src/settings/settings.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { render } from './manifests/kustomize.ts'
import { templateOf } from './manifests/pod.ts'
import { namespaceOf, startValidation } from './manifests/validation.ts'
import { initContainer, settingsOf, sourceOf, taskOf, workloadsOf } from './manifests/workloads.ts'

const examples = suite('manifests: the examples')

const server = await startValidation()
await server.apply(namespaceOf('baseline', EXAMPLE.namespace), { keep: true })
examples.after(() => server.stop())

const EXPECTED = { classic: 1, 'two-roles': 2, deployment: 1, job: 1, 'cron-job': 1, 'other-uid': 1 }

/** Of each init container, in their order. */
async function settingsIn(name: string): Promise<Settings[]> {
  const [template] = (await workloadsOf(server, `k8s/examples/${name}`)).values()
  assert.ok(template)
  return await Promise.all((template.spec.initContainers ?? []).map((container) => settingsOf(container)))
}

for (const [name, count] of Object.entries(EXPECTED)) {
  examples(`${name}: the executable takes the settings, which fit the reference set-up`, async () => {
    const all = await settingsIn(name)
    assert.is(all.length, count)
    for (const settings of all) {
      const { certificate, vault, exchange } = sourceOf(settings, 'vault-pki')
      assert.is(certificate.commonName, EXAMPLE.commonName)
      assert.is(certificate.pkiRole, EXAMPLE.pkiRole)
      assert.is(vault.role, EXAMPLE.namespace)
      assert.match(vault.tokenFile, /^\/var\/run\/secrets\/(vault|kubernetes\.io\/serviceaccount)\/token$/)
      assert.is(exchange.anchorArn.text, EXAMPLE.anchorArn)
    }
  })
}

examples('two roles go to two profiles of one file', async () => {
  const all = await settingsIn('two-roles')
  assert.equal(
    all.map(({ sink }) => sink.profile),
    ['default', 'audit'],
  )
  assert.is(new Set(all.map(({ sink }) => sink.credentialsFile)).size, 1)
  assert.is(new Set(all.map((one) => sourceOf(one, 'vault-pki').exchange.roleArn.text)).size, 2)
})

examples('the file is for its owner alone, or for a group where the app is another user', async () => {
  const modes = await Promise.all(
    Object.keys(EXPECTED).map(async (name) => [name, (await settingsIn(name))[0]?.sink.fileMode] as const),
  )
  const others = Object.keys(EXPECTED).map((name) => [name, name === 'other-uid' ? 0o640 : 0o600] as const)
  assert.equal(modes, others)
})

examples(
  'the classic init container writes where the home of 65534 is, and the volume is there',
  async () => {
    const [settings] = await settingsIn('classic')
    assert.is(settings?.sink.credentialsFile, '/home/nobody/.aws/credentials')
    const [pod = ''] = render('k8s/examples/classic')
    assert.match(pod, /mountPath: \/home\/nobody\/\.aws\n\s+name: aws-config/)
    assert.match(pod, /mountPath: \/root\/\.aws\n\s+name: aws-config/)
  },
)

examples('the job’s numbers follow from the quota of ten sessions a second', async () => {
  const [job = ''] = render('k8s/examples/job')
  const { json } = await server.apply(job)
  const template = templateOf(json)
  assert.ok(template)
  const { startSpreadMs, deadlineMs } = await settingsOf(initContainer(template))
  const spec = json['spec'] as Record<string, number>
  const { completions = 0, parallelism = 0, activeDeadlineSeconds = 0 } = spec
  assert.is(completions, 1000)
  assert.is(startSpreadMs, Math.floor((1.05 * parallelism) / 10) * 1000)
  // The comment's own sum: scheduling and pull, and the work.
  const round = (startSpreadMs + deadlineMs) / 1000 + 60 + 600
  assert.ok(activeDeadlineSeconds > (completions / parallelism) * round)
})

examples('sidecar and sidecar-job serve as who the others are', async () => {
  for (const name of ['sidecar', 'sidecar-job']) {
    const [template] = (await workloadsOf(server, `k8s/examples/${name}`)).values()
    assert.ok(template)
    const task = await taskOf(initContainer(template))
    if (task.command !== 'serve') throw new Error(`expected serve, got ${task.command}`)
    const { certificate, vault, exchange } = sourceOf(task.settings, 'vault-pki')
    assert.equal([certificate.commonName, vault.role], [EXAMPLE.commonName, EXAMPLE.namespace])
    assert.is(exchange.roleArn.text, EXAMPLE.roleArn)
  }
})

examples('renew keeps the file of base/ fresh, with the sidecar’s probes', async () => {
  const [template] = (await workloadsOf(server, 'k8s/examples/renew')).values()
  const [served] = (await workloadsOf(server, 'k8s/examples/sidecar')).values()
  assert.ok(template && served)
  const [ours, sidecar] = [initContainer(template), initContainer(served)]
  for (const member of ['restartPolicy', 'ports', 'startupProbe', 'livenessProbe', 'resources'] as const) {
    assert.equal(ours[member], sidecar[member])
  }
  const task = await taskOf(ours)
  if (task.command !== 'renew') throw new Error(`expected renew, got ${task.command}`)
  assert.equal(task.settings.health, { host: '0.0.0.0', port: 9912 })
  assert.is(task.settings.sink.credentialsFile, '/aws/credentials')
  assert.is(sourceOf(task.settings, 'vault-pki').certificate.commonName, EXAMPLE.commonName)
})

examples.run()
