import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { OPTIONS } from '../../src/settings/options.ts'
import {
  ANCHOR,
  COMMANDS,
  merged,
  PROFILE,
  readFrom,
  refusalOf,
  REQUIRED,
  REQUIRED_MOUNTED,
  REQUIRED_VAULT_AWS,
  ROLE,
  taskOf,
  type Changes,
} from './fixture.ts'

async function problemsWith(
  command: string,
  changes: Changes = {},
  home: string | undefined = '/home/app',
): Promise<readonly string[]> {
  return (await refusalOf(merged(changes), [command], home)).problems
}

const HOMELESS = 'is in the home directory, and there is none; expected a path without ~, or HOME set'

const commands = suite('settings: commands')

commands('each has the task that it needs, and nothing else', async () => {
  const { settings: once } = await taskOf('once', REQUIRED)
  assert.equal(Object.keys(once).sort(), ['deadlineMs', 'sink', 'source', 'startSpreadMs'])
  const { source, sink, ...times } = once
  assert.equal(times, { deadlineMs: 60_000, startSpreadMs: 0 })

  assert.equal((await taskOf('renew', REQUIRED)).settings, once)
  assert.equal((await taskOf('credential-process', REQUIRED)).settings, { source, deadlineMs: 60_000 })
  assert.equal((await taskOf('serve', REQUIRED)).settings, {
    source,
    ...times,
    endpoint: {
      port: 9911,
      tokenFile: '/home/app/.aws/container-authorization-token',
      tokenFileMode: 0o600,
      imdsV1: false,
    },
  })
  const { settings, json } = await taskOf('check', REQUIRED)
  assert.equal(settings, { source, sink, deadlineMs: 60_000 })
  assert.is(json, false)
})

commands('check looks at the file that the app reads: that of the token where the pod serves', async () => {
  const serving = { ...REQUIRED, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/iam-ra/token', FILE_MODE: '0640' }
  const { settings } = await taskOf('check', serving, [], null)
  assert.equal(settings.sink, {
    kind: 'endpoint',
    port: 9911,
    tokenFile: '/iam-ra/token',
    tokenFileMode: 0o640,
    imdsV1: false,
  })
  const both = { ...serving, AWS_SHARED_CREDENTIALS_FILE: '/aws/credentials' }
  assert.is((await taskOf('check', both, [], null)).settings.sink.kind, 'shared-files')
})

commands('what serve and renew start takes their flags and needs no home', async () => {
  const flags = ['--health-addr=0.0.0.0:9912', '--endpoint-port=9000', '--file-mode=0640', '--quiet']
  const { settings, reporting } = await taskOf('obtain', REQUIRED, flags, null)
  assert.equal(Object.keys(settings).sort(), ['deadlineMs', 'source'])
  assert.is(reporting.verbosity, 'quiet')
})

commands('each takes any source, if it is for one pod', async () => {
  for (const command of COMMANDS) {
    for (const [env, kind] of [
      [REQUIRED, 'vault-pki'],
      [REQUIRED_MOUNTED, 'mounted-certificate'],
      [REQUIRED_VAULT_AWS, 'vault-aws'],
    ] as const) {
      assert.is((await taskOf(command, env)).settings.source.kind, kind, command)
    }
  }
})

commands('no setting of any can be changed afterwards', async () => {
  const serve = await taskOf('serve', { ...REQUIRED_VAULT_AWS, HEALTH_ADDR: '[::]:9912' })
  const { endpoint, health, source } = serve.settings
  for (const part of [serve.settings, endpoint, health, source]) assert.ok(Object.isFrozen(part))
  const { given } = await taskOf('check', REQUIRED)
  assert.ok(Object.isFrozen(given) && given.every((setting) => Object.isFrozen(setting)))
})

commands('help and version win over any', async () => {
  for (const command of COMMANDS) {
    assert.equal(await readFrom({}, [command, '--help']), { command: 'help' })
    assert.equal(await readFrom({}, [command, '--nonsense', '--version']), { command: 'version' })
  }
})

commands('an unknown one is a problem beside all others', async () => {
  const { problems } = await refusalOf({ ...REQUIRED, KEY_TYPE: 'dsa' }, ['rotate'], '/home/app')
  assert.is(problems.length, 2)
  assert.match(problems[0] ?? '', /^argument 1: is neither a command nor a flag; expected serve, renew,/)
})

commands('a mistyped one is the only problem, whatever else is missing', async () => {
  const { problems } = await refusalOf({ KEY_TYPE: 'dsa' }, ['chek', '--json'])
  assert.is(problems.length, 1)
  assert.match(problems[0] ?? '', /^argument 1: .*\(did you mean check\?\); expected serve, renew,/)
  assert.equal(await readFrom({}, ['chek', '--help']), { command: 'help' })
})

const home = suite('settings: commands without a home folder')

home('serve needs a place for its token file, and nothing else', async () => {
  const { problems } = await refusalOf(REQUIRED, ['serve'])
  assert.equal(problems, [`AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: ${HOMELESS}`])
  const env = { ...REQUIRED, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/token/authorization' }
  const { settings } = await taskOf('serve', env, [], null)
  assert.is(settings.endpoint.tokenFile, '/token/authorization')
})

home('credential-process needs none', async () => {
  assert.is((await taskOf('credential-process', REQUIRED, [], null)).settings.source.kind, 'vault-pki')
})

home('renew and check need a place for the credentials file', async () => {
  for (const command of ['renew', 'check']) {
    const { problems } = await refusalOf(REQUIRED, [command])
    assert.equal(problems, [`AWS_SHARED_CREDENTIALS_FILE: ${HOMELESS}`])
  }
})

const listening = suite('settings: where serve and renew listen')

listening('every option of the endpoint arrives', async () => {
  const { settings } = await taskOf('serve', {
    ...REQUIRED,
    ENDPOINT_PORT: '1338',
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '~/token',
    FILE_MODE: '0640',
    IMDS_V1: 'True',
    METADATA_ADDR: '169.254.169.254:80',
    METADATA_REGION: 'eu-west-1',
    HEALTH_ADDR: '[::]:9912',
    START_SPREAD: '30',
  })
  assert.equal(settings.endpoint, {
    port: 1338,
    tokenFile: '/home/app/token',
    tokenFileMode: 0o640,
    imdsV1: true,
    metadata: { host: '169.254.169.254', port: 80 },
    region: 'eu-west-1',
  })
  assert.equal(settings.health, { host: '::', port: 9912 })
  assert.is(settings.startSpreadMs, 30_000)
})

listening('renew has health too, on any port', async () => {
  const { settings } = await taskOf('renew', { ...REQUIRED, HEALTH_ADDR: '0.0.0.0:9911' })
  assert.equal(settings.health, { host: '0.0.0.0', port: 9911 })
})

listening('each wrong setting is named', async () => {
  const lines = await problemsWith('serve', {
    ENDPOINT_PORT: '0',
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '$(TOKEN)',
    FILE_MODE: '0666',
    IMDS_V1: '1',
    METADATA_ADDR: '0.0.0.0:80',
    METADATA_REGION: 'eu-west-1a',
    HEALTH_ADDR: 'localhost:9912',
    START_SPREAD: '1m',
  })
  assert.equal(
    lines.map((line) => line.replace(/; expected .+$/, '')),
    [
      'FILE_MODE: "0666" is writable by the group or by everyone',
      'ENDPOINT_PORT: "0" is not a port',
      'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: still contains a $(NAME) reference',
      'IMDS_V1: "1" is not a boolean',
      'METADATA_ADDR: "0.0.0.0:80" is an address that others may reach',
      'METADATA_REGION: "eu-west-1a" is not a region',
      'HEALTH_ADDR: "localhost:9912" has no IP address before its port',
      'START_SPREAD: "1m" is not a number of whole seconds',
    ],
  )
})

listening('health and endpoint have a port each, whatever else is wrong', async () => {
  const line = 'HEALTH_ADDR: "0.0.0.0:9911" has the port of ENDPOINT_PORT; expected another port'
  assert.equal(await problemsWith('serve', { HEALTH_ADDR: '0.0.0.0:9911' }), [line])
  const { problems } = await refusalOf({ ...REQUIRED, HEALTH_ADDR: '0.0.0.0:9911' }, ['serve'])
  assert.equal(problems, [`AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: ${HOMELESS}`, line])
  const apart = { ...REQUIRED, HEALTH_ADDR: '0.0.0.0:9911', ENDPOINT_PORT: '9000' }
  assert.is((await taskOf('serve', apart)).settings.health?.port, 9911)
})

listening('instance metadata has a port of its own where it would meet another', async () => {
  const beside = (metadata: string, health: string | null = null): Promise<readonly string[]> =>
    problemsWith('serve', { METADATA_ADDR: metadata, HEALTH_ADDR: health })
  assert.equal(await beside('169.254.169.254:80', '0.0.0.0:80'), [
    'HEALTH_ADDR: "0.0.0.0:80" has the port of METADATA_ADDR; expected another port',
  ])
  assert.equal(await beside('127.0.0.1:9911'), [
    'METADATA_ADDR: "127.0.0.1:9911" has the port of ENDPOINT_PORT; expected another port',
  ])
  const apart = { ...REQUIRED, METADATA_ADDR: '169.254.169.254:9911', HEALTH_ADDR: '0.0.0.0:80' }
  assert.is((await taskOf('serve', apart)).settings.endpoint.metadata?.port, 9911)
})

listening('what a command has no use for is not looked at', async () => {
  const ofEndpoint = { ENDPOINT_PORT: 'x', IMDS_V1: 'x' }
  const ofHealth = { HEALTH_ADDR: 'x' }
  const ofSink = { AWS_PROFILE: 'a]', WRITE_REGION: 'x' }
  await taskOf('once', { ...REQUIRED, ...ofEndpoint, ...ofHealth })
  await taskOf('check', { ...REQUIRED, ...ofEndpoint, ...ofHealth })
  await taskOf('renew', { ...REQUIRED, ...ofEndpoint })
  await taskOf('serve', { ...REQUIRED, ...ofSink })
  const rest = { FILE_MODE: 'x', START_SPREAD: 'x' }
  await taskOf('credential-process', { ...REQUIRED, ...ofEndpoint, ...ofHealth, ...ofSink, ...rest })
})

const given = suite('settings: what check shows of them')

const folder = mkdtempSync(join(tmpdir(), 'aws-iam-ra-'))
process.on('exit', () => rmSync(folder, { recursive: true }))

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

given('each that was set, in the table’s order, with where it came from', async () => {
  const env = {
    ...REQUIRED,
    ROLE_ARN: undefined,
    ROLE_ARN_FILE: file('role', `${ROLE}\n`),
    VAULT_ROLE: undefined,
    VAULT_ROLE_FILE: file('vault-role', 'app'),
    KEY_TYPE: ' ec-p384\n',
    VAULT_NAMESPACE: '',
  }
  const task = await taskOf('check', env, ['--file-mode', '0640', '--vault-cert-cn=other', '--json'])
  assert.is(task.json, true)
  assert.equal(task.given, [
    { name: 'VAULT_ADDR', origin: 'env' },
    { name: 'VAULT_ROLE', origin: 'file' },
    { name: 'VAULT_CERT_NAME', origin: 'env', text: 'workload' },
    { name: 'VAULT_CERT_CN', origin: 'flag', text: 'other' },
    { name: 'ROLE_ARN', origin: 'file', text: ROLE },
    { name: 'ANCHOR_ARN', origin: 'env', text: ANCHOR },
    { name: 'PROFILE_ARN', origin: 'env', text: PROFILE },
    { name: 'KEY_TYPE', origin: 'env', text: 'ec-p384' },
    { name: 'FILE_MODE', origin: 'flag', text: '0640' },
  ])
})

given('without any value that may hold a secret', async () => {
  const secrets = {
    VAULT_ADDR: 'https://canary.example',
    VAULT_PROXY_ADDR: 'http://me:canary@proxy.example',
    HTTPS_PROXY: 'http://me:canary@proxy.example',
    AWS_ENDPOINT_URL_ROLESANYWHERE: 'https://canary.example',
    AWS_ENDPOINT_URL_STS: 'https://canary.example',
  }
  const shown = (await taskOf('check', { ...REQUIRED, ...secrets })).given
  const hidden = OPTIONS.flatMap((option) => ('sensitive' in option ? [option.name] : []))
  assert.equal(
    shown.filter(({ text }) => text === undefined).map(({ name }) => name),
    hidden,
  )
  assert.equal(hidden.toSorted(), Object.keys(secrets).toSorted())
  assert.not.match(JSON.stringify(shown), 'canary')
})

commands.run()
home.run()
listening.run()
given.run()
