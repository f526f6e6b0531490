import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { KEY_TYPES } from '../../src/certificate/settings.ts'
import { once, problemsOf, PEM_FILE } from './fixture.ts'

const vault = suite('settings: Vault')

vault('every option of Vault arrives', async () => {
  const { settings } = await once({
    SERVICE_ACCOUNT_TOKEN_FILE: '/var/run/secrets/vault/token',
    VAULT_AUTH_METHOD: 'jwt',
    VAULT_AUTH_MOUNT: '/auth/cluster-a/',
    VAULT_CACERT: PEM_FILE,
    VAULT_TLS_SERVER_NAME: 'vault.internal',
    VAULT_NAMESPACE: 'team/a/',
    VAULT_PROXY_ADDR: 'http://me:pw@proxy.example:3128',
    VAULT_REQUIRE_TLS: 'TRUE',
  })
  const { addr, proxy, ...rest } = settings.vault
  assert.is(addr.origin, 'https://vault.example:8200')
  assert.is(proxy?.href, 'http://me:pw@proxy.example:3128/')
  assert.equal(rest, {
    role: 'app',
    authMethod: 'jwt',
    authMount: 'cluster-a',
    tokenFile: '/var/run/secrets/vault/token',
    caFile: PEM_FILE,
    tlsServerName: 'vault.internal',
    namespace: 'team/a',
  })
})

vault('the auth mount is the method’s name where none is given', async () => {
  assert.is((await once({ VAULT_AUTH_METHOD: 'jwt' })).settings.vault.authMount, 'jwt')
})

vault('http beyond loopback is a warning', async () => {
  for (const VAULT_ADDR of ['http://vault.example:8200', 'http://10.1.2.3:8200', 'http://[fd00::1]:8200']) {
    const { warnings } = await once({ VAULT_ADDR })
    assert.is(warnings.length, 1, VAULT_ADDR)
    assert.match(warnings[0] ?? '', /^VAULT_ADDR is http, .+ travel in clear/)
  }
  for (const VAULT_ADDR of ['http://127.0.0.1:8200', 'http://[::1]:8200', 'http://localhost:8200']) {
    assert.equal((await once({ VAULT_ADDR })).warnings, [], VAULT_ADDR)
  }
})

vault('VAULT_REQUIRE_TLS refuses any http, loopback too', async () => {
  for (const VAULT_ADDR of ['http://vault.example:8200', 'http://127.0.0.1:8200']) {
    assert.equal(await problemsOf({ VAULT_ADDR, VAULT_REQUIRE_TLS: 'true' }), [
      'VAULT_ADDR: is http while VAULT_REQUIRE_TLS is true; expected https',
    ])
  }
  assert.is((await once({ VAULT_REQUIRE_TLS: 'true' })).settings.vault.addr.protocol, 'https:')
})

vault('the proxies of AWS are none of Vault’s', async () => {
  const env = {
    HTTPS_PROXY: 'http://p.example',
    HTTP_PROXY: 'http://p.example',
    https_proxy: 'http://p.example',
  }
  assert.is((await once(env)).settings.vault.proxy, undefined)
})

vault('each wrong setting is named', async () => {
  const lines = await problemsOf({
    VAULT_ROLE: 'a/b',
    VAULT_AUTH_METHOD: 'approle',
    VAULT_AUTH_MOUNT: 'auth/',
    VAULT_TLS_SERVER_NAME: 'https://x',
    VAULT_NAMESPACE: 'a//b',
    VAULT_PROXY_ADDR: 'socks5://x',
    VAULT_REQUIRE_TLS: 'yes',
  })
  assert.equal(
    lines.map((line) => line.replace(/;.+$/, '')),
    [
      'VAULT_ROLE: "a/b" is not a name in Vault',
      'VAULT_AUTH_METHOD: "approle" is not one of the choices',
      'VAULT_AUTH_MOUNT: "auth/" is not a path in Vault',
      'VAULT_TLS_SERVER_NAME: "https://x" is not a host name',
      'VAULT_NAMESPACE: "a//b" is not a path in Vault',
      'VAULT_PROXY_ADDR: does not begin with http:// or https://',
      'VAULT_REQUIRE_TLS: "yes" is not a boolean',
    ],
  )
})

const certificate = suite('settings: certificate')

certificate('every option of the certificate arrives', async () => {
  for (const keyType of KEY_TYPES) {
    const { settings } = await once({
      VAULT_PKI_MOUNT: 'team/pki/',
      KEY_TYPE: keyType,
      CERT_TTL: '1h30m',
      CERT_DNS_SANS: 'a.example, b.example',
      CERT_URI_SANS: 'spiffe://c/ns/a/sa/b',
    })
    assert.equal(settings.certificate, {
      pkiMount: 'team/pki',
      pkiRole: 'workload',
      commonName: 'app.team.cluster',
      dnsSans: ['a.example', 'b.example'],
      uriSans: ['spiffe://c/ns/a/sa/b'],
      keyType,
      ttl: '1h30m',
    })
  }
})

certificate('a TTL reaches the deadline', async () => {
  assert.is((await once({ CERT_TTL: '1m' })).settings.certificate.ttl, '1m')
  assert.is((await once({ CERT_TTL: '30', DEADLINE: '30' })).settings.certificate.ttl, '30')
  assert.match((await problemsOf({ CERT_TTL: '59s' })).join(), /^CERT_TTL: "59s" is shorter than DEADLINE,/)
  assert.match(
    (await problemsOf({ CERT_TTL: '2m', DEADLINE: '121' })).join(),
    /expected at least 121 seconds/,
  )
})

certificate('a wrong deadline does not count against the TTL', async () => {
  const lines = await problemsOf({ CERT_TTL: '1s', DEADLINE: '0' })
  assert.is(lines.length, 1)
  assert.match(lines[0] ?? '', /^DEADLINE: "0" is out of range/)
})

certificate('a common name over 61 characters is a warning, over 64 a problem', async () => {
  assert.equal((await once({ VAULT_CERT_CN: 'x'.repeat(61) })).warnings, [])
  for (const length of [62, 64]) {
    const { warnings } = await once({ VAULT_CERT_CN: 'x'.repeat(length) })
    assert.is(warnings.length, 1)
    assert.match(warnings[0] ?? '', /^VAULT_CERT_CN has over 61 characters, .+ source identity/)
  }
  assert.match(
    (await problemsOf({ VAULT_CERT_CN: 'x'.repeat(65) })).join(),
    /has 65 characters; expected at most 64/,
  )
})

certificate('each wrong setting is named', async () => {
  const lines = await problemsOf({
    VAULT_CERT_NAME: 'a/b',
    VAULT_PKI_MOUNT: '../sys',
    KEY_TYPE: 'rsa',
    CERT_TTL: '1w',
    CERT_DNS_SANS: 'a_b',
    CERT_URI_SANS: '/x',
  })
  assert.equal(
    lines.map((line) => line.replace(/;.+$/, '')),
    [
      'VAULT_CERT_NAME: "a/b" is not a name in Vault',
      'VAULT_PKI_MOUNT: "../sys" is not a path in Vault',
      'KEY_TYPE: "rsa" is not one of the choices',
      'CERT_TTL: "1w" is not a Vault duration',
      'CERT_DNS_SANS: "a_b" is not a DNS name',
      'CERT_URI_SANS: "/x" is not an absolute URI',
    ],
  )
})

const sink = suite('settings: sink')

sink('every option of the sink arrives', async () => {
  const { settings } = await once({
    AWS_SHARED_CREDENTIALS_FILE: '~/x/credentials',
    AWS_PROFILE: 'team a',
    FILE_MODE: '0640',
    WRITE_REGION: 'true',
    AWS_REGION: 'us-west-2',
    AWS_CONFIG_FILE: 'relative/config',
  })
  assert.equal(settings.sink, {
    kind: 'shared-files',
    credentialsFile: '/home/app/x/credentials',
    profile: 'team a',
    fileMode: 0o640,
    regionFile: { path: 'relative/config', region: 'us-west-2' },
  })
})

sink(
  'the region is the anchor’s and its file stands beside the other, where nothing else is said',
  async () => {
    const { settings } = await once({ WRITE_REGION: 'true' })
    assert.equal(settings.sink.regionFile, { path: '/home/app/.aws/config', region: 'eu-west-1' })
  },
)

sink('a region that is not to be written is not looked at', async () => {
  assert.is((await once({ AWS_REGION: 'nowhere' })).settings.sink.regionFile, undefined)
  assert.match(
    (await problemsOf({ AWS_REGION: 'nowhere', WRITE_REGION: 'true' })).join(),
    /^AWS_REGION: "nowhere"/,
  )
})

sink('without a home folder the files have to be named', async () => {
  assert.match(
    (await problemsOf({}, [], null)).join(),
    /^AWS_SHARED_CREDENTIALS_FILE: is in the home directory/,
  )
  const env = { AWS_SHARED_CREDENTIALS_FILE: '/aws/credentials' }
  assert.is((await once(env, [], null)).settings.sink.credentialsFile, '/aws/credentials')
  const lines = await problemsOf({ ...env, WRITE_REGION: 'true' }, [], null)
  assert.match(lines.join(), /^AWS_CONFIG_FILE: is in the home directory, and there is none; expected a path/)
  assert.is(
    (await once({ AWS_SHARED_CREDENTIALS_FILE: '~x/y' }, [], null)).settings.sink.credentialsFile,
    '~x/y',
  )
})

sink('each wrong setting is named', async () => {
  const lines = await problemsOf({ AWS_PROFILE: 'a]', FILE_MODE: '0666', WRITE_REGION: '1' })
  assert.equal(
    lines.map((line) => line.replace(/;.+$/, '')),
    [
      'AWS_PROFILE: "a]" is not a profile name that every SDK can read',
      'FILE_MODE: "0666" is writable by the group or by everyone',
      'WRITE_REGION: "1" is not a boolean',
    ],
  )
})

const times = suite('settings: times')

times('deadline and spread are whole seconds within a day', async () => {
  const { settings } = await once({ DEADLINE: '86400', START_SPREAD: '30' })
  assert.equal([settings.deadlineMs, settings.startSpreadMs], [86_400_000, 30_000])
  assert.is((await once({ DEADLINE: '1' })).settings.deadlineMs, 1000)
  assert.is((await once({ START_SPREAD: '86400' })).settings.startSpreadMs, 86_400_000)
  const lines = await problemsOf({ DEADLINE: '86401', START_SPREAD: '86401' })
  assert.equal(
    lines.map((line) => line.replace(/;.+$/, '')),
    ['DEADLINE: "86401" is out of range', 'START_SPREAD: "86401" is out of range'],
  )
})

vault.run()
certificate.run()
sink.run()
times.run()
