/** The one table of options: reading, checks and the help text all follow it, in its order. */

export interface Option {
  /** The environment variable; `NAME_FILE` names a file with the value, and the flag is derived from it. */
  readonly name: string
  /** Whether there must be one, in words for the help text; read only where the words apply. */
  readonly required?: `required${string}`
  /** The value taken where nothing is given, as the user would write it. */
  readonly fallback?: string
  /** For the help text: what happens without a value, where that is no value of its own. */
  readonly otherwise?: string
  /** Its lower-case spelling works too, and loses to this one, as Go's httpproxy has it. */
  readonly lowerCase?: true
  /** The value may hold a password or a key in its address, so that no message repeats it. */
  readonly sensitive?: true
  readonly meaning: string
}

export const OPTIONS = [
  {
    name: 'VAULT_ADDR',
    required: 'required without CERTIFICATE_FILE',
    sensitive: true,
    meaning: "Vault's address, such as https://vault.example:8200; an IPv6 address stands in brackets",
  },
  {
    name: 'VAULT_ROLE',
    required: 'required without CERTIFICATE_FILE',
    meaning: "the role of Vault's auth method to log in with",
  },
  {
    name: 'VAULT_CERT_NAME',
    required: 'required without CERTIFICATE_FILE and VAULT_AWS_PATH',
    meaning: 'the role of the PKI secrets engine that signs the certificate',
  },
  {
    name: 'VAULT_CERT_CN',
    required: 'required without CERTIFICATE_FILE and VAULT_AWS_PATH',
    meaning:
      "the certificate's common name, 64 characters at most; over 61 AWS sets no source identity from it",
  },
  {
    name: 'ROLE_ARN',
    required: 'required without VAULT_AWS_PATH',
    meaning: 'the ARN of the IAM role to assume; with VAULT_AWS_PATH only where its role lists several',
  },
  {
    name: 'ANCHOR_ARN',
    required: 'required without VAULT_AWS_PATH',
    meaning: 'the ARN of the trust anchor; its region is where CreateSession goes',
  },
  {
    name: 'TRUST_ANCHOR_ARN',
    otherwise: 'none',
    meaning: 'another name for ANCHOR_ARN; where both are set they must be equal',
  },
  {
    name: 'PROFILE_ARN',
    required: 'required without VAULT_AWS_PATH',
    meaning: "the ARN of the Roles Anywhere profile that lists the role, in the anchor's region and account",
  },
  {
    name: 'SERVICE_ACCOUNT_TOKEN_FILE',
    fallback: '/var/run/secrets/kubernetes.io/serviceaccount/token',
    meaning: "the service account's token, read anew at each login",
  },
  {
    name: 'VAULT_AUTH_METHOD',
    fallback: 'kubernetes',
    meaning: 'kubernetes or jwt',
  },
  {
    name: 'VAULT_AUTH_MOUNT',
    otherwise: "the method's name",
    meaning: 'the path where the auth method is mounted, with or without auth/ before it',
  },
  {
    name: 'VAULT_PKI_MOUNT',
    fallback: 'pki',
    meaning: 'the path where the PKI secrets engine is mounted',
  },
  {
    name: 'VAULT_CACERT',
    otherwise: 'the built-in roots',
    meaning: 'a PEM file with the certificates to trust for Vault, in place of the built-in roots',
  },
  {
    name: 'VAULT_TLS_SERVER_NAME',
    otherwise: "VAULT_ADDR's host",
    meaning: "the name that Vault's certificate must have",
  },
  {
    name: 'VAULT_NAMESPACE',
    otherwise: 'none',
    meaning: 'a namespace of Vault Enterprise',
  },
  {
    name: 'VAULT_PROXY_ADDR',
    otherwise: 'none',
    sensitive: true,
    meaning: 'a proxy for Vault alone; HTTPS_PROXY is never used for Vault',
  },
  {
    name: 'VAULT_REQUIRE_TLS',
    fallback: 'false',
    meaning: 'true refuses http; otherwise http beyond loopback works with a warning on each run',
  },
  {
    name: 'CERTIFICATE_FILE',
    otherwise: 'Vault signs one',
    meaning:
      'a PEM file with a certificate that others issue, such as tls.crt of a Secret of cert-manager, read anew at each run; no setting of Vault is needed then',
  },
  {
    name: 'PRIVATE_KEY_FILE',
    required: 'required with CERTIFICATE_FILE',
    meaning: "a PEM file with the certificate's private key (PKCS #8, PKCS #1 or SEC 1)",
  },
  {
    name: 'CERTIFICATE_CHAIN_FILE',
    otherwise: 'none',
    meaning:
      'a PEM file with intermediate certificates, besides those that stand after the leaf in CERTIFICATE_FILE',
  },
  {
    name: 'VAULT_AWS_PATH',
    otherwise: 'none',
    meaning:
      "aws/creds/<role> or aws/sts/<role>, with the mount of Vault's AWS secrets engine in place of aws: the credentials come from there, without a certificate and without Roles Anywhere",
  },
  {
    name: 'KEY_TYPE',
    otherwise: 'ec-p256',
    meaning:
      'ec-p256, ec-p384, rsa-2048 or rsa-3072; where it is not set and the PKI role wants RSA, one attempt with rsa-2048 follows',
  },
  {
    name: 'CERT_TTL',
    otherwise: "the PKI role's own",
    meaning: 'lifetime of the certificate as a Vault duration (90, 30m, 1h30m, 1d), at least DEADLINE',
  },
  {
    name: 'CERT_DNS_SANS',
    otherwise: 'none',
    meaning: 'DNS names for the certificate, separated by commas',
  },
  {
    name: 'CERT_URI_SANS',
    otherwise: 'none',
    meaning: 'URIs for the certificate, such as spiffe://cluster/ns/x/sa/y, separated by commas',
  },
  {
    name: 'SESSION_DURATION',
    otherwise: "the profile's own",
    meaning:
      "lifetime of the credentials in whole seconds, 900 to 43200; with VAULT_AWS_PATH Vault's role has the default",
  },
  {
    name: 'SESSION_NAME',
    otherwise: "the certificate's serial",
    meaning:
      'name of the session: 2 to 64 letters, digits and _+=,.@-; the profile must accept session names (acceptRoleSessionName); with VAULT_AWS_PATH Vault makes one up',
  },
  {
    name: 'AWS_SHARED_CREDENTIALS_FILE',
    fallback: '~/.aws/credentials',
    meaning: 'the credentials file to write',
  },
  {
    name: 'AWS_PROFILE',
    fallback: 'default',
    meaning: 'the profile to write in it; all others are kept as they are',
  },
  {
    name: 'FILE_MODE',
    fallback: '0600',
    meaning:
      "permission bits of the credentials file and of serve's token file, in octal; a folder that is made for it has 0700, plus x wherever FILE_MODE grants r",
  },
  {
    name: 'WRITE_REGION',
    fallback: 'false',
    meaning: 'true puts the region into AWS_CONFIG_FILE too',
  },
  {
    name: 'AWS_REGION',
    otherwise: "the trust anchor's",
    meaning:
      "the region that WRITE_REGION writes; with VAULT_AWS_PATH that of STS too, us-east-1 where it is not set; CreateSession always goes to the anchor's",
  },
  {
    name: 'AWS_CONFIG_FILE',
    fallback: '~/.aws/config',
    meaning: 'the config file that WRITE_REGION writes to',
  },
  {
    name: 'AWS_ENDPOINT_URL_ROLESANYWHERE',
    otherwise: 'by partition and region',
    sensitive: true,
    meaning:
      'the address of Roles Anywhere: https, or http on loopback; a partition other than aws, aws-us-gov and aws-cn needs it',
  },
  {
    name: 'AWS_ENDPOINT_URL_STS',
    otherwise: 'by region',
    sensitive: true,
    meaning:
      'the address of STS, which is asked with VAULT_AWS_PATH alone, until it knows the keys of a new IAM user',
  },
  {
    name: 'AWS_USE_FIPS_ENDPOINT',
    fallback: 'false',
    meaning: 'true takes the FIPS endpoint, which only regions of the United States have',
  },
  {
    name: 'AWS_USE_DUALSTACK_ENDPOINT',
    fallback: 'false',
    meaning: 'true takes the endpoint that has IPv6 addresses too',
  },
  {
    name: 'AWS_CA_BUNDLE',
    otherwise: 'none',
    meaning: 'a PEM file with certificates to trust for AWS, besides the built-in roots',
  },
  {
    name: 'HTTPS_PROXY',
    otherwise: 'none',
    lowerCase: true,
    sensitive: true,
    meaning: 'an http or https proxy for AWS alone',
  },
  {
    name: 'NO_PROXY',
    otherwise: 'none',
    lowerCase: true,
    meaning:
      'hosts, .suffixes, addresses and CIDR blocks that HTTPS_PROXY is not for, separated by commas; or *',
  },
  {
    name: 'ENDPOINT_PORT',
    fallback: '9911',
    meaning: 'serve: the port on 127.0.0.1 and ::1 where apps ask for credentials',
  },
  {
    name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    fallback: '~/.aws/container-authorization-token',
    meaning:
      'serve: the file that gets the token which apps send to /v1/credentials; they have a variable of the same name',
  },
  {
    name: 'IMDS_V1',
    fallback: 'false',
    meaning: 'serve: true answers IMDSv1 too, whose requests carry no token',
  },
  {
    name: 'HEALTH_ADDR',
    otherwise: 'none',
    meaning:
      'serve and renew: address and port, such as 0.0.0.0:9912, for /livez, /readyz and /metrics; nothing secret is said there',
  },
  {
    name: 'DEADLINE',
    fallback: '60',
    meaning: 'whole seconds over each run, 1 to 86400; revoking may take 2 seconds more, after SIGTERM too',
  },
  {
    name: 'START_SPREAD',
    fallback: '0',
    meaning:
      'whole seconds, 0 to 86400: start at a random moment within, for large jobs; DEADLINE begins after it',
  },
  {
    name: 'LOG_FORMAT',
    fallback: 'text',
    meaning: 'text or json, on stderr',
  },
  {
    name: 'TERMINATION_LOG',
    fallback: '/dev/termination-log',
    meaning: 'the file that takes the last message, 4096 bytes at most; it is never created',
  },
] as const satisfies readonly Option[]

export type OptionName = (typeof OPTIONS)[number]['name']

/** The flag of an option: VAULT_PKI_MOUNT has --vault-pki-mount. */
export function flagOf(name: OptionName): string {
  return `--${name.toLowerCase().replaceAll('_', '-')}`
}
