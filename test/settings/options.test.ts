import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sourceFiles } from '../../scripts/checks/files.ts'
import { PROGRAM } from '../../src/commands/commands.ts'
import { IamRaError } from '../../src/errors.ts'
import { defaultOf, GROUPS } from '../../src/settings/help.ts'
import { flagOf, isFor, OPTIONS } from '../../src/settings/options.ts'
import { merged, readFrom, REQUIRED, REQUIRED_MOUNTED, REQUIRED_VAULT_AWS } from './fixture.ts'

const options = suite('settings: options')

options('the table has the contract’s names, defaults and required settings', () => {
  const shown = OPTIONS.map((option) => `${option.name} = ${defaultOf(option).replace(/^default: /, '')}`)
  assert.equal(shown, [
    'VAULT_ADDR = required unless CERTIFICATE_FILE is set',
    'VAULT_ROLE = required unless CERTIFICATE_FILE is set',
    'VAULT_CERT_NAME = required unless VAULT_AWS_PATH or CERTIFICATE_FILE is set',
    'VAULT_CERT_CN = required unless VAULT_AWS_PATH or CERTIFICATE_FILE is set',
    'ROLE_ARN = required unless VAULT_AWS_PATH is set',
    'ANCHOR_ARN = required unless VAULT_AWS_PATH is set',
    'TRUST_ANCHOR_ARN = none',
    'PROFILE_ARN = required unless VAULT_AWS_PATH is set',
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
    'METADATA_ADDR = none',
    'METADATA_REGION = none',
    'HEALTH_ADDR = none',
    'AGENT_ADDRS = 169.254.170.23:9911,[fd00:ec2::23]:9911',
    'AGENT_POD_RANGES = required',
    'AGENT_CLUSTER = required',
    'AGENT_NODE = required',
    'AGENT_AUDIENCE = iam-ra-agent',
    'AGENT_ISSUER = any; Vault decides',
    'AGENT_ANCHORS = ANCHOR_ARN alone',
    'AGENT_PROFILES = PROFILE_ARN alone',
    'AGENT_METRICS_ADDR = none',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI = required',
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

options('each is in a group that has a heading', () => {
  for (const { name, group } of OPTIONS) assert.ok(GROUPS[group], name)
  for (const group of Object.keys(GROUPS)) assert.ok(OPTIONS.some((option) => option.group === group))
})

options('each default passes its own check', () => {
  for (const { name, check, fallback, otherwise, required } of OPTIONS) {
    if (fallback !== undefined) assert.ok('value' in check(fallback, '/home/app'), name)
    assert.is([fallback, otherwise, required].filter((one) => one !== undefined).length, 1, name)
  }
})

/** Texts that some check or other refuses. */
const MISFITS = ['~/x', 'a b/', 'x'.repeat(65), 'a[b']
const ALL = [PROGRAM.oneShot, ...PROGRAM.commands]

async function problemsOf(
  command: string,
  name: string,
  text: string,
): Promise<readonly (readonly string[])[]> {
  // With what makes a command read what it does not always read.
  const more = { WRITE_REGION: 'true', AWS_REGION: 'eu-west-1' }
  const own = { ...(name === 'TRUST_ANCHOR_ARN' ? { ANCHOR_ARN: null } : {}), [name]: text }
  const token = { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/token' }
  const file = { AWS_SHARED_CREDENTIALS_FILE: '/credentials', AWS_CONFIG_FILE: '/config' }
  const pods = [REQUIRED, REQUIRED_MOUNTED, REQUIRED_VAULT_AWS].flatMap((required) =>
    [{ ...token }, { ...token, ...file }].map((paths) => merged({ ...more, ...paths, ...own }, required)),
  )
  return Promise.all(
    pods.map(async (env) => {
      try {
        await readFrom(env, command === 'once' ? [] : [command])
        return []
      } catch (error) {
        if (error instanceof IamRaError) return error.problems
        throw error
      }
    }),
  )
}

for (const option of OPTIONS) {
  const { name, check, sensitive } = option
  const misfit = MISFITS.find((text) => !('value' in check(text)))
  if (misfit === undefined) continue
  options(
    `${name} is refused by its own check in its own words, by the commands that take it alone`,
    async () => {
      const refused = check(misfit)
      if ('value' in refused) throw new Error('the value fits')
      const shown = sensitive === true ? '' : `${JSON.stringify(misfit)} `
      const line = `${name}: ${shown}${refused.wrong}; expected ${refused.expected}`
      for (const command of ALL) {
        const lines = (await problemsOf(command.name, name, misfit)).flat()
        assert.is(lines.includes(line), isFor(option, command), `${command.name}: ${lines.join('\n')}`)
      }
    },
  )
}

options('checks are named in the table and nowhere else where settings are read', () => {
  const checks = ['values', 'addresses', 'arn'].map((file) => `src/settings/${file}.ts`)
  const names = sourceFiles(['src/settings'])
    .filter(({ path }) => checks.includes(path))
    .flatMap(({ text }) => [
      ...text.matchAll(/^export (?:const (\w+): Check<|function (\w+)\(.*\): Check<)/gm),
    ])
    .map(([, constant, made]) => constant ?? made ?? '')
  assert.ok(names.length > 20)
  for (const { path, text } of sourceFiles(['src/settings'])) {
    if (checks.includes(path) || path === 'src/settings/options.ts') continue
    const imported = [...text.matchAll(/^import \{([^}]*)\} from/gm)].flatMap(([, list = '']) =>
      list.split(/[,\s]+/),
    )
    assert.equal(
      imported.filter((name) => names.includes(name)),
      [],
      path,
    )
    assert.not.match(text, /^import \* as/m, path)
    assert.not.match(text, /\.take\([^()]*,/, path)
  }
})

options.run()
