import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { OPTIONS } from '../../src/settings/options.ts'
import {
  ANCHOR,
  once,
  PROFILE,
  problemsOf,
  readReporting,
  readFrom,
  refusalOf,
  REQUIRED,
  ROLE,
  sourceOf,
  taskOf,
} from './fixture.ts'

const reading = suite('settings: the invocation')

reading('the required settings alone give the contract’s defaults', async () => {
  const { settings, reporting, warnings } = await once()
  const { addr, ...vault } = settings.vault
  const { endpoint, roleArn, anchorArn, profileArn, ...exchange } = settings.exchange
  assert.is(addr.href, 'https://vault.example:8200/')
  assert.equal(vault, {
    role: 'app',
    authMethod: 'kubernetes',
    authMount: 'kubernetes',
    tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
  })
  assert.equal(settings.certificate, {
    pkiMount: 'pki',
    pkiRole: 'workload',
    commonName: 'app.team.cluster',
    dnsSans: [],
    uriSans: [],
  })
  assert.is(endpoint.href, 'https://rolesanywhere.eu-west-1.amazonaws.com/')
  assert.equal([roleArn.text, anchorArn.text, profileArn.text], [ROLE, ANCHOR, PROFILE])
  assert.equal(exchange, { region: 'eu-west-1' })
  assert.equal(settings.sink, {
    kind: 'shared-files',
    credentialsFile: '/home/app/.aws/credentials',
    profile: 'default',
    fileMode: 0o600,
  })
  assert.equal([settings.deadlineMs, settings.startSpreadMs], [60_000, 0])
  assert.equal(reporting, {
    format: 'text',
    verbosity: 'normal',
    terminationLog: '/dev/termination-log',
  })
  assert.equal(warnings, [])
})

reading('flags alone do as well as the environment', async () => {
  const argv = Object.entries(REQUIRED).flatMap(([name, value]) => [
    `--${name.toLowerCase().replaceAll('_', '-')}`,
    value,
  ])
  assert.equal(await readFrom({}, argv, '/home/app'), await readFrom(REQUIRED, [], '/home/app'))
})

reading('help and version win over any problem, and help over version', async () => {
  assert.equal(await readFrom({}, ['--help']), { command: 'help' })
  assert.equal(await readFrom({ FILE_MODE: 'x' }, ['--nonsense', 'x', '--version']), { command: 'version' })
  assert.equal(await readFrom({}, ['--version', '--vault-role', '--help']), { command: 'help' })
})

reading('with nothing at all, every required setting is asked for at once', async () => {
  const error = await refusalOf({})
  assert.is(error.stage, 'settings')
  assert.is(error.exitCode, 2)
  assert.is(error.message, 'the settings have 8 problems')
  assert.match(error.hint ?? '', /--help/)
  assert.equal(
    error.problems.map((line) => line.replace(/; expected .+$/, '')),
    [
      'VAULT_ADDR: is not set',
      'VAULT_ROLE: is not set',
      'VAULT_CERT_NAME: is not set',
      'VAULT_CERT_CN: is not set',
      'ROLE_ARN: is not set',
      'ANCHOR_ARN: is not set',
      'PROFILE_ARN: is not set',
      'AWS_SHARED_CREDENTIALS_FILE: is in the home directory, and there is none',
    ],
  )
})

reading('all problems come at once: the arguments first, then in the table’s order', async () => {
  const env = {
    TERMINATION_LOG: 'a\nb',
    DEADLINE: '1m',
    KEY_TYPE: 'dsa',
    VAULT_ADDR: 'vault',
    PROFILE_ARN: PROFILE.replace('eu-west-1', 'us-east-1'),
    ROLE_ARN: null,
  }
  const lines = await problemsOf(env, ['--nonsense', '--file-mode=777'])
  assert.equal(
    lines.map((line) => line.replace(/; expected .+$/, '')),
    [
      '--nonsense: is not a known flag',
      'VAULT_ADDR: does not begin with http:// or https://',
      'ROLE_ARN: is not set',
      `PROFILE_ARN: "${env.PROFILE_ARN}" has region us-east-1`,
      'KEY_TYPE: "dsa" is not one of the choices',
      'FILE_MODE: "777" is writable by the group or by everyone',
      'DEADLINE: "1m" is not a number of whole seconds',
      'TERMINATION_LOG: contains a line break or another control character',
    ],
  )
  const names: readonly string[] = OPTIONS.map(({ name }) => name)
  for (const line of lines) assert.match(line, /^(--nonsense|[A-Z_]+): .+; expected .+[^.]$/)
  const order = lines.slice(1).map((line) => names.indexOf(line.split(':')[0] ?? ''))
  assert.equal(
    order,
    order.toSorted((a, b) => a - b),
  )
})

reading('one problem is counted as one', async () => {
  const error = await refusalOf({ ...REQUIRED, KEY_TYPE: 'x' }, [], '/h')
  assert.is(error.message, 'the settings have 1 problem')
})

reading('a problem with the arguments alone is enough to refuse', async () => {
  assert.match((await problemsOf({}, ['rotate'])).join(), /^argument 1: is neither a command nor a flag/)
  assert.match((await problemsOf({}, ['--quiet', 'rotate'])).join(), /^argument 2: is not a flag/)
})

reading('a long value is cut and quoted', async () => {
  const [line = ''] = await problemsOf({ KEY_TYPE: `"${'é'.repeat(200)}` })
  assert.match(line, /^KEY_TYPE: "\\"é{99}…" is not one/)
  assert.match((await problemsOf({ KEY_TYPE: 'é'.repeat(100) })).join(), /^KEY_TYPE: "é{100}" is not one/)
})

reading('settings cannot be changed afterwards', async () => {
  const { settings, reporting } = await taskOf('once', { ...REQUIRED, CERT_DNS_SANS: 'a.example' })
  const { source, sink } = settings
  const { vault, certificate, exchange } = sourceOf('vault-pki', source)
  const parts = [
    settings,
    source,
    vault,
    certificate,
    certificate.dnsSans,
    exchange,
    exchange.roleArn,
    sink,
    reporting,
  ]
  for (const part of parts) assert.ok(Object.isFrozen(part))
})

reading('the token and the switch that Vault’s clients obey are ignored with one warning', async () => {
  const both = await once({ VAULT_TOKEN: 'hvs.secret', VAULT_SKIP_VERIFY: '1' })
  assert.equal(both.warnings, ['VAULT_TOKEN and VAULT_SKIP_VERIFY are set and ignored'])
  assert.equal((await once({ VAULT_SKIP_VERIFY: '1' })).warnings, ['VAULT_SKIP_VERIFY is set and ignored'])
  assert.equal((await once({ VAULT_TOKEN: '' })).warnings, [])
})

reading('no password of an address is in any problem', async () => {
  for (const address of [
    'http://me:hunter2@proxy.example:99999',
    'http://me:hunter2',
    'me:hunter2@proxy.example/x',
    'socks5://me:hunter2@proxy.example',
    'http://me:hunter2@[::',
    'https://me:hunter2@vault.example/?hunter2#hunter2',
    'http://me:hunter2@$(HOST)',
    'http://me:hunter2@a\nb',
  ]) {
    for (const name of ['VAULT_ADDR', 'VAULT_PROXY_ADDR', 'HTTPS_PROXY', 'AWS_ENDPOINT_URL_ROLESANYWHERE']) {
      const lines = await problemsOf({ [name]: address })
      assert.is(lines.length, 1, `${name} ${address}`)
      assert.not.match(lines.join('\n'), /hunter2/)
    }
    assert.not.match((await problemsOf({}, [`--https-proxy=${address}`])).join(), /hunter2/)
  }
})

const reporting = suite('settings: reporting')

reporting('the defaults are text, normal and the kubelet’s file', () => {
  assert.equal(readReporting({ argv: [], env: {} }), {
    format: 'text',
    verbosity: 'normal',
    terminationLog: '/dev/termination-log',
  })
})

reporting('flags and the environment decide, flags first', () => {
  const env = { LOG_FORMAT: 'json\n', TERMINATION_LOG: '/env' }
  assert.equal(readReporting({ argv: ['--quiet'], env }), {
    format: 'json',
    verbosity: 'quiet',
    terminationLog: '/env',
  })
  const argv = ['--log-format=text', '--termination-log', '/flag', '--verbose']
  assert.equal(readReporting({ argv, env }), {
    format: 'text',
    verbosity: 'verbose',
    terminationLog: '/flag',
  })
})

reporting('what is wrong falls back and is reported later', async () => {
  const env = { LOG_FORMAT: 'xml', TERMINATION_LOG: '/a\nb' }
  const argv = ['--quiet', '--verbose', '--log-format']
  assert.equal(readReporting({ argv, env }), {
    format: 'text',
    verbosity: 'normal',
    terminationLog: '/dev/termination-log',
  })
  assert.equal(
    (await problemsOf(env, argv)).map((line) => line.split(':')[0]),
    ['--log-format', '--quiet', 'LOG_FORMAT', 'TERMINATION_LOG'],
  )
})

reporting('the invocation repeats it', async () => {
  const env = { LOG_FORMAT: 'json', TERMINATION_LOG: '/x' }
  const argv = ['--verbose']
  assert.equal((await once(env, argv)).reporting, readReporting({ argv, env }))
})

reading('certificate files that are not there or hold none are problems like all others', async () => {
  const env = { VAULT_CACERT: '/nothing.pem', AWS_CA_BUNDLE: join(import.meta.dirname, 'fixture.ts') }
  const problems = await problemsOf(env)
  assert.is(problems.length, 2)
  assert.match(problems[0] ?? '', /^VAULT_CACERT: "\/nothing\.pem" cannot be read \(ENOENT\); expected .*PEM/)
  assert.match(problems[1] ?? '', /^AWS_CA_BUNDLE: .* contains no PEM certificate; expected/)
})

reading.run()
reporting.run()
