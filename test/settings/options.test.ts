import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { flagOf, OPTIONS, type Option } from '../../src/settings/options.ts'

const options = suite('settings: options')

options('the table has the contract’s names, defaults and required settings', () => {
  const table: readonly Option[] = OPTIONS
  const shown = table.map(({ name, required, fallback, otherwise }) =>
    [name, required ?? fallback ?? otherwise].join(' = '),
  )
  assert.equal(shown, [
    'VAULT_ADDR = required without CERTIFICATE_FILE',
    'VAULT_ROLE = required without CERTIFICATE_FILE',
    'VAULT_CERT_NAME = required without CERTIFICATE_FILE and VAULT_AWS_PATH',
    'VAULT_CERT_CN = required without CERTIFICATE_FILE and VAULT_AWS_PATH',
    'ROLE_ARN = required without VAULT_AWS_PATH',
    'ANCHOR_ARN = required without VAULT_AWS_PATH',
    'TRUST_ANCHOR_ARN = none',
    'PROFILE_ARN = required without VAULT_AWS_PATH',
    'SERVICE_ACCOUNT_TOKEN_FILE = /var/run/secrets/kubernetes.io/serviceaccount/token',
    'VAULT_AUTH_METHOD = kubernetes',
    "VAULT_AUTH_MOUNT = the method's name",
    'VAULT_PKI_MOUNT = pki',
    'VAULT_CACERT = the built-in roots',
    "VAULT_TLS_SERVER_NAME = VAULT_ADDR's host",
    'VAULT_NAMESPACE = none',
    'VAULT_PROXY_ADDR = none',
    'VAULT_REQUIRE_TLS = false',
    'CERTIFICATE_FILE = Vault signs one',
    'PRIVATE_KEY_FILE = required with CERTIFICATE_FILE',
    'CERTIFICATE_CHAIN_FILE = none',
    'VAULT_AWS_PATH = none',
    'KEY_TYPE = ec-p256',
    "CERT_TTL = the PKI role's own",
    'CERT_DNS_SANS = none',
    'CERT_URI_SANS = none',
    "SESSION_DURATION = the profile's own",
    "SESSION_NAME = the certificate's serial",
    'AWS_SHARED_CREDENTIALS_FILE = ~/.aws/credentials',
    'AWS_PROFILE = default',
    'FILE_MODE = 0600',
    'WRITE_REGION = false',
    "AWS_REGION = the trust anchor's",
    'AWS_CONFIG_FILE = ~/.aws/config',
    'AWS_ENDPOINT_URL_ROLESANYWHERE = by partition and region',
    'AWS_ENDPOINT_URL_STS = by region',
    'AWS_USE_FIPS_ENDPOINT = false',
    'AWS_USE_DUALSTACK_ENDPOINT = false',
    'AWS_CA_BUNDLE = none',
    'HTTPS_PROXY = none',
    'NO_PROXY = none',
    'ENDPOINT_PORT = 9911',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = ~/.aws/container-authorization-token',
    'IMDS_V1 = false',
    'HEALTH_ADDR = none',
    'DEADLINE = 60',
    'START_SPREAD = 0',
    'LOG_FORMAT = text',
    'TERMINATION_LOG = /dev/termination-log',
  ])
})

options('a flag is the variable in the same words', () => {
  assert.is(flagOf('VAULT_PKI_MOUNT'), '--vault-pki-mount')
  assert.is(flagOf('AWS_ENDPOINT_URL_ROLESANYWHERE'), '--aws-endpoint-url-rolesanywhere')
})

options('no option’s NAME_FILE is another option', () => {
  const names: readonly string[] = OPTIONS.map(({ name }) => name)
  for (const name of names) assert.not(names.includes(`${name}_FILE`), name)
})

options.run()
