/** What onboarding prints for clusters and workloads. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  clusterNames,
  clusterObjects,
  type Cluster,
} from '../../../src/onboarding/kubernetes/manifests/cluster.ts'
import type { Mode } from '../../../src/onboarding/kubernetes/manifests/credentials-pod.ts'
import { workloadNames, workloadObjects } from '../../../src/onboarding/kubernetes/manifests/workload.ts'
import { isOurs, nameOf, path, type KubeObject } from '../../../src/onboarding/kubernetes/objects.ts'
import { CA, MODES, OPERATOR, SAMPLES, VAULT, workloadOf, type WorkloadWishes } from './workload.ts'

const workloads = suite('manifests of a workload')
const clusters = suite('manifests of a cluster')

const paths = (objects: readonly KubeObject[]): string[] => objects.map((object) => path(nameOf(object)))

function printed(kind: string, wishes: WorkloadWishes = {}): KubeObject {
  const found = workloadObjects(workloadOf(wishes)).find((object) => object.kind === kind)
  assert.ok(found, `${kind} is printed`)
  return found
}

interface PodParts {
  readonly initContainers: [Container]
  readonly containers: [Container]
  readonly volumes: { name: string; projected?: unknown; configMap?: unknown }[]
}

interface Container {
  readonly image: string
  readonly args?: string[]
  readonly env: { name: string; value?: string; valueFrom?: unknown }[]
  readonly volumeMounts: { name: string; mountPath: string }[]
}

function podOf(wishes: WorkloadWishes = {}): PodParts {
  return printed('Pod', { ...wishes, sample: 'pod' })['spec'] as PodParts
}

function valueOf({ env }: Container, name: string): unknown {
  const found = env.find((variable) => variable.name === name)
  return found?.value ?? found?.valueFrom
}

workloads('are an account, a ConfigMap with the ARNs and Vault’s CA, and a sample', () => {
  assert.equal(paths(workloadObjects(workloadOf())), [
    'serviceaccount/pay',
    'configmap/pay-iam-ra-config',
    'pod/pay-sample',
  ])
  assert.is(printed('ServiceAccount')['automountServiceAccountToken'], false)
  assert.equal(printed('ConfigMap')['data'], {
    TRUST_ANCHOR_ARN: 'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/a',
    PROFILE_ARN: 'arn:aws:rolesanywhere:eu-central-1:111122223333:profile/p',
    ROLE_ARN: 'arn:aws:iam::111122223333:role/iam-ra/default/iam-ra-admin',
    'vault-ca.crt': CA,
  })
})

workloads('leave out the account that each namespace has, and one of somebody else', () => {
  for (const wishes of [{ account: 'default' }, { account: 'app', accountIsForeign: true }]) {
    assert.equal(paths(workloadObjects(workloadOf(wishes))), [
      'configmap/pay-iam-ra-config',
      'pod/pay-sample',
    ])
    assert.is((podOf(wishes) as unknown as Record<string, unknown>)['serviceAccountName'], wishes.account)
  }
})

workloads('leave out the sample if none is wanted', () => {
  assert.equal(paths(workloadObjects(workloadOf({ sample: 'none' }))), [
    'serviceaccount/pay',
    'configmap/pay-iam-ra-config',
  ])
})

workloads('say whose they are, and of which role', () => {
  for (const object of workloadObjects(workloadOf())) {
    const shared = object.kind === 'ServiceAccount'
    assert.ok(isOurs(object))
    const { labels = {}, annotations = {} } = object.metadata
    assert.equal(
      [labels['iam-ra/installation'], labels['iam-ra/cluster'], labels['iam-ra/workload']],
      ['default', 'prod', shared ? undefined : 'pay'],
    )
    assert.is(annotations['iam-ra/role'], shared ? undefined : 'admin')
  }
})

workloads('of the longest names are still names', () => {
  const long = workloadOf({ workload: 'w'.repeat(49), sample: 'deployment' })
  for (const { metadata } of workloadObjects(long)) {
    assert.ok(metadata.name.length <= 63)
    for (const value of Object.values(metadata.labels ?? {})) assert.ok(value.length <= 63)
  }
})

workloads('name Vault’s mounts only if they are not the usual ones', () => {
  const [usual] = podOf({ source: { ...VAULT, authMount: 'kubernetes', pkiMount: 'pki' } }).initContainers
  assert.equal(
    [valueOf(usual, 'VAULT_AUTH_MOUNT'), valueOf(usual, 'VAULT_PKI_MOUNT')],
    [undefined, undefined],
  )
  const [own] = podOf().initContainers
  assert.equal(
    [valueOf(own, 'VAULT_AUTH_MOUNT'), valueOf(own, 'VAULT_PKI_MOUNT'), valueOf(own, 'VAULT_CERT_NAME')],
    ['kubernetes-prod', 'pki-prod', 'iam-ra-prod'],
  )
  assert.equal([valueOf(own, 'VAULT_ROLE'), valueOf(own, 'CLUSTER')], ['shop', 'prod'])
})

workloads('mount Vault’s CA from the ConfigMap, and none if it is a public one', () => {
  const { initContainers, volumes } = podOf()
  assert.is(valueOf(initContainers[0], 'VAULT_CACERT'), '/etc/iam-ra/vault-ca/ca.crt')
  assert.equal(volumes.find(({ name }) => name === 'iam-ra-vault-ca')?.configMap, {
    name: 'pay-iam-ra-config',
    items: [{ key: 'vault-ca.crt', path: 'ca.crt' }],
  })
  const open = podOf({ source: { ...VAULT, ca: undefined } })
  assert.is(valueOf(open.initContainers[0], 'VAULT_CACERT'), undefined)
  assert.not.match(JSON.stringify(open), /vault-ca/)
})

workloads('refuse http to Vault unless its address is http', () => {
  assert.is(valueOf(podOf().initContainers[0], 'VAULT_REQUIRE_TLS'), 'true')
  const source = { ...VAULT, address: 'http://vault.vault.svc:8200' }
  assert.is(valueOf(podOf({ source }).initContainers[0], 'VAULT_REQUIRE_TLS'), undefined)
})

workloads('ask for the audience of the login, the image and the lifetime that are wanted', () => {
  const { initContainers, volumes } = podOf({
    ...{ source: { ...VAULT, audience: 'vault-prod' }, image: 'registry.corp/iam-ra:2', hours: 8 },
  })
  assert.is(initContainers[0].image, 'registry.corp/iam-ra:2')
  assert.is(valueOf(initContainers[0], 'CERT_TTL'), '8h')
  assert.match(JSON.stringify(volumes), /"audience":"vault-prod"/)
  assert.is(valueOf(podOf().initContainers[0], 'CERT_TTL'), undefined)
})

workloads('use each variable only after the ones that it refers to', () => {
  for (const mode of MODES) {
    const known = new Set<string>()
    for (const { name, value = '' } of podOf({ mode }).initContainers[0].env) {
      for (const [, used = ''] of value.matchAll(/\$\((\w+)\)/g))
        assert.ok(known.has(used), `${name}: ${used}`)
      assert.not.ok(known.has(name), `${name} is set twice`)
      known.add(name)
    }
  }
})

workloads('run our container as the mode has it, and tell the app where its credentials are', () => {
  const expected: Readonly<Record<Mode, readonly unknown[]>> = {
    init: [undefined, 'AWS_SHARED_CREDENTIALS_FILE', '/home/app/.aws/credentials'],
    renew: [['renew'], 'AWS_SHARED_CREDENTIALS_FILE', '/home/app/.aws/credentials'],
    serve: [['serve'], 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'http://127.0.0.1:9911/v1/credentials'],
    imds: [['serve'], 'AWS_EC2_METADATA_SERVICE_ENDPOINT', 'http://127.0.0.1:9911/'],
  }
  for (const mode of MODES) {
    const { initContainers, containers } = podOf({ mode })
    const [args, name, value] = expected[mode]
    assert.equal(initContainers[0].args, args)
    assert.is(valueOf(containers[0], String(name)), value)
    assert.is(valueOf(containers[0], 'AWS_REGION'), 'eu-central-1')
    const sidecar = initContainers[0] as unknown as Record<string, unknown>
    assert.is(sidecar['restartPolicy'], mode === 'init' ? undefined : 'Always')
    assert.is('startupProbe' in sidecar, mode !== 'init')
  }
})

workloads('give the app a home that it can write to, above the credentials that it cannot', () => {
  const [app] = podOf().containers
  assert.is(valueOf(app, 'HOME'), '/home/app')
  assert.equal(app.volumeMounts, [
    { name: 'home', mountPath: '/home/app' },
    { name: 'iam-ra-credentials', mountPath: '/home/app/.aws', readOnly: true },
  ])
})

workloads('that are a Job end, and others stay until they are told to go', () => {
  const argsOf = (sample: 'deployment' | 'job'): string[] | undefined => {
    const kind = sample === 'job' ? 'Job' : 'Deployment'
    const { template } = printed(kind, { sample })['spec'] as { template: { spec: PodParts } }
    return template.spec.containers[0].args
  }
  assert.equal(argsOf('job'), ['aws sts get-caller-identity'])
  assert.match(argsOf('deployment')?.[0] ?? '', /^trap 'exit 0' TERM\naws sts get-caller-identity/)
})

workloads('are found by the label of k8s/network-policy', () => {
  for (const sample of SAMPLES) {
    for (const mode of MODES) {
      const object = workloadObjects(workloadOf({ sample, mode })).at(-1)
      const template = object?.['spec'] as { template?: { metadata: KubeObject['metadata'] } }
      const { labels } = template.template?.metadata ?? object?.metadata ?? {}
      assert.is(labels?.['iam-ra/credentials'], mode === 'init' || mode === 'renew' ? 'true' : mode)
    }
  }
})

workloads('have the ARNs from Vault by the operator, in one Secret of three keys', () => {
  const all = workloadObjects(workloadOf({ operator: OPERATOR, sample: 'deployment' }))
  assert.equal(paths(all), [
    'serviceaccount/pay',
    'serviceaccount/vault-secrets-operator',
    'secret/iam-ra-vault-ca',
    'vaultconnection.secrets.hashicorp.com/iam-ra',
    'vaultauth.secrets.hashicorp.com/iam-ra',
    'configmap/pay-iam-ra-config',
    'vaultstaticsecret.secrets.hashicorp.com/pay-iam-ra-config',
    'deployment.apps/pay-sample',
  ])
  const spec = all.find(({ kind }) => kind === 'VaultStaticSecret')?.['spec'] as Record<string, unknown>
  assert.equal([spec['mount'], spec['path']], ['secret', 'iam-ra/shop/pay'])
  assert.equal(spec['rolloutRestartTargets'], [{ kind: 'Deployment', name: 'pay-sample' }])
  assert.equal(printed('ConfigMap', { operator: OPERATOR })['data'], { 'vault-ca.crt': CA })
  assert.equal(valueOf(podOf({ operator: OPERATOR }).initContainers[0], 'ANCHOR_ARN'), {
    secretKeyRef: { name: 'pay-iam-ra-config', key: 'TRUST_ANCHOR_ARN' },
  })
})

workloads('log in to the namespace of Vault that their cluster is in', () => {
  const source = { ...VAULT, vaultNamespace: 'admin/team' }
  assert.equal(valueOf(podOf({ source }).initContainers[0], 'VAULT_NAMESPACE'), 'admin/team')
  assert.is(valueOf(podOf({}).initContainers[0], 'VAULT_NAMESPACE'), undefined)
  const login = printed('VaultAuth', { source, operator: OPERATOR })['spec'] as Record<string, unknown>
  assert.is(login['namespace'], 'admin/team')
})

workloads('have a ConfigMap, by which list knows them, also if it is empty', () => {
  const wishes = { operator: OPERATOR, source: { ...VAULT, ca: undefined } }
  assert.equal(printed('ConfigMap', wishes)['data'], {})
  assert.not.ok(paths(workloadObjects(workloadOf(wishes))).some((one) => one.startsWith('secret/')))
})

workloads('of two roles in one namespace share what is equal, and nothing else', () => {
  const one = workloadObjects(workloadOf({ operator: OPERATOR, workload: 'one', account: 'app' }))
  const two = workloadObjects(
    workloadOf({ operator: OPERATOR, workload: 'two', account: 'app', role: 'readonly' }),
  )
  const byPath = new Map(one.map((object) => [path(nameOf(object)), object]))
  const shared = two.filter((object) => byPath.has(path(nameOf(object))))
  assert.equal(paths(shared), [
    'serviceaccount/app',
    'serviceaccount/vault-secrets-operator',
    'secret/iam-ra-vault-ca',
    'vaultconnection.secrets.hashicorp.com/iam-ra',
    'vaultauth.secrets.hashicorp.com/iam-ra',
  ])
  for (const object of shared) assert.equal(object, byPath.get(path(nameOf(object))))
})

workloads('are all among the names that offboarding deletes', () => {
  const names = workloadNames('shop', 'pay', 'pay')
  const { own, account } = names
  const known = [...own, account].flatMap((name) => (name === undefined ? [] : [path(name)]))
  const all = SAMPLES.flatMap((sample) => paths(workloadObjects(workloadOf({ operator: OPERATOR, sample }))))
  // Those of the Vault Secrets Operator stay: other workloads of the namespace use them too.
  const shared =
    /^(serviceaccount\/vault-secrets-operator|secret\/iam-ra-vault-ca|vault(connection|auth)\..*)$/
  assert.equal(known.toSorted(), [...new Set(all)].filter((one) => !shared.test(one)).toSorted())
  assert.is(workloadNames('shop', 'pay', 'default').account, undefined)
})

const CLUSTER: Cluster = {
  ...{ installation: 'default', cluster: 'prod', namespace: 'iam-ra-system' },
  source: VAULT,
  reviewer: true,
}

clusters('are its namespace, its settings, and what the authority needs', () => {
  const [namespace, settings, account] = clusterObjects(CLUSTER)
  assert.equal(namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'iam-ra-system' } })
  assert.equal(settings?.['data'], {
    ...{ cluster: 'prod', installation: 'default', home: '/home/app', 'vault-ca.crt': CA },
    ...{ 'vault-address': 'https://vault.example:8200', 'vault-audience': 'vault' },
    ...{
      'vault-auth-mount': 'kubernetes-prod',
      'vault-pki-mount': 'pki-prod',
      'vault-pki-role': 'iam-ra-prod',
    },
  })
  assert.ok(settings !== undefined && isOurs(settings))
  assert.ok(account !== undefined && isOurs(account))
})

clusters('leave out a namespace that each cluster has', () => {
  for (const namespace of ['default', 'kube-system']) {
    assert.is(clusterObjects({ ...CLUSTER, namespace })[0]?.kind, 'ConfigMap')
  }
})

clusters('never delete the namespace, which others may use', () => {
  const names = clusterNames(CLUSTER).map(path)
  assert.equal(names, [
    'clusterrolebinding.rbac.authorization.k8s.io/iam-ra-prod-vault-reviewer',
    'serviceaccount/vault-reviewer',
    'configmap/iam-ra',
  ])
  assert.not.ok(isOurs(clusterObjects(CLUSTER)[0] as KubeObject))
})

workloads.run()
clusters.run()
