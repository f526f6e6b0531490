/** The one table of settings: parsing, checks, --help and docs/settings.md all follow it, in its order. */
import { DEFAULT_KEY_TYPE } from '../certificate/settings.ts'
import type { CredentialsSource } from '../sources/sources.ts'
import {
  addressRanges,
  awsAddress,
  containerEndpoint,
  listenAddress,
  listenAddresses,
  metadataAddress,
  proxyAddress,
  vaultAddress,
} from './addresses.ts'
import { anchorArn, anchorArns, profileArn, profileArns, roleArn } from './arn.ts'
import type { CommandFace, Part } from './command.ts'
import { ANY_REGION, PARTITIONS } from './endpoint.ts'
import * as values from './values.ts'

export type Group = 'vault' | 'certificate' | 'aws' | 'output' | 'serve' | 'agent' | 'run'

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
/** Required by the commands that read it, which have but one source. */
const ALWAYS: readonly SourceKind[] = ['vault-pki', 'vault-aws', 'mounted-certificate']
const ROLES_ANYWHERE: readonly SourceKind[] = ['vault-pki', 'mounted-certificate']

/** AWS sets the source identity to `CN=<cn>`, and STS limits it to 64 characters. */
export const MAX_SOURCE_IDENTITY_CN = 61

export const SETTINGS = {
  VAULT_ADDR: {
    group: 'vault',
    check: vaultAddress,
    parts: ['exchange'],
    required: VAULT,
    sensitive: true,
    meaning: "Vault's address",
    note: 'put an IPv6 address in brackets',
  },
  VAULT_ROLE: {
    group: 'vault',
    check: values.vaultName,
    parts: ['exchange'],
    required: VAULT,
    meaning: 'the Vault auth role to log in with',
    note: 'for agent, {namespace} in it is replaced by the namespace of the pod',
  },
  VAULT_CERT_NAME: {
    group: 'certificate',
    check: values.vaultName,
    parts: ['exchange'],
    required: PKI,
    only: PKI,
    meaning: 'the role of the PKI secrets engine that signs the certificate',
  },
  VAULT_CERT_CN: {
    group: 'certificate',
    check: values.commonName,
    parts: ['pod'],
    required: PKI,
    only: PKI,
    meaning: "the certificate's common name",
    note: `AWS sets no source identity if it is longer than ${MAX_SOURCE_IDENTITY_CN}`,
  },
  ROLE_ARN: {
    group: 'aws',
    check: roleArn,
    parts: ['pod'],
    required: ROLES_ANYWHERE,
    meaning: 'the ARN of the IAM role to assume',
    note: 'with VAULT_AWS_PATH, needed only if its role lists more than one',
  },
  ANCHOR_ARN: {
    group: 'aws',
    check: anchorArn,
    parts: ['exchange'],
    required: ROLES_ANYWHERE,
    only: ROLES_ANYWHERE,
    meaning: 'the ARN of the trust anchor',
    note: 'CreateSession goes to its region',
  },
  TRUST_ANCHOR_ARN: {
    group: 'aws',
    check: anchorArn,
    parts: ['exchange'],
    only: ROLES_ANYWHERE,
    otherwise: 'none',
    meaning: 'another name for ANCHOR_ARN',
    note: 'if both are set, they must be equal',
  },
  PROFILE_ARN: {
    group: 'aws',
    check: profileArn,
    parts: ['exchange'],
    required: ROLES_ANYWHERE,
    only: ROLES_ANYWHERE,
    meaning: "the ARN of the Roles Anywhere profile that lists the role, in the anchor's region and account",
  },
  SERVICE_ACCOUNT_TOKEN_FILE: {
    group: 'vault',
    check: values.anyText,
    parts: ['pod'],
    fallback: '/var/run/secrets/kubernetes.io/serviceaccount/token',
    meaning: "file with the service account's token",
    note: 're-read at each login',
  },
  VAULT_AUTH_METHOD: {
    group: 'vault',
    check: values.authMethod,
    parts: ['exchange'],
    fallback: 'kubernetes',
    meaning: 'the auth method to log in with',
  },
  VAULT_AUTH_MOUNT: {
    group: 'vault',
    check: values.authMount,
    parts: ['exchange'],
    otherwise: "the method's name",
    meaning: 'path of the auth method, with or without auth/ before it',
  },
  VAULT_PKI_MOUNT: {
    group: 'certificate',
    check: values.vaultPath,
    parts: ['exchange'],
    fallback: 'pki',
    meaning: 'path of the PKI secrets engine',
  },
  VAULT_CACERT: {
    group: 'vault',
    check: values.caFile,
    parts: ['exchange'],
    otherwise: 'the built-in roots',
    meaning: 'trust these for Vault, instead of the built-in roots',
  },
  VAULT_TLS_SERVER_NAME: {
    group: 'vault',
    check: values.serverName,
    parts: ['exchange'],
    otherwise: "VAULT_ADDR's host",
    meaning: "the name that Vault's certificate must have",
  },
  VAULT_NAMESPACE: {
    group: 'vault',
    check: values.vaultNamespace,
    parts: ['exchange'],
    otherwise: 'none',
    meaning: 'Vault Enterprise namespace',
  },
  VAULT_PROXY_ADDR: {
    group: 'vault',
    check: proxyAddress,
    parts: ['exchange'],
    otherwise: 'none',
    sensitive: true,
    meaning: 'the proxy for Vault alone',
    note: 'HTTPS_PROXY is never used for Vault',
  },
  VAULT_REQUIRE_TLS: {
    group: 'vault',
    check: values.boolean,
    parts: ['exchange'],
    fallback: 'false',
    meaning: 'refuse http',
    note: 'otherwise http beyond loopback works, with a warning on each run',
  },
  CERTIFICATE_FILE: {
    group: 'certificate',
    check: values.anyText,
    parts: ['pod'],
    only: FILES,
    otherwise: 'Vault signs one',
    meaning: 'PEM certificate issued elsewhere, such as tls.crt of a cert-manager Secret',
    note: 're-read on every run. No Vault settings are needed then',
  },
  PRIVATE_KEY_FILE: {
    group: 'certificate',
    check: values.anyText,
    parts: ['pod'],
    required: FILES,
    only: FILES,
    meaning: "a PEM file with the certificate's private key (PKCS #8, PKCS #1 or SEC 1)",
  },
  CERTIFICATE_CHAIN_FILE: {
    group: 'certificate',
    check: values.anyText,
    parts: ['pod'],
    only: FILES,
    otherwise: 'none',
    meaning: 'a PEM file with intermediate certificates not already in CERTIFICATE_FILE',
  },
  VAULT_AWS_PATH: {
    group: 'aws',
    check: values.vaultAwsPath,
    parts: ['pod'],
    only: ['vault-aws'],
    otherwise: 'none',
    meaning: "take credentials from Vault's AWS secrets engine",
    note: 'no certificate, no Roles Anywhere',
  },
  KEY_TYPE: {
    group: 'certificate',
    check: values.keyType,
    parts: ['exchange'],
    otherwise: DEFAULT_KEY_TYPE,
    meaning: 'the kind of key to make',
    note: 'if unset and the PKI role requires RSA, tries once more with rsa-2048',
  },
  CERT_TTL: {
    group: 'certificate',
    check: values.vaultDuration,
    parts: ['exchange'],
    otherwise: "the PKI role's own",
    meaning: 'lifetime of the certificate',
    note: 'at least DEADLINE',
  },
  CERT_DNS_SANS: {
    group: 'certificate',
    check: values.dnsNames,
    parts: ['pod'],
    otherwise: 'none',
    meaning: 'DNS subject alternative names of the certificate',
  },
  CERT_URI_SANS: {
    group: 'certificate',
    check: values.uris,
    parts: ['pod'],
    otherwise: 'none',
    meaning: 'URI subject alternative names of the certificate',
  },
  SESSION_DURATION: {
    group: 'aws',
    check: values.wholeSeconds(900, 43_200),
    parts: ['exchange'],
    otherwise: "the profile's own",
    meaning: 'lifetime of the credentials',
    note: "with VAULT_AWS_PATH, defaults to the Vault role's TTL",
  },
  SESSION_NAME: {
    group: 'aws',
    check: values.sessionName,
    parts: ['pod'],
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
    parts: ['pod'],
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
    parts: ['exchange'],
    otherwise: 'by partition and region',
    sensitive: true,
    meaning: 'Roles Anywhere endpoint',
    note: `needed in partitions other than ${values.inWords(PARTITIONS, 'and')}`,
  },
  AWS_ENDPOINT_URL_STS: {
    group: 'aws',
    check: awsAddress,
    parts: ['pod'],
    otherwise: 'by region',
    sensitive: true,
    meaning: 'STS endpoint',
    note: "used only with VAULT_AWS_PATH, polled until AWS recognizes a new IAM user's keys",
  },
  AWS_USE_FIPS_ENDPOINT: {
    group: 'aws',
    check: values.boolean,
    parts: ['exchange'],
    fallback: 'false',
    meaning: 'use the FIPS endpoint (US regions only)',
  },
  AWS_USE_DUALSTACK_ENDPOINT: {
    group: 'aws',
    check: values.boolean,
    parts: ['exchange'],
    fallback: 'false',
    meaning: 'use the endpoint that also has IPv6 addresses',
  },
  AWS_CA_BUNDLE: {
    group: 'aws',
    check: values.caFile,
    parts: ['exchange'],
    otherwise: 'none',
    meaning: 'trust these for AWS, besides the built-in roots',
  },
  HTTPS_PROXY: {
    group: 'aws',
    check: proxyAddress,
    parts: ['exchange'],
    otherwise: 'none',
    lowerCase: true,
    sensitive: true,
    meaning: 'the proxy for AWS alone',
  },
  NO_PROXY: {
    group: 'aws',
    check: values.anyText,
    parts: ['exchange'],
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
    parts: ['endpoint', 'wait'],
    fallback: '~/.aws/container-authorization-token',
    meaning: "file to write the endpoint's authorization token to",
    note: 'set the same variable in the app. wait reads the file',
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
  AGENT_ADDRS: {
    group: 'agent',
    check: listenAddresses,
    parts: ['agent'],
    fallback: '169.254.170.23:9911,[fd00:ec2::23]:9911',
    meaning: 'where pods ask for credentials',
    note: 'the IPv6 default is left out on a node without IPv6; SDKs accept no other addresses over http than these two',
  },
  AGENT_POD_RANGES: {
    group: 'agent',
    check: addressRanges,
    parts: ['agent'],
    required: ALWAYS,
    meaning: "the pods' addresses",
    note: "requests from anywhere else are refused; pods with hostNetwork have the node's address",
  },
  AGENT_CLUSTER: {
    group: 'agent',
    check: values.clusterName,
    parts: ['agent'],
    required: ALWAYS,
    meaning: "the cluster's name in certificates",
    note: 'they have CN=account.namespace.cluster and spiffe://cluster/ns/namespace/sa/account',
  },
  AGENT_NODE: {
    group: 'agent',
    check: values.nodeName,
    parts: ['agent'],
    required: ALWAYS,
    meaning: 'name of this node (spec.nodeName)',
    note: 'tokens of pods on other nodes are refused',
  },
  AGENT_AUDIENCE: {
    group: 'agent',
    check: values.claimText,
    parts: ['agent'],
    fallback: 'iam-ra-agent',
    meaning: "the audience of pods' tokens, which must open nothing else",
  },
  AGENT_ISSUER: {
    group: 'agent',
    check: values.claimText,
    parts: ['agent'],
    otherwise: 'any; Vault decides',
    meaning: "the issuer of this cluster's tokens",
    note: 'others are then refused before Vault is asked',
  },
  AGENT_ANCHORS: {
    group: 'agent',
    check: anchorArns,
    parts: ['agent'],
    otherwise: 'ANCHOR_ARN alone',
    meaning: 'further trust anchors that pods may ask for',
  },
  AGENT_PROFILES: {
    group: 'agent',
    check: profileArns,
    parts: ['agent'],
    otherwise: 'PROFILE_ARN alone',
    meaning: 'further profiles that pods may ask for',
  },
  AGENT_METRICS_ADDR: {
    group: 'agent',
    check: listenAddress,
    parts: ['agent'],
    otherwise: 'none',
    meaning: 'where to serve /metrics',
    note: 'for Prometheus; HEALTH_ADDR can then be on loopback',
  },
  AWS_CONTAINER_CREDENTIALS_FULL_URI: {
    group: 'agent',
    check: containerEndpoint,
    parts: ['wait'],
    required: ALWAYS,
    meaning: 'where wait asks for credentials',
    note: 'the variable that the app has too',
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
