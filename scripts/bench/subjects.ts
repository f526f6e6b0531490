/** The programs to measure: each with the files it consists of and the way it is started. */
import { EXAMPLE } from '../../test/rig/emulators/stage.ts'
import type { BenchServers, Scheme } from './servers.ts'

export const KEYS = ['ec-p256', 'rsa-2048'] as const
export type Key = (typeof KEYS)[number]

/** In the order of the tables, with their names there. */
export const LABELS = {
  ours: '`aws-iam-ra`',
  'ours-jit': '`aws-iam-ra` without `BUN_JSC_useJIT=0`',
  floor: 'the floor',
  'node-executable': 'our source as a Node single executable',
  'node-source': 'our source run by Node',
  python: 'Python with public packages',
  'vault-cli': 'Vault CLI, openssl, curl, jq',
  help: '`aws-iam-ra --help`',
  version: '`aws-iam-ra --version`',
  'empty-bun': 'an empty program, compiled by Bun',
  'empty-node': 'an empty program, run by Node',
} as const

export type SubjectName = keyof typeof LABELS

export const SUBJECT_NAMES = Object.keys(LABELS) as SubjectName[]

/** One way to run the job. */
export interface Variant {
  readonly scheme: Scheme
  readonly key: Key
}

export interface Subject {
  readonly name: SubjectName
  readonly argv: readonly string[]
  /** Added to the pod's. */
  readonly env?: Readonly<Record<string, string>>
  /** Its files and directories, for a cold start if the page cache may not be dropped completely. */
  readonly files: readonly string[]
  /** The only scheme that the client supports: CreateSession uses this one whatever Vault's is. */
  readonly awsScheme?: Scheme
  /** Whether it does the whole job; the others only start and exit. */
  readonly does: 'job' | 'start'
  /** It runs once in this many rounds: one that takes long needs fewer samples. */
  readonly every: number
}

/** The pod's settings, the same for all. */
export function podEnv(
  subject: Subject,
  variant: Variant,
  servers: Pick<BenchServers, 'vault' | 'rolesAnywhere' | 'caFile' | 'tokenFile'>,
  home: string,
  credentialsFile: string,
): Readonly<Record<string, string>> {
  const awsScheme = subject.awsScheme ?? variant.scheme
  return {
    HOME: home,
    PATH: '/usr/bin:/bin',
    VAULT_ADDR: servers.vault[variant.scheme],
    VAULT_ROLE: EXAMPLE.vaultRole,
    VAULT_CERT_NAME: EXAMPLE.pkiRole,
    VAULT_CERT_CN: EXAMPLE.commonName,
    ROLE_ARN: EXAMPLE.roleArn,
    ANCHOR_ARN: EXAMPLE.anchorArn,
    PROFILE_ARN: EXAMPLE.profileArn,
    KEY_TYPE: variant.key,
    AWS_ENDPOINT_URL_ROLESANYWHERE: servers.rolesAnywhere[awsScheme],
    SERVICE_ACCOUNT_TOKEN_FILE: servers.tokenFile,
    AWS_SHARED_CREDENTIALS_FILE: credentialsFile,
    ...(variant.scheme === 'https' ? { VAULT_CACERT: servers.caFile } : {}),
    ...(awsScheme === 'https' ? { AWS_CA_BUNDLE: servers.caFile } : {}),
    ...subject.env,
  }
}
