/** Every manifest before a real API server: nothing refused, nothing warned of, and the Pod Security Standard as promised. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exampleFolders, render } from './manifests/kustomize.ts'
import { podOf, templateOf } from './manifests/pod.ts'
import { namespaceOf, startValidation, type Verdict } from './manifests/validation.ts'

const manifests = suite('manifests before a kube-apiserver')

const server = await startValidation()
for (const standard of ['restricted', 'baseline']) await server.apply(namespaceOf(standard), { keep: true })
manifests.after(() => server.stop())

const CLASSIC = 'k8s/examples/classic'
// The values of cluster are copied from and never applied; two others need definitions, and have tests of their own.
const ELSEWHERE = ['k8s/examples/cluster', 'k8s/examples/secrets', 'k8s/examples/cert-manager']
const FOLDERS = [...exampleFolders(), 'k8s/vault'].filter((folder) => !ELSEWHERE.includes(folder))
const PASSES_RESTRICTED = [
  'agent',
  'cron-job',
  'deployment',
  'job',
  'other-uid',
  'renew',
  'sidecar',
  'sidecar-job',
  'two-roles',
].map((name) => `k8s/examples/${name}`)

for (const folder of FOLDERS) {
  manifests(`${folder} is accepted without a warning`, async () => {
    // The examples' namespace, with the standard that it enforces.
    const standard = PASSES_RESTRICTED.includes(folder) ? 'restricted' : 'baseline'
    for (const manifest of render(folder)) {
      const keep = manifest.includes('kind: Namespace\n')
      accepted(await server.apply(within(manifest, standard), { keep }))
    }
  })
}

manifests('every example with a pod is told to pass restricted, but for the classic one', () => {
  const withPods = exampleFolders().filter(
    (folder) => !ELSEWHERE.includes(folder) && render(folder).some((text) => /containers:/.test(text)),
  )
  assert.equal(withPods.sort(), [...PASSES_RESTRICTED, CLASSIC].sort())
})

for (const folder of PASSES_RESTRICTED) {
  manifests(`the pods of ${folder} are let into a namespace that enforces restricted`, async () => {
    for (const manifest of render(folder)) {
      const { json } = await server.apply(within(manifest, 'restricted'))
      const template = templateOf(json)
      assert.ok(template)
      accepted(await server.apply(podOf(template, 'pod-of-it', 'restricted')))
    }
  })
}

manifests('the classic pod passes baseline, and restricted refuses its app alone', async () => {
  const [pod = ''] = render(CLASSIC)
  accepted(await server.apply(within(pod, 'baseline')))
  const { status, json } = await server.apply(within(pod, 'restricted'))
  assert.is(status, 403)
  assert.match(String(json['message']), /violates PodSecurity "restricted:latest"/)
  assert.match(String(json['message']), /container "demo"/)
  assert.not.match(String(json['message']), /aws-iam-ra/)
})

manifests('the network policies are accepted without a warning', async () => {
  const policies = render('k8s/network-policy')
  assert.is(policies.length, 3)
  for (const policy of policies)
    accepted(await server.apply(policy.replace('metadata:\n', 'metadata:\n  namespace: restricted\n')))
})

manifests('a misspelt field and a pod that restricted warns of are seen', async () => {
  const [pod = ''] = render('k8s/examples/other-uid')
  const misspelt = await server.apply(within(pod.replace('emptyDir:', 'emptydir:'), 'restricted'))
  assert.ok(misspelt.status > 299)
  assert.match(String(misspelt.json['message']), /emptydir/)
  const [deployment = ''] = render('k8s/examples/deployment')
  const open = within(deployment.replaceAll('runAsNonRoot: true', 'runAsNonRoot: false'), 'restricted')
  assert.is((await server.apply(open)).warnings.length, 1)
})

manifests.run()

function within(manifest: string, namespace: string): string {
  return manifest.replace(/^ {2}namespace: frontend$/m, `  namespace: ${namespace}`)
}

function accepted({ status, warnings, json }: Verdict): void {
  assert.ok(status < 300, String(json['message']))
  assert.equal(warnings, [])
}
