/** The ConfigMap of k8s/injection with the values that are known here; what is there already stays. */
import { VERSION } from '../../version.ts'
import type { KubeObject } from '../kubernetes/objects.ts'
import type { VaultCluster } from '../authority/vault/names.ts'
import type { Meaning } from './meaning.ts'
import type { RolePlan } from './roles.ts'

export const SETTINGS = { name: 'iam-ra-injection', namespace: 'iam-ra' } as const

export interface SettingsFacts {
  readonly cluster: string
  readonly vault: VaultCluster | undefined
  /** Of the tokens with which pods log in. */
  readonly audience: string
  readonly anchorArn: string
  readonly image: string | undefined
  readonly found: Readonly<Record<string, string>> | undefined
}

export type Settings = Readonly<Record<string, string>>

export function settingsFor(facts: SettingsFacts, meaning: Meaning, roles: readonly RolePlan[]): Settings {
  const { vault, found = {}, audience } = facts
  const { base, names, format, defaultRole } = meaning
  const profiles = roles.flatMap(({ name, profile }) =>
    profile === undefined || found['profile-arn'] === profile || !isKey(name)
      ? []
      : [[`profile-arn.${name}`, profile] as const],
  )
  return {
    ...(facts.found === undefined ? { home: '/home/app' } : {}),
    image: `registry.example/aws-iam-ra:${VERSION}`,
    ...found,
    ...(facts.image === undefined ? {} : { image: facts.image }),
    cluster: facts.cluster,
    ...(vault === undefined
      ? {}
      : {
          'vault-address': vault.address,
          'vault-auth-mount': vault.authMount,
          'vault-pki-mount': vault.pkiMount,
          'vault-pki-role': vault.pkiRole,
        }),
    ...(audience === 'vault' ? {} : { audience }),
    'base-role-arn': base,
    'namespace-rules': names,
    ...(format === 'glob' ? {} : { 'allowed-roles-format': format }),
    // kiam has no default role, and its rules would not allow one.
    ...(defaultRole === '' || !names.includes('kube2iam') ? {} : { 'default-role': defaultRole }),
    'anchor-arn': facts.anchorArn,
    ...Object.fromEntries(profiles),
  }
}

/** Whether the settings can have a key for a role with the name. */
export function isKey(name: string): boolean {
  return /^[-._a-zA-Z0-9]+$/.test(name)
}

export function settingsObject(data: Settings): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...SETTINGS }, data }
}

/** What the policies take for a key that is not there: docs/injection.md. */
const DEFAULTS: Settings = {
  'namespace-rules': 'kiam',
  'vault-auth-mount': 'kubernetes',
  'vault-pki-mount': 'pki',
  'vault-pki-role': 'iam-ra',
}

/** The keys whose values the cluster does not have yet. */
export function changedKeys(data: Settings, found: Settings | undefined): readonly string[] {
  return Object.keys(data).filter(
    (key) => data[key] !== (found === undefined ? undefined : (found[key] ?? DEFAULTS[key])),
  )
}
