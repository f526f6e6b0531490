/** The one table of settings: parsing, checks, --help and docs/settings.md all follow it, in its order. */
import { DEFAULT_KEY_TYPE } from '../certificate/settings.ts'
import type { CredentialsSource } from '../sources/sources.ts'
import { awsAddress, listenAddress, metadataAddress, proxyAddress, vaultAddress } from './addresses.ts'
import { anchorArn, profileArn, roleArn } from './arn.ts'
import type { CommandFace, Part } from './command.ts'
import { ANY_REGION, PARTITIONS } from './endpoint.ts'
import * as values from './values.ts'

export type Group = 'vault' | 'certificate' | 'aws' | 'output' | 'serve' | 'run'

export type SourceKind = CredentialsSource['kind']

export interface Definition<T = unknown> {
  readonly group: Group
  /** The one check of its value; the check's result is the setting's type. */
  readonly check: values.Check<T>
  /** The sources of credentials that need it. */
  readonly required?: readonly SourceKind[]
  /** The sources that it belongs to: with any other it is a mistake. Absent: it may be set with any source. */
  readonly only?: readonly SourceKind[]
  /** Read by the commands that take one of these; absent: by all that get credentials. */
  readonly parts?: readonly Part[]
  /** Without `parts`: read by a command that gets no credentials, too. */
  readonly always?: true
  /** The default, as the user would write it. */
  readonly fallback?: string
  /** For the help text: what happens if it is unset, when there is no default value. */
  readonly otherwise?: string
  /** Its lower-case spelling works too, but this one takes precedence, as in Go's httpproxy. */
  readonly lowerCase?: true
  /** The value may contain a password or a key in its address, so no message repeats it. */
  readonly sensitive?: true
  /** What it is. The help text adds the values that the check accepts, and then the note. */
  readonly meaning: string
  readonly note?: string
}

export interface Option extends Definition {
  /** The environment variable; `NAME_FILE` names a file with the value, and the flag is derived from it. */
  readonly name: string
}

const VAULT: readonly SourceKind[] = ['vault-pki', 'vault-aws']
const PKI: readonly SourceKind[] = ['vault-pki']
const FILES: readonly SourceKind[] = ['mounted-certificate']
const ROLES_ANYWHERE: readonly SourceKind[] = ['vault-pki', 'mounted-certificate']

/** AWS sets the source identity to `CN=<cn>`, and STS limits it to 64 characters. */
export const MAX_SOURCE_IDENTITY_CN = 61

export const SETTINGS = {
  VAULT_ADDR: {
    group: 'vault',
    check: vaultAddress,
    required: VAULT,
    sensitive: true,
    meaning: "Vault's address",
    note: 'put an IPv6 address in brackets',
  },
  VAULT_ROLE: {
    group: 'vault',
    check: values.vaultName,
    required: VAULT,
    meaning: 'the Vault auth role to log in with',
  },
  VAULT_CERT_NAME: {
    group: 'certificate',
    check: values.vaultName,
    required: PKI,
    only: PKI,
    meaning: 'the role of the PKI secrets engine that signs the certificate',
  },
  VAULT_CERT_CN: {
    group: 'certificate',
    check: values.commonName,
    required: PKI,
    only: PKI,
    meaning: "the certificate's common name",
    note: `AWS sets no source identity if it is longer than ${MAX_SOURCE_IDENTITY_CN}`,
  },
  ROLE_ARN: {
    group: 'aws',
    check: roleArn,
    required: ROLES_ANYWHERE,
    meaning: 'the ARN of the IAM role to assume',
    note: 'with VAULT_AWS_PATH, needed only if its role lists more than one',
  },
  ANCHOR_ARN: {
    group: 'aws',
    check: anchorArn,
    required: ROLES_ANYWHERE,
    only: ROLES_ANYWHERE,
    meaning: 'the ARN of the trust anchor',
    note: 'CreateSession goes to its region',
  },
  TRUST_ANCHOR_ARN: {
    group: 'aws',
    check: anchorArn,
    only: ROLES_ANYWHERE,
    otherwise: 'none',
    meaning: 'another name for ANCHOR_ARN',
    note: 'if both are set, they must be equal',
  },
  PROFILE_ARN: {
    group: 'aws',
    check: profileArn,
    required: ROLES_ANYWHERE,
    only: ROLES_ANYWHERE,
    meaning: "the ARN of the Roles Anywhere profile that lists the role, in the anchor's region and account",
  },
  SERVICE_ACCOUNT_TOKEN_FILE: {
    group: 'vault',
    check: values.anyText,
    fallback: '/var/run/secrets/kubernetes.io/serviceaccount/token',
    meaning: "file with the service account's token",
    note: 're-read at each login',
  },
  VAULT_AUTH_METHOD: {
    group: 'vault',
    check: values.authMethod,
    fallback: 'kubernetes',
    meaning: 'the auth method to log in with',
  },
  VAULT_AUTH_MOUNT: {
    group: 'vault',
    check: values.authMount,
    otherwise: "the method's name",
    meaning: 'path of the auth method, with or without auth/ before it',
  },
  VAULT_PKI_MOUNT: {
    group: 'certificate',
    check: values.vaultPath,
    fallback: 'pki',
    meaning: 'path of the PKI secrets engine',
  },
  VAULT_CACERT: {
    group: 'vault',
    check: values.caFile,
    otherwise: 'the built-in roots',
    meaning: 'trust these for Vault, instead of the built-in roots',
  },
  VAULT_TLS_SERVER_NAME: {
    group: 'vault',
    check: values.serverName,
    otherwise: "VAULT_ADDR's host",
    meaning: "the name that Vault's certificate must have",
  },
  VAULT_NAMESPACE: {
    group: 'vault',
    check: values.vaultNamespace,
    otherwise: 'none',
    meaning: 'Vault Enterprise namespace',
  },
  VAULT_PROXY_ADDR: {
    group: 'vault',
    check: proxyAddress,
    otherwise: 'none',
    sensitive: true,
    meaning: 'the proxy for Vault alone',
    note: 'HTTPS_PROXY is never used for Vault',
  },
  VAULT_REQUIRE_TLS: {
    group: 'vault',
    check: values.boolean,
    fallback: 'false',
    meaning: 'refuse http',
    note: 'otherwise http beyond loopback works, with a warning on each run',
  },
  CERTIFICATE_FILE: {
    group: 'certificate',
    check: values.anyText,
    only: FILES,
    otherwise: 'Vault signs one',
    meaning: 'PEM certificate issued elsewhere, such as tls.crt of a cert-manager Secret',
    note: 're-read on every run. No Vault settings are needed then',
  },
  PRIVATE_KEY_FILE: {
    group: 'certificate',
    check: values.anyText,
    required: FILES,
    only: FILES,
    meaning: "a PEM file with the certificate's private key (PKCS #8, PKCS #1 or SEC 1)",
  },
  CERTIFICATE_CHAIN_FILE: {
    group: 'certificate',
    check: values.anyText,
    only: FILES,
    otherwise: 'none',
    meaning: 'a PEM file with intermediate certificates not already in CERTIFICATE_FILE',
  },
  VAULT_AWS_PATH: {
    group: 'aws',
    check: values.vaultAwsPath,
    only: ['vault-aws'],
    otherwise: 'none',
    meaning: "take credentials from Vault's AWS secrets engine",
    note: 'no certificate, no Roles Anywhere',
  },
  KEY_TYPE: {
    group: 'certificate',
    check: values.keyType,
    otherwise: DEFAULT_KEY_TYPE,
    meaning: 'the kind of key to make',
    note: 'if unset and the PKI role requires RSA, tries once more with rsa-2048',
  },
  CERT_TTL: {
    group: 'certificate',
    check: values.vaultDuration,
    otherwise: "the PKI role's own",
    meaning: 'lifetime of the certificate',
    note: 'at least DEADLINE',
  },
  CERT_DNS_SANS: {
    group: 'certificate',
    check: values.dnsNames,
    otherwise: 'none',
    meaning: 'DNS subject alternative names of the certificate',
  },
  CERT_URI_SANS: {
    group: 'certificate',
    check: values.uris,
    otherwise: 'none',
    meaning: 'URI subject alternative names of the certificate',
  },
  SESSION_DURATION: {
    group: 'aws',
    check: values.wholeSeconds(900, 43_200),
    otherwise: "the profile's own",
    meaning: 'lifetime of the credentials',
    note: "with VAULT_AWS_PATH, defaults to the Vault role's TTL",
  },
  SESSION_NAME: {
    group: 'aws',
    check: values.sessionName,
    otherwise: "the certificate's serial",
    meaning: 'name of the session',
    note: 'the profile must accept session names (acceptRoleSessionName); with VAULT_AWS_PATH, generated by Vault if unset',
  },
  AWS_SHARED_CREDENTIALS_FILE: {
    group: 'output',
    check: values.pathInHome,
    parts: ['files'],
    fallback: '~/.aws/credentials',
    meaning: 'the credentials file to write',
  },
  AWS_PROFILE: {
    group: 'output',
    check: values.profileName,
    parts: ['files'],
    fallback: 'default',
    meaning: 'the profile to write in the credentials file',
    note: 'all others are kept as they are',
  },
  FILE_MODE: {
    group: 'output',
    check: values.fileMode,
    parts: ['files', 'endpoint'],
    fallback: '0600',
    meaning: "mode of the credentials file and of serve's token file",
    note: 'directories it creates get 0700, plus x for those FILE_MODE lets read',
  },
  WRITE_REGION: {
    group: 'output',
    check: values.boolean,
    parts: ['files'],
    fallback: 'false',
    meaning: 'also write the region to AWS_CONFIG_FILE',
  },
  AWS_REGION: {
    group: 'aws',
    check: values.region,
    otherwise: "the trust anchor's",
    meaning: 'region for WRITE_REGION',
    note: `with VAULT_AWS_PATH also the STS region (${ANY_REGION} if unset). CreateSession always uses the trust anchor's region`,
  },
  AWS_CONFIG_FILE: {
    group: 'output',
    check: values.pathInHome,
    parts: ['files'],
    fallback: '~/.aws/config',
    meaning: 'the config file that WRITE_REGION writes to',
  },
  AWS_ENDPOINT_URL_ROLESANYWHERE: {
    group: 'aws',
    check: awsAddress,
    otherwise: 'by partition and region',
    sensitive: true,
    meaning: 'Roles Anywhere endpoint',
    note: `needed in partitions other than ${values.inWords(PARTITIONS, 'and')}`,
  },
  AWS_ENDPOINT_URL_STS: {
    group: 'aws',
    check: awsAddress,
    otherwise: 'by region',
    sensitive: true,
    meaning: 'STS endpoint',
    note: "used only with VAULT_AWS_PATH, polled until AWS recognizes a new IAM user's keys",
  },
  AWS_USE_FIPS_ENDPOINT: {
    group: 'aws',
    check: values.boolean,
    fallback: 'false',
    meaning: 'use the FIPS endpoint (US regions only)',
  },
  AWS_USE_DUALSTACK_ENDPOINT: {
    group: 'aws',
    check: values.boolean,
    fallback: 'false',
    meaning: 'use the endpoint that also has IPv6 addresses',
  },
  AWS_CA_BUNDLE: {
    group: 'aws',
    check: values.caFile,
    otherwise: 'none',
    meaning: 'trust these for AWS, besides the built-in roots',
  },
  HTTPS_PROXY: {
    group: 'aws',
    check: proxyAddress,
    otherwise: 'none',
    lowerCase: true,
    sensitive: true,
    meaning: 'the proxy for AWS alone',
  },
  NO_PROXY: {
    group: 'aws',
    check: values.anyText,
    otherwise: 'none',
    lowerCase: true,
    meaning: 'hosts, .suffixes, addresses and CIDR blocks to reach directly, comma-separated',
    note: '* for all',
  },
  ENDPOINT_PORT: {
    group: 'serve',
    check: values.port,
    parts: ['endpoint'],
    fallback: '9911',
    meaning: 'the port on 127.0.0.1 and ::1 where apps ask for credentials',
  },
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {
    group: 'serve',
    check: values.pathInHome,
    parts: ['endpoint'],
    fallback: '~/.aws/container-authorization-token',
    meaning: "file to write the endpoint's authorization token to",
    note: 'set the same variable in the app',
  },
  IMDS_V1: {
    group: 'serve',
    check: values.boolean,
    parts: ['endpoint'],
    fallback: 'false',
    meaning: 'also answer IMDSv1 requests, which carry no token',
  },
  METADATA_ADDR: {
    group: 'serve',
    check: metadataAddress,
    parts: ['endpoint'],
    otherwise: 'none',
    meaning: 'where to serve the instance metadata paths as well',
    note: 'aws-iam-ra metadata-address adds the address to the pod',
  },
  METADATA_REGION: {
    group: 'serve',
    check: values.region,
    parts: ['endpoint'],
    otherwise: 'none',
    meaning: 'the region that the instance metadata paths give',
    note: 'if unset, they answer 404 for it',
  },
  HEALTH_ADDR: {
    group: 'serve',
    check: listenAddress,
    parts: ['health'],
    otherwise: 'none',
    meaning: 'where to serve /livez, /readyz and /metrics',
    note: 'exposes nothing secret',
  },
  DEADLINE: {
    group: 'run',
    check: values.wholeSeconds(1, 86_400),
    fallback: '60',
    meaning: 'time limit for a run',
    note: 'revoking the Vault token may take 2 s more, even after SIGTERM',
  },
  START_SPREAD: {
    group: 'run',
    check: values.wholeSeconds(0, 86_400),
    parts: ['start-spread'],
    fallback: '0',
    meaning: 'wait a random time of up to this first, for large jobs',
    note: 'DEADLINE starts afterwards',
  },
  LOG_FORMAT: {
    group: 'run',
    check: values.logFormat,
    always: true,
    fallback: 'text',
    meaning: 'format of the log on stderr',
  },
  TERMINATION_LOG: {
    group: 'run',
    check: values.anyText,
    parts: ['termination-log'],
    fallback: '/dev/termination-log',
    meaning: 'existing file for the final error message, at most 4096 bytes',
    note: 'never created',
  },
} as const satisfies Readonly<Record<string, Definition>>

export type OptionName = keyof typeof SETTINGS

/** A setting's type once its check has passed. */
export type Value<Name extends OptionName> =
  (typeof SETTINGS)[Name]['check'] extends values.Check<infer T> ? T : never

/** The same with their names, in the table's order. */
export const OPTIONS: readonly (Option & { readonly name: OptionName })[] = (
  Object.keys(SETTINGS) as OptionName[]
).map((name) => ({ name, ...SETTINGS[name] }))

/** Whether the command reads it. */
export function isFor({ parts, always }: Definition, { takes, getsNone }: CommandFace): boolean {
  if (parts !== undefined) return parts.some((part) => takes.includes(part))
  return getsNone !== true || always === true
}

/** The flag of an option: VAULT_PKI_MOUNT has --vault-pki-mount. */
export function flagOf(name: OptionName): string {
  return `--${name.toLowerCase().replaceAll('_', '-')}`
}

/** The setting that chooses each source. The source is the first one whose setting is set; if none is, it is vault-pki. */
export const CHOICES: Readonly<Record<SourceKind, OptionName | undefined>> = {
  'vault-aws': 'VAULT_AWS_PATH',
  'mounted-certificate': 'CERTIFICATE_FILE',
  'vault-pki': undefined,
}

export const KINDS = Object.keys(CHOICES) as readonly SourceKind[]

/** The settings that choose these sources, in words. */
export function choosing(kinds: readonly SourceKind[]): string {
  return values.inWords(
    KINDS.filter((kind) => kinds.includes(kind)).flatMap((kind) => CHOICES[kind] ?? []),
    'or',
  )
}
