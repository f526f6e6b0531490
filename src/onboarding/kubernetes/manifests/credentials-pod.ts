/** The parts of a pod that bring it credentials: those of k8s/base and k8s/sidecar, with one workload's values. */
import type { VaultSource } from '../objects.ts'
import type { Container, EnvVar, PodSpec, Volume } from './pod.ts'
import { BASE, SIDECAR } from './pod-templates.ts'

/** As docs/long-lived.md has them. */
export type Mode = 'init' | 'renew' | 'serve' | 'imds'

/** An object of the namespace that has the three ARNs by the names of the variables. */
export interface ArnsSource {
  readonly kind: 'configMapKeyRef' | 'secretKeyRef'
  readonly name: string
}

export interface CredentialsPod {
  readonly mode: Mode
  readonly cluster: string
  readonly source: VaultSource
  readonly arns: ArnsSource
  /** The ConfigMap with Vault's CA. */
  readonly configMap: string
  /** Of iam-ra. Default the one in k8s/base. */
  readonly image: string | undefined
  /** The certificate's lifetime. Default the PKI role's. */
  readonly hours: number | undefined
  /** The app's home directory. */
  readonly home: string
}

/** The key of Vault's CA in the ConfigMap. */
export const CA_KEY = 'vault-ca.crt'

/** The value of the label `iam-ra/credentials`, by which k8s/network-policy selects pods. */
export function credentialsLabel(mode: Mode): string {
  return mode === 'serve' || mode === 'imds' ? mode : 'true'
}

/** @returns our container, what the app needs besides its own, and the volumes of both */
export function credentialsPod(pod: CredentialsPod): {
  readonly container: Container
  readonly app: Pick<Container, 'env' | 'volumeMounts'>
  readonly volumes: readonly Volume[]
} {
  const template = templateOf(pod.mode)
  const [container] = template.initContainers
  const app = template.containers.find(({ name }) => name === (pod.mode === 'imds' ? 'imds-app' : 'app'))
  if (container === undefined || app === undefined) throw new Error('a pod template of k8s lacks a container')
  return {
    container: configured(container, pod),
    app: atHome(app, pod.home),
    volumes: template.volumes
      .filter(({ name }) => hasCa(pod) || name !== 'iam-ra-vault-ca')
      .map((volume) => volumeFor(volume, pod)),
  }
}

function templateOf(mode: Mode): PodSpec {
  if (mode === 'init') return BASE
  return mode === 'renew' ? { ...BASE, initContainers: BASE.initContainers.map(renewing) } : SIDECAR
}

/** As k8s/examples/renew has it, which takes the probes from k8s/sidecar. */
function renewing(container: Container): Container {
  const [sidecar] = SIDECAR.initContainers
  const health = sidecar?.env.filter(({ name }) => name === 'HEALTH_ADDR') ?? []
  return {
    ...container,
    args: ['renew'],
    restartPolicy: sidecar?.['restartPolicy'],
    env: [...health, ...container.env],
    ports: sidecar?.['ports'],
    startupProbe: sidecar?.['startupProbe'],
    livenessProbe: sidecar?.['livenessProbe'],
  }
}

function configured(container: Container, pod: CredentialsPod): Container {
  const settings = settingsOf(pod)
  const known = container.env.flatMap(({ name, ...variable }) => {
    const value = name in settings ? settings[name] : variable
    return value === undefined ? [] : [{ name, ...value }]
  })
  const added = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined || known.some((variable) => variable.name === name) ? [] : [{ name, ...value }],
  )
  return {
    ...container,
    image: pod.image ?? container.image,
    env: [...known, ...added],
    volumeMounts: (container.volumeMounts ?? []).filter(
      ({ name }) => hasCa(pod) || name !== 'iam-ra-vault-ca',
    ),
  }
}

/** Undefined are those of the template that do not apply; what is not listed stays as the template has it. */
function settingsOf({
  cluster,
  source,
  arns,
  hours,
}: CredentialsPod): Record<string, Omit<EnvVar, 'name'> | undefined> {
  const unless = (usual: string, value: string): { value: string } | undefined =>
    value === usual ? undefined : { value }
  const arn = (key: string): Omit<EnvVar, 'name'> => ({
    valueFrom: { [arns.kind]: { name: arns.name, key } },
  })
  return {
    CLUSTER: { value: cluster },
    VAULT_ADDR: { value: source.address },
    ...(source.ca === undefined ? { VAULT_CACERT: undefined } : {}),
    ...(source.address.startsWith('https:') ? {} : { VAULT_REQUIRE_TLS: undefined }),
    VAULT_ROLE: { value: source.authRole },
    VAULT_CERT_NAME: { value: source.pkiRole },
    ROLE_ARN: arn('ROLE_ARN'),
    ANCHOR_ARN: arn('TRUST_ANCHOR_ARN'),
    PROFILE_ARN: arn('PROFILE_ARN'),
    // docs/settings.md has the defaults.
    VAULT_AUTH_MOUNT: unless('kubernetes', source.authMount),
    VAULT_PKI_MOUNT: unless('pki', source.pkiMount),
    VAULT_NAMESPACE: source.vaultNamespace === undefined ? undefined : { value: source.vaultNamespace },
    CERT_TTL: hours === undefined ? undefined : { value: `${hours}h` },
  }
}

function hasCa({ source }: CredentialsPod): boolean {
  return source.ca !== undefined
}

function volumeFor(volume: Volume, { source, configMap }: CredentialsPod): Volume {
  const { name } = volume
  if (name === 'iam-ra-vault-ca') {
    return { name, configMap: { name: configMap, items: [{ key: CA_KEY, path: 'ca.crt' }] } }
  }
  if (name !== 'iam-ra-token') return volume
  const { sources } = volume['projected'] as { sources: { serviceAccountToken: object }[] }
  return {
    name,
    projected: {
      sources: sources.map(({ serviceAccountToken }) => ({
        serviceAccountToken: { ...serviceAccountToken, audience: source.audience },
      })),
    },
  }
}

/** k8s/base has HOME for the directory above the app's `.aws`. */
function atHome({ env, volumeMounts }: Container, home: string): Pick<Container, 'env' | 'volumeMounts'> {
  const within = (path: string): string => path.replace(/^HOME(?=\/)/, home)
  return {
    env: env.map((variable) =>
      variable.value === undefined ? variable : { ...variable, value: within(variable.value) },
    ),
    ...(volumeMounts === undefined
      ? {}
      : { volumeMounts: volumeMounts.map((mount) => ({ ...mount, mountPath: within(mount.mountPath) })) }),
  }
}
