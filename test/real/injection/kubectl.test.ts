/** What people do with kubectl to pods and workloads that ask, on the real one. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cleanEnv } from '../../rig/processes/clean-env.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { requireServer } from '../../rig/servers/build.ts'
import { asker, isInjected, startCluster, type Pod } from './cluster.ts'

const kubectl = suite('kubectl, with pods that ask')
const cluster = await startCluster(true)
kubectl.after(() => cluster.kubernetes.stop())
await cluster.namespace('team', { 'iam.amazonaws.com/permitted': '.*' })

const HOME = scratchFolder('kubectl')
writeFileSync(join(HOME, 'config'), cluster.kubernetes.kubeconfig(), { mode: 0o600 })

interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function ran(args: readonly string[], input?: object): Ran {
  return spawnSync(requireServer('kubectl'), ['--namespace=team', ...args], {
    encoding: 'utf8',
    env: cleanEnv({ HOME, KUBECONFIG: join(HOME, 'config'), PATH: '/usr/bin:/bin' }),
    ...(input !== undefined && { input: JSON.stringify(input) }),
  })
}

/** @returns what it printed; it may warn of nothing */
function run(args: readonly string[], input?: object): string {
  const { status, stdout, stderr } = ran(args, input)
  assert.is(stderr, '')
  assert.is(status, 0)
  return stdout
}

function read(name: string): Pod & { readonly metadata: object } {
  return JSON.parse(run(['get', name, '--output=json'])) as Pod
}

function initsOf({ spec }: Pod): readonly { readonly name: string }[] {
  return (spec['initContainers'] ?? []) as readonly { readonly name: string }[]
}

function assertInjected(name: string, mode = 'init'): void {
  const pod = read(`pod/${name}`)
  const ours = { metadata: ['aws-iam-ra-address', 'aws-iam-ra'], agent: [] }[mode] ?? ['aws-iam-ra']
  assert.equal(
    initsOf(pod).map((one) => one.name),
    ours,
  )
  if (mode === 'agent')
    assert.match(JSON.stringify(pod.spec['containers']), 'AWS_CONTAINER_CREDENTIALS_FULL_URI')
}

function podNamed(name: string, image = 'nginx', annotations = {}): object {
  const { metadata } = asker('r', annotations)
  const spec = { containers: [{ name: 'app', image }] }
  return { ...{ apiVersion: 'v1', kind: 'Pod' }, metadata: { name, ...metadata }, spec }
}

const TEMPLATE = {
  metadata: { labels: { app: 'a' }, ...asker('r').metadata },
  spec: { containers: [{ name: 'app', image: 'nginx' }] },
}
const DEPLOYMENT = {
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'deployed' } },
  spec: { selector: { matchLabels: { app: 'a' } }, template: TEMPLATE },
}

for (const [way, flags] of [
  ['client', []],
  ['server', ['--server-side']],
] as const) {
  kubectl(`a pod and a Deployment are applied twice by the ${way}, and nothing differs`, () => {
    for (const [kind, sent] of [
      ['pod', podNamed(`applied-${way}`)],
      ['deployment', { ...DEPLOYMENT, metadata: { name: `applied-${way}` } }],
    ] as const) {
      const name = `${kind}/applied-${way}`
      assert.match(run(['apply', ...flags, '--filename=-'], sent), /(created|serverside-applied)\n$/)
      const first = read(name)
      assert.match(run(['apply', ...flags, '--filename=-'], sent), /(unchanged|serverside-applied)\n$/)
      assert.equal(read(name), first)
      assert.is(run(['diff', ...flags, '--filename=-'], sent), '')
    }
    assertInjected(`applied-${way}`)
  })

  kubectl(`a pod that was injected still takes a new image by the ${way}`, () => {
    const sent = podNamed(`applied-${way}`, 'nginx:2')
    assert.is(ran(['diff', ...flags, '--filename=-'], sent).status, 1)
    run(['apply', ...flags, '--filename=-'], sent)
    const [app] = read(`pod/applied-${way}`).spec['containers'] as readonly { readonly image: string }[]
    assert.is(app?.image, 'nginx:2')
  })
}

kubectl('a refusal is shown with its reasons, and with --dry-run=server before anything is there', () => {
  for (const flags of [[], ['--dry-run=server']]) {
    const { status, stderr } = ran(
      ['create', ...flags, '--filename=-'],
      podNamed('refused', 'nginx', {
        'iam-ra/mode': 'x',
      }),
    )
    assert.is(status, 1)
    assert.match(stderr, / denied request: mode-invalid: /)
  }
})

kubectl('run with the annotation', () => {
  run(['run', 'run', '--image=nginx', '--annotations=iam.amazonaws.com/role=r'])
  assertInjected('run')
  const { status, stderr } = ran(['run', 'bad', '--image=nginx', '--annotations=iam.amazonaws.com/role='])
  assert.is(status, 1)
  assert.match(stderr, /role-invalid: /)
})

kubectl('a Deployment is restarted, scaled and given another image', () => {
  run(['apply', '--filename=-'], DEPLOYMENT)
  run(['rollout', 'restart', 'deployment/deployed'])
  run(['scale', '--replicas=3', 'deployment/deployed'])
  run(['set', 'image', 'deployment/deployed', 'app=nginx:2'])
  const { replicas, template } = read('deployment/deployed').spec as { replicas: number; template: Pod }
  assert.is(replicas, 3)
  assert.ok('kubectl.kubernetes.io/restartedAt' in (template.metadata.annotations ?? {}))
})

kubectl('a Job from a CronJob has pods that are injected', async () => {
  const jobTemplate = {
    spec: { template: { ...TEMPLATE, spec: { ...TEMPLATE.spec, restartPolicy: 'Never' } } },
  }
  const metadata = { name: 'nightly' }
  const spec = { schedule: '0 0 * * *', jobTemplate }
  run(['apply', '--filename=-'], { ...{ apiVersion: 'batch/v1', kind: 'CronJob' }, metadata, spec })
  run(['create', 'job', 'once', '--from=cronjob/nightly'])
  const { template } = read('job/once').spec as { template: Pod }
  assert.ok(isInjected(await cluster.send('team', template)))
})

for (const mode of ['init', 'renew', 'serve', 'imds', 'metadata', 'agent']) {
  kubectl(`debug adds a container to a pod in mode ${mode}, and starts a copy of it`, () => {
    const name = `debugged-${mode}`
    run(['create', '--filename=-'], podNamed(name, 'nginx', { 'iam-ra/mode': mode }))
    const debug = (...args: readonly string[]): Ran =>
      ran(['debug', name, '--image=busybox', '--attach=false', '--profile=general', ...args])
    const added = debug('--container=debugger')
    assert.is(added.status, 0, added.stderr)
    const { ephemeralContainers } = read(`pod/${name}`).spec
    assert.is((ephemeralContainers as readonly object[]).length, 1)
    const copied = debug(`--copy-to=${name}-copy`)
    assert.is(copied.status, 0, copied.stderr)
    assertInjected(`${name}-copy`, mode)
  })
}

kubectl('an injected pod is labelled, annotated, exported and replaced', () => {
  run(['create', '--filename=-'], podNamed('replaced'))
  run(['label', 'pod/replaced', 'more=x'])
  run(['annotate', 'pod/replaced', 'more=x'])
  run(['replace', '--force', '--grace-period=0', '--filename=-'], read('pod/replaced'))
  assertInjected('replaced')
})

kubectl.run()
