/** What onboarding prints and how it reaches the cluster, with the real kubectl and kube-apiserver. */
import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { clusterObjects, clusterNames } from '../../../src/onboarding/kubernetes/manifests/cluster.ts'
import { workloadNames, workloadObjects } from '../../../src/onboarding/kubernetes/manifests/workload.ts'
import { labelsOf, nameOf, path, type KubeObject } from '../../../src/onboarding/kubernetes/objects.ts'
import { toYaml } from '../../../src/onboarding/kubernetes/yaml.ts'
import { nastyText } from '../../onboarding/kubernetes/nasty.ts'
import { MODES, OPERATOR, SAMPLES, VAULT, workloadOf } from '../../onboarding/kubernetes/workload.ts'
import { startKubernetes } from '../../rig/servers/kubernetes.ts'
import { definitionsFolder } from '../manifests/operator.ts'
import { failing, operatorsKubectl } from './kubectl.ts'

const cluster = suite('the cluster by kubectl')

const kubernetes = await startKubernetes()
cluster.after(() => kubernetes.stop())

const operator = operatorsKubectl(kubernetes.kubeconfig())
const { env, runs, open } = operator
const kubectl = open()

/** As a user types it. */
function pipe(objects: readonly KubeObject[], args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync('kubectl', args, {
    env,
    input: toYaml(objects),
    encoding: 'utf8',
  })
  assert.is(stderr, '')
  assert.is(status, 0)
  return stdout
}

const configMap = (name: string, data: Readonly<Record<string, string>>, labelled = true): KubeObject => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', data },
  metadata: {
    ...{ name, namespace: 'shop' },
    ...(labelled ? { labels: labelsOf({ installation: 'default', cluster: 'prod' }) } : {}),
  },
})

/** They warn as they enforce, so nothing that a controller makes of the samples is refused later. */
for (const name of ['shop', 'piped', 'applied']) {
  const modes = ['enforce', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted'])
  await kubernetes.request('POST', '/api/v1/namespaces', {
    metadata: { name, labels: Object.fromEntries(modes) as object },
  })
}
const definitions = definitionsFolder()
if (definitions !== undefined) {
  const args = ['apply', '--server-side', '-f', definitions]
  assert.is(spawnSync('kubectl', args, { env }).status, 0)
  const established = ['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']
  assert.is(spawnSync('kubectl', established, { env }).status, 0)
}

for (const login of definitions === undefined ? [undefined] : [undefined, OPERATOR]) {
  for (const sample of SAMPLES) {
    const arns = login === undefined ? 'in a ConfigMap' : 'by the operator'
    const inEveryMode = (namespace: string): readonly KubeObject[] => {
      const all = MODES.flatMap((mode) => {
        const workload = `${sample}-${mode}${login === undefined ? '' : '-operator'}`
        return workloadObjects(workloadOf({ namespace, workload, sample, mode, operator: login, hours: 8 }))
      })
      return [...new Map(all.map((object) => [path(nameOf(object)), object])).values()]
    }

    cluster(`a ${sample} in every mode passes restricted as printed, the ARNs ${arns}`, () => {
      const objects = inEveryMode('piped')
      const applied = pipe(objects, ['apply', '-f', '-'])
      assert.equal(
        applied.match(/^\S+/gm),
        objects.map((object) => path(nameOf(object))),
      )
      assert.not.match(pipe(objects, ['apply', '-f', '-']), /created|configured/)
    })

    cluster(`a ${sample} in every mode is applied twice and changes once, the ARNs ${arns}`, async () => {
      const objects = inEveryMode('applied')
      for (const line of await kubectl.apply(objects)) assert.match(line, / (created|unchanged)$/)
      for (const line of await kubectl.apply(objects)) assert.match(line, / unchanged$/)
    })
  }
}

cluster('a cluster’s objects are applied as printed, and a second time change nothing', async () => {
  const objects = clusterObjects({
    ...{ installation: 'default', cluster: 'prod', namespace: 'iam-ra-system', source: VAULT },
    reviewer: true,
  })
  assert.equal(await kubectl.apply(objects), [
    'namespace/iam-ra-system created',
    'configmap/iam-ra created',
    'serviceaccount/vault-reviewer created',
    'clusterrolebinding.rbac.authorization.k8s.io/iam-ra-prod-vault-reviewer created',
  ])
  assert.not.match(
    pipe(objects.slice(1), ['apply', '--server-side', '--field-manager=iam-ra', '-f', '-']),
    /created/,
  )
  for (const line of await kubectl.apply(objects)) assert.match(line, / unchanged$/)
  assert.equal(
    await kubectl.delete(
      clusterNames({ installation: 'default', cluster: 'prod', namespace: 'iam-ra-system' }),
    ),
    [
      'clusterrolebinding.rbac.authorization.k8s.io/iam-ra-prod-vault-reviewer deleted',
      'serviceaccount/vault-reviewer deleted',
      'configmap/iam-ra deleted',
    ],
  )
})

cluster('any text comes back from the API server as it was written', async () => {
  const values = fc.sample(nastyText, { numRuns: 400, seed: 4 })
  const data = Object.fromEntries(values.map((value, index) => [`key-${index}`, value]))
  pipe([configMap('nasty', data), configMap('other', {})], ['apply', '-f', '-'])
  assert.equal((await kubectl.get({ kind: 'configmap', name: 'nasty', namespace: 'shop' }))?.['data'], data)
})

cluster('what was piped into kubectl is taken over, and said', async () => {
  pipe([configMap('piped', { a: '1' })], ['apply', '-f', '-'])
  const objects = [configMap('fresh', { a: '1' }), configMap('piped', { a: '2' })]
  assert.equal(await kubectl.apply(objects), [
    'configmap/fresh created',
    'configmap/piped changed, also what kubectl-client-side-apply had set',
  ])
})

cluster('a pod that was piped into kubectl is taken over too', async () => {
  const objects = workloadObjects(workloadOf({ workload: 'piped', mode: 'serve' }))
  pipe(objects, ['apply', '-f', '-'])
  assert.is(
    (await kubectl.apply(objects)).at(-1),
    'pod/piped-sample changed, also what kubectl-client-side-apply had set',
  )
})

cluster('an object that is not ours is neither changed nor deleted', async () => {
  pipe([configMap('theirs', { a: '1' }, false)], ['apply', '-f', '-'])
  const error = await failing(kubectl.apply([configMap('new', {}), configMap('theirs', { a: '2' })]))
  assert.is(error.status, 409)
  assert.match(
    error.message,
    /^configmap\/theirs in namespace shop exists and is not of iam-ra: it is managed by kubectl-client-side-apply$/,
  )
  const name = { kind: 'configmap', name: 'theirs', namespace: 'shop' }
  assert.equal(await kubectl.delete([name, { ...name, name: 'never' }]), [
    'configmap/theirs kept: it has no label of iam-ra',
  ])
  assert.equal((await kubectl.get(name))?.['data'], { a: '1' })
  assert.is(await kubectl.get({ ...name, name: 'new' }), undefined, 'nothing of the rest is applied')
})

cluster("another installation's object is not changed", async () => {
  const objects = workloadObjects(workloadOf({ workload: 'shared', sample: 'none' }))
  await kubectl.apply(objects)
  const labelled = objects.map((object) => ({
    ...object,
    metadata: { ...object.metadata, labels: { ...object.metadata.labels, 'iam-ra/installation': 'blue' } },
  }))
  const error = await failing(kubectl.apply(labelled))
  assert.is(error.status, 409)
  assert.match(error.message, /^serviceaccount\/shared belongs to installation \w+$/)
  assert.ok((await kubectl.apply(objects)).every((line) => line.endsWith('unchanged')))
})

cluster('a conflict over an object without our label names the other manager', async () => {
  pipe([configMap('contested', { a: '1' }, false)], ['apply', '-f', '-'])
  const error = await failing(kubectl.apply([configMap('contested', { a: '2' }, false)]))
  assert.is(error.status, 409)
  assert.match(error.message, /kubectl-client-side-apply manages a part of it$/)
})

cluster('warnings of the API server are passed on', async () => {
  const open = {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'open', namespace: 'shop' } },
    spec: {
      selector: { matchLabels: { app: 'open' } },
      template: { metadata: { labels: { app: 'open' } }, spec: { containers: [{ name: 'a', image: 'a' }] } },
    },
  }
  const [, warning] = await kubectl.apply([open])
  assert.match(warning ?? '', /^Warning: would violate PodSecurity "restricted:latest"/)
})

cluster('what offboarding deletes is what onboarding applied, also if a kind is unknown', async () => {
  const workload = { workload: 'gone', sample: 'pod', operator: undefined } as const
  const objects = workloadObjects(workloadOf(workload))
  await kubectl.apply(objects)
  const { own, account } = workloadNames('shop', 'gone', 'gone')
  assert.ok(account)
  const unknown = { kind: 'thing.nowhere.example', name: 'gone', namespace: 'shop' }
  assert.equal(await kubectl.delete([unknown, ...own, account]), [
    'pod/gone-sample deleted',
    'configmap/gone-iam-ra-config deleted',
    'serviceaccount/gone deleted',
  ])
  assert.equal(await kubectl.delete([...own, account]), [])
})

cluster('objects are listed by their labels, in one namespace or all', async () => {
  await kubectl.apply(workloadObjects(workloadOf({ workload: 'listed' })))
  const named = (objects: readonly KubeObject[]): string[] => objects.map((object) => path(nameOf(object)))
  const selector = 'iam-ra/workload=listed'
  assert.equal(named(await kubectl.list('configmap,pod', selector)), [
    'configmap/listed-iam-ra-config',
    'pod/listed-sample',
  ])
  assert.equal(named(await kubectl.list('pod', selector, 'default')), [])
  assert.equal(named(await kubectl.list('pod', selector, 'nowhere')), [])
})

cluster('a token is for the account and the audience that were asked for', async () => {
  await kubectl.apply(workloadObjects(workloadOf({ workload: 'bearer', sample: 'none' })))
  const token = await kubectl.token({ namespace: 'shop', name: 'bearer' }, 'vault', 600)
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    aud: unknown
    sub: unknown
  }
  assert.equal([claims.aud, claims.sub], [['vault'], 'system:serviceaccount:shop:bearer'])
  const other = await kubectl.token({ namespace: 'shop', name: 'bearer' }, undefined, 600)
  assert.ok(other !== token)
  assert.ok(runs.every(({ args }) => !args.join(' ').includes(token)))
})

cluster('the context is that of the flag, and nothing secret of it is read', async () => {
  const admin = JSON.parse(kubernetes.kubeconfig()) as { contexts: { name: string; context: object }[] }
  const contexts = [
    ...admin.contexts,
    { name: 'arn:aws:eks:x:1:cluster/b c', context: admin.contexts[0]?.context },
  ]
  const both = operator.write('two-contexts', JSON.stringify({ ...admin, contexts }))
  const expected = { server: kubernetes.url, ca: kubernetes.ca }
  assert.equal(await open({ kubeconfig: both }).context(), { name: 'admin', ...expected })
  const named = open({ kubeconfig: both, context: 'arn:aws:eks:x:1:cluster/b c' })
  assert.equal(await named.context(), { name: 'arn:aws:eks:x:1:cluster/b c', ...expected })
  const [{ token }] = (
    JSON.parse(kubernetes.kubeconfig()) as { users: [{ user: { token: string } }] }
  ).users.map(({ user }) => user) as [{ token: string }]
  assert.ok(runs.every(({ stdout }) => !stdout.includes(token)))
})

cluster('kubectl has the operator’s environment, without Vault’s token', async () => {
  await kubectl.context()
  const { VAULT_TOKEN: _own, ...others } = env
  assert.equal(runs.at(-1)?.env, { ...others, KUBERC: 'off' })
})

cluster.run()
