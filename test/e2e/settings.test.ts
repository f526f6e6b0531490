import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { makeFolder, put, run } from './harness.ts'
import { failed, succeeded } from './outcome.ts'

const settings = suite('e2e: settings, help and version')

let stage: Stage
settings.before(async () => {
  stage = await startStage()
})
settings.after(() => stage.close())

const NONE = {
  VAULT_ADDR: undefined,
  VAULT_ROLE: undefined,
  VAULT_CERT_NAME: undefined,
  VAULT_CERT_CN: undefined,
  ROLE_ARN: undefined,
  ANCHOR_ARN: undefined,
  PROFILE_ARN: undefined,
  AWS_ENDPOINT_URL_ROLESANYWHERE: undefined,
}

/** The contract's names: docs and pod specs rely on each. */
const CONTRACT = [
  'VAULT_ADDR VAULT_ROLE VAULT_CERT_NAME VAULT_CERT_CN ROLE_ARN ANCHOR_ARN TRUST_ANCHOR_ARN PROFILE_ARN',
  'SERVICE_ACCOUNT_TOKEN_FILE VAULT_AUTH_METHOD VAULT_AUTH_MOUNT VAULT_PKI_MOUNT VAULT_CACERT VAULT_TLS_SERVER_NAME',
  'VAULT_NAMESPACE VAULT_PROXY_ADDR VAULT_REQUIRE_TLS KEY_TYPE CERT_TTL CERT_DNS_SANS CERT_URI_SANS SESSION_DURATION',
  'SESSION_NAME AWS_SHARED_CREDENTIALS_FILE AWS_PROFILE FILE_MODE WRITE_REGION AWS_REGION AWS_CONFIG_FILE',
  'AWS_ENDPOINT_URL_ROLESANYWHERE AWS_USE_FIPS_ENDPOINT AWS_USE_DUALSTACK_ENDPOINT AWS_CA_BUNDLE HTTPS_PROXY NO_PROXY',
  'CERTIFICATE_FILE PRIVATE_KEY_FILE CERTIFICATE_CHAIN_FILE VAULT_AWS_PATH AWS_ENDPOINT_URL_STS',
  'ENDPOINT_PORT AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE IMDS_V1 HEALTH_ADDR',
  'DEADLINE START_SPREAD LOG_FORMAT TERMINATION_LOG VAULT_TOKEN VAULT_SKIP_VERIFY',
].flatMap((line) => line.split(' '))

settings('--help exits 0, on stdout, with every name, flag and exit code of the contract', async () => {
  const done = await run(stage, { env: NONE, args: ['--help'] })
  assert.is(done.code, 0)
  assert.is(done.stderr, '')
  assert.is(done.terminationLog, '')
  for (const name of CONTRACT) assert.match(done.stdout, new RegExp(`\\b${name}\\b`))
  for (const command of ['serve', 'renew', 'credential-process', 'check']) {
    assert.ok(done.stdout.includes(`\n  ${command}\n`), command)
  }
  for (const flag of ['--vault-pki-mount', '--help', '--version', '--quiet', '--verbose', '--json']) {
    assert.ok(done.stdout.includes(flag), flag)
  }
  for (const code of ['0', '2', '3', '4', '5', '6', '70', '128+n']) {
    assert.ok(done.stdout.includes(`\n  ${code.padEnd(5)}  `), code)
  }
})

settings('--version exits 0 and is one line, whatever the settings are', async () => {
  const done = await run(stage, { env: { ...NONE, KEY_TYPE: 'dsa' }, args: ['--version'] })
  assert.is(done.code, 0)
  assert.match(done.stdout, /^aws-iam-ra \d+\.\d+\.\d+\n$/)
  assert.is(done.stderr, '')
})

settings('without any setting every required one is named, with what is expected', async () => {
  const done = await run(stage, { env: NONE })
  failed(done, 2, /settings: the settings have 7 problems/, /--help/)
  for (const name of CONTRACT.slice(0, 6))
    assert.match(done.stderr, new RegExp(`^  ${name}: is not set; expected `, 'm'))
  assert.match(done.stderr, /^ {2}PROFILE_ARN: is not set; expected /m)
  assert.is(done.vault.length, 0)
})

for (const [name, value, problem] of [
  ['VAULT_ADDR', 'vault:8200', /does not begin with http/],
  ['VAULT_ADDR', 'https://me:secret-of-mine@vault:8200', /user name or password/],
  ['VAULT_ADDR', 'https://fd00::1:8200', /IPv6 address without brackets/],
  ['VAULT_ROLE', '', /is set but empty, as an empty Secret leaves it/],
  ['VAULT_ROLE', '$(ROLE)', /still contains a \$\(NAME\) reference/],
  ['VAULT_ROLE', '../root', /not a name in Vault/],
  ['VAULT_PKI_MOUNT', 'pki/../sys', /not a path in Vault/],
  ['VAULT_CERT_CN', 'x'.repeat(65), /65 characters/],
  ['ROLE_ARN', 'arn:aws:iam::111122223333:user/x', /not a role's ARN/],
  ['ROLE_ARN', 'arn:aws:iam::999999999999:role/x', /has account 999999999999; expected the profile's/],
  [
    'PROFILE_ARN',
    'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/9b7d2c44-1e0a-4a6e-8f5b-52c0d9e3a7f2',
    /has region eu-west-1/,
  ],
  ['ANCHOR_ARN', 'arn:aws:iam::111122223333:role/x', /a role's ARN, which belongs in ROLE_ARN/],
  ['KEY_TYPE', 'ed25519', /not one of the choices; expected ec-p256, ec-p384/],
  ['CERT_TTL', '30s', /shorter than DEADLINE/],
  ['SESSION_DURATION', '899', /out of range; expected whole seconds without a unit, 900 to 43200/],
  ['SESSION_DURATION', '1h', /not a number of whole seconds/],
  ['SESSION_NAME', 'a b', /not a session name/],
  ['FILE_MODE', '0666', /is writable by the group or by everyone/],
  ['FILE_MODE', '384', /not an octal file mode/],
  ['DEADLINE', '0', /out of range/],
  ['VAULT_REQUIRE_TLS', 'true', /VAULT_ADDR: is http while VAULT_REQUIRE_TLS is true; expected https/],
  ['VAULT_REQUIRE_TLS', 'yes', /not a boolean; expected true or false/],
  ['AWS_ENDPOINT_URL_ROLESANYWHERE', 'http://aws.example', /is http beyond loopback/],
  ['LOG_FORMAT', 'xml', /expected text or json/],
  ['AWS_ENDPOINT_URL_ROLESANYWHERE', 'https://me:secret-of-mine@aws.example', /user name or password/],
  [
    'PRIVATE_KEY_FILE',
    '-----BEGIN PRIVATE KEY-----\\nsecret-of-mine',
    /contains what looks like a private key/,
  ],
  ['PRIVATE_KEY_FILE', '/certificate/tls.key', /is set without CERTIFICATE_FILE/],
  ['VAULT_ROLE_FILE', '/nothing', /set together with VAULT_ROLE_FILE/],
] as const) {
  settings(`${name}=${value.slice(0, 30)} ends with 2 before anything is sent`, async () => {
    const done = await run(stage, { env: { [name]: value }, secrets: ['secret-of-mine'] })
    failed(done, 2, /^aws-iam-ra: settings: the settings have 1 problem$/)
    assert.match(done.stderr, problem)
    assert.is(done.vault.length + done.aws.length, 0)
    assert.equal(done.files, [])
  })
}

settings('serve with the endpoint’s port for its health ends with 2 before it listens', async () => {
  const done = await run(stage, { env: { HEALTH_ADDR: '127.0.0.1:9911' }, args: ['serve'] })
  failed(done, 2, /^aws-iam-ra: settings: the settings have 1 problem$/)
  assert.match(
    done.stderr,
    /HEALTH_ADDR: "127\.0\.0\.1:9911" has the port of ENDPOINT_PORT; expected another port/,
  )
  assert.is(done.vault.length + done.aws.length, 0)
})

settings('a word that is no command, and a command in a later place, are refused', async () => {
  failed(await run(stage, { args: ['rotate'] }), 2, /1 problem/)
  const done = await run(stage, { args: ['--quiet', 'serve'] })
  failed(done, 2, /1 problem/)
  assert.match(
    done.stderr,
    /argument 2: is a command, but not the first argument; expected one command, before/,
  )
})

settings('a wrong argument is named, an argument that may be a secret is not', async () => {
  const done = await run(stage, { args: ['--vault-adr=x', 'hvs-like-secret-value'] })
  failed(done, 2, /2 problems/)
  assert.match(done.stderr, /--vault-adr: is not a known flag/)
  assert.match(done.stderr, /argument 2: is not a flag/)
  assert.not.match(done.stderr, /hvs-like/)
})

settings('a common name of 62 characters works, with a warning about the source identity', async () => {
  const commonName = `${'a'.repeat(30)}.${'b'.repeat(31)}`
  const own = await startStage({ pkiRole: { allowAnyName: true, enforceHostnames: false } })
  try {
    own.rolesAnywhereEmulator.options.roles = own.rolesAnywhereEmulator.options.roles.map(({ arn }) => ({
      arn,
    }))
    const done = await run(own, { env: { VAULT_CERT_CN: commonName } })
    succeeded(own, done)
    assert.match(done.stderr, /warning: VAULT_CERT_CN has over 61 characters/)
  } finally {
    await own.close()
  }
})

settings('a LOG_FORMAT from a file holds for the run', async () => {
  const folder = makeFolder()
  const done = await run(stage, {
    folder,
    env: { LOG_FORMAT_FILE: put(folder, 'format', 'json\n') },
  })
  succeeded(stage, done)
  for (const line of done.stderr.trim().split('\n')) assert.type(JSON.parse(line), 'object')
})

settings('a TERMINATION_LOG from a file holds for the run', async () => {
  const folder = makeFolder()
  const done = await run(stage, {
    folder,
    env: {
      TERMINATION_LOG: undefined,
      TERMINATION_LOG_FILE: put(folder, 'log-path', `${folder.terminationLog}\n`),
      VAULT_ROLE: 'unknown',
    },
  })
  failed(done, 3, /unknown/)
})

settings.run()
