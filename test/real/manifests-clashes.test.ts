/** What base/ and sidecar/ make of a workload that has something of the same name or at the same place. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FIXTURES, render } from './manifests/kustomize.ts'
import { templateOf, type PodTemplate } from './manifests/pod.ts'
import { namespaceOf, startValidation, type Verdict } from './manifests/validation.ts'
import { appsWithToken, initContainer, workloadsOf } from './manifests/workloads.ts'

const clashes = suite('manifests: names and places that a workload has itself')

const rendered = render(`${FIXTURES}/clashes`)
const server = await startValidation()
await server.apply(namespaceOf('restricted'), { keep: true })
await server.apply(namespaceOf('baseline', 'frontend'), { keep: true })
clashes.after(() => server.stop())

function manifestOf(name: string, among: readonly string[] = rendered): string {
  const manifest = among.find((text) => text.includes(`\n  name: ${name}\n`))
  assert.ok(manifest)
  return manifest
}

async function accepted(name: string, among?: readonly string[]): Promise<PodTemplate> {
  const { status, warnings, json } = await server.apply(manifestOf(name, among))
  assert.ok(status < 300, String(json['message']))
  assert.equal(warnings, [])
  const template = templateOf(json)
  assert.ok(template)
  return template
}

function assertRefused({ status, json }: Verdict, sentence: RegExp): void {
  assert.ok(status >= 400)
  assert.match(String(json['message']), sentence)
}

function volumeOf({ spec }: PodTemplate, name: string): unknown {
  const found = spec.volumes?.find((volume) => volume.name === name)
  assert.ok(found)
  return found
}

clashes('volumes and mounts with names that others choose too stay the workload’s own', async () => {
  const template = await accepted('common-names')
  assert.equal(volumeOf(template, 'aws-config'), {
    name: 'aws-config',
    persistentVolumeClaim: { claimName: 'own' },
  })
  assert.equal(volumeOf(template, 'vault-token'), {
    name: 'vault-token',
    secret: { secretName: 'own', defaultMode: 0o644 },
  })
  assert.equal(volumeOf(template, 'vault-ca'), {
    name: 'vault-ca',
    configMap: { name: 'own', defaultMode: 0o644 },
  })
  const paths = template.spec.containers[0]?.volumeMounts?.map(({ name, mountPath }) => [name, mountPath])
  assert.equal(paths, [
    ['aws-config', '/own/aws'],
    ['vault-token', '/own/token'],
    ['vault-ca', '/own/ca'],
    ['iam-ra-credentials', '/home/app/.aws'],
  ])
  assert.equal(appsWithToken(template), [])
})

clashes('a volume of another type with a name of the component is refused, and never swapped', async () => {
  const manifest = manifestOf('our-name')
  const sentence = /spec\.volumes\[0\]\.\w+: Forbidden: may not specify more than 1 volume type/
  assertRefused(await server.apply(manifest), sentence)
  assertRefused(await server.create(manifest), sentence)
})

clashes('one of the same type is the component’s from then on', async () => {
  assert.equal(volumeOf(await accepted('our-name-and-type'), 'iam-ra-vault-ca'), {
    name: 'iam-ra-vault-ca',
    configMap: { name: 'vault-ca', defaultMode: 0o644 },
  })
})

clashes('a mount where the credentials are to be is refused', async () => {
  const manifest = manifestOf('mounted-home')
  assertRefused(
    await server.apply(manifest),
    /volumeMounts: duplicate entries for key \[mountPath="\/home\/app\/\.aws"\]/,
  )
  assertRefused(
    await server.create(manifest),
    /volumeMounts\[1\]\.mountPath: Invalid value: "\/home\/app\/\.aws": must be unique/,
  )
})

clashes('an init container of the workload’s own has just the mount that it asks for', async () => {
  const { spec } = await accepted('own-init-containers')
  const [ours, fetch, sidecar] = spec.initContainers ?? []
  assert.equal([ours?.name, fetch?.name, sidecar?.name], ['aws-iam-ra', 'fetch', 'sidecar'])
  assert.equal(fetch?.volumeMounts, [
    { name: 'iam-ra-credentials', mountPath: '/home/app/.aws', readOnly: true },
  ])
  assert.is(sidecar?.env, undefined)
  assert.is(sidecar?.volumeMounts, undefined)
})

clashes('an init container aws-iam-ra that was written by hand is replaced whole', async () => {
  const upgraded = (await workloadsOf(server, `${FIXTURES}/upgraded`)).get('demo')
  const other = (await workloadsOf(server, 'k8s/examples/cron-job')).get('nightly')
  assert.ok(upgraded && other)
  assert.equal(initContainer(upgraded), initContainer(other))
  // What it mounted before stays in the pod, and in the app.
  assert.ok(volumeOf(upgraded, 'vault-token'))
  const paths = upgraded.spec.containers[0]?.volumeMounts?.map(({ mountPath }) => mountPath)
  assert.equal(paths, ['/root/.aws', '/home/app/.aws'])
})

const beside = render(`${FIXTURES}/sidecar-clashes`)

clashes('the sidecar’s volume and place are refused to others as the init container’s are', async () => {
  const named = manifestOf('our-name', beside)
  const sentence = /spec\.volumes\[0\]\.\w+: Forbidden: may not specify more than 1 volume type/
  assertRefused(await server.apply(named), sentence)
  assertRefused(await server.create(named), sentence)
  const mounted = manifestOf('mounted-there', beside)
  assertRefused(await server.apply(mounted), /volumeMounts: duplicate entries for key/)
  assertRefused(await server.create(mounted), /mountPath: Invalid value: "\/var\/run\/secrets\/iam-ra"/)
})

clashes('an address that an app had for its credentials becomes the sidecar’s', async () => {
  const { spec } = await accepted('own-parts', beside)
  const value = spec.containers[0]?.env?.find(({ name }) => name.endsWith('FULL_URI'))?.value
  assert.is(value, 'http://127.0.0.1:9911/v1/credentials')
  const [ours, fetch, other] = spec.initContainers ?? []
  assert.equal([ours?.name, fetch?.name, other?.name], ['aws-iam-ra', 'fetch', 'other'])
  assert.equal([other?.env, other?.volumeMounts], [undefined, undefined])
})

for (const [component, among, variable] of [
  ['base', rendered, 'AWS_SHARED_CREDENTIALS_FILE'],
  ['sidecar', beside, 'AWS_CONTAINER_CREDENTIALS_FULL_URI'],
] as const) {
  clashes(`${component}: longer names with ours inside stay the workload’s own`, async () => {
    const { spec } = await accepted('longer-names', among)
    const [ours, check] = spec.initContainers ?? []
    assert.equal([ours?.name, check?.name], ['aws-iam-ra', 'aws-iam-ra-check'])
    assert.is(check?.image, 'one.example/check')
    const env = spec.containers[0]?.env ?? []
    assert.is(env.find(({ name }) => name === `OLD_${variable}`)?.value, 'own')
    assert.ok(env.some(({ name }) => name === variable))
  })
}

clashes.run()
