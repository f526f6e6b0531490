/** The samples beside what kustomize makes of an equal workload: one shape of the pod, kept in k8s. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { ROOT } from '../../../scripts/checks/files.ts'
import type { Mode } from '../../../src/onboarding/kubernetes/manifests/credentials-pod.ts'
import type { PodSpec, Volume } from '../../../src/onboarding/kubernetes/manifests/pod.ts'
import { workloadObjects } from '../../../src/onboarding/kubernetes/manifests/workload.ts'
import type { KubeObject } from '../../../src/onboarding/kubernetes/objects.ts'
import { toYaml } from '../../../src/onboarding/kubernetes/yaml.ts'
import { MODES, VAULT, workloadOf } from '../../onboarding/kubernetes/workload.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { renderAt } from '../manifests/kustomize.ts'

const samples = suite('samples beside the components of k8s')

/** With the names that the components have. */
const SOURCE = { ...VAULT, authMount: 'kubernetes', pkiMount: 'pki', pkiRole: 'iam-ra' }
/** As k8s/examples/renew/patch.yaml names its workload. */
const NAME = 's3-poller'

interface Deployment extends KubeObject {
  readonly spec: {
    readonly template: { readonly metadata: KubeObject['metadata']; readonly spec: PodSpec }
    readonly [member: string]: unknown
  }
}

function sampleOf(mode: Mode): Deployment {
  const objects = workloadObjects(workloadOf({ sample: 'deployment', mode, source: SOURCE }))
  return objects.at(-1) as Deployment
}

const isOurs = ({ name }: { readonly name: string }): boolean => name.startsWith('iam-ra-')

/** As a user has it before a component of k8s is listed. */
function bare({ spec, ...deployment }: Deployment): Deployment {
  const {
    initContainers: _ours,
    automountServiceAccountToken: _off,
    ...pod
  } = spec.template.spec as PodSpec & {
    automountServiceAccountToken: boolean
  }
  const containers = pod.containers.map(({ env, volumeMounts = [], ...container }) => ({
    ...container,
    env: env.filter(({ name }) => ['HOME', 'AWS_REGION'].includes(name)),
    volumeMounts: volumeMounts.filter((mount) => !isOurs(mount)),
  }))
  const volumes = pod.volumes.filter((volume) => !isOurs(volume))
  const template = { metadata: { labels: { app: 'pay-sample' } }, spec: { ...pod, containers, volumes } }
  const metadata = { ...deployment.metadata, name: NAME, namespace: 'frontend' }
  return { ...deployment, metadata, spec: { ...spec, template } } as unknown as Deployment
}

function byKustomize(mode: Mode): PodSpec {
  const directory = join(scratchFolder('samples'), mode)
  mkdirSync(directory)
  const settings: KubeObject = {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'iam-ra' } },
    data: { cluster: 'prod', 'vault-address': SOURCE.address, home: '/home/app' },
  }
  writeFileSync(join(directory, 'objects.yaml'), toYaml([bare(sampleOf(mode)), settings]))
  const patches = mode === 'renew' ? [{ path: 'patch.yaml' }] : []
  cpSync(join(ROOT, 'k8s/examples/renew/patch.yaml'), join(directory, 'patch.yaml'))
  const component = mode === 'init' || mode === 'renew' ? 'k8s/base' : 'k8s/sidecar'
  const kustomization = {
    ...{ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: ['objects.yaml'] },
    ...{ components: [relative(directory, join(ROOT, component))], patches },
  }
  writeFileSync(join(directory, 'kustomization.yaml'), JSON.stringify(kustomization))
  const [made = ''] = renderAt(directory)
  return (parse(made) as Deployment).spec.template.spec
}

/** The only differences: the namespace's login role by its name, ARNs and Vault's CA from the workload's ConfigMap. */
function withComponentsSources(spec: PodSpec): PodSpec {
  const secret = (name: string): object => ({ valueFrom: { secretKeyRef: { name, key: 'arn' } } })
  const sources: Readonly<Record<string, object>> = {
    VAULT_ROLE: { value: '$(POD_NAMESPACE)' },
    ...{ ROLE_ARN: secret('role-arn'), ANCHOR_ARN: secret('anchor-arn'), PROFILE_ARN: secret('profile-arn') },
  }
  const containers = spec.initContainers.map(({ env, ...container }) => ({
    ...container,
    env: env.map((variable) => ({ ...(sources[variable.name] ?? variable), name: variable.name })),
  }))
  const volumes = spec.volumes.map((volume) =>
    volume.name === 'iam-ra-vault-ca' ? { name: volume.name, configMap: { name: 'vault-ca' } } : volume,
  )
  return { ...spec, initContainers: containers, volumes }
}

/** Their order means nothing, except that of init containers and of variables that refer to others. */
function ordered({ volumes, containers, ...spec }: PodSpec): object {
  const byName = <T extends { readonly name: string }>(all: readonly T[]): T[] =>
    all.toSorted((a, b) => a.name.localeCompare(b.name))
  const apps = containers.map(({ env, volumeMounts = [], ...app }) => ({
    ...{ ...app, env: byName(env), volumeMounts: byName(volumeMounts) },
  }))
  return { ...spec, containers: apps, volumes: byName<Volume>(volumes) }
}

for (const mode of MODES) {
  samples(`${mode} is what kustomize makes, but for what a workload of its own needs`, () => {
    assert.equal(
      ordered(withComponentsSources(sampleOf(mode).spec.template.spec)),
      ordered(byKustomize(mode)),
    )
  })
}

samples.run()
