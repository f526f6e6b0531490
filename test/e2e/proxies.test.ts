import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { host, type Hosted } from '../rig/emulators/http.ts'
import { EXAMPLE, startStage, type Stage } from '../rig/emulators/stage.ts'
import { makeFolder, put, run, type Run } from './harness.ts'
import { serverIdentity, startProxy, type Proxy, type ProxyOptions } from './servers.ts'
import { failed, succeeded } from './outcome.ts'

const proxies = suite('e2e: proxies')

/** The real endpoint's name, which only the proxy can resolve to the emulator. */
const AWS_HOST = `rolesanywhere.${EXAMPLE.region}.amazonaws.com`

let stage: Stage
let aws: Hosted
let ca: string
proxies.before(async () => {
  stage = await startStage()
  const identity = serverIdentity({ dns: [AWS_HOST, 'vault.example'] })
  ca = identity.ca
  aws = await host((request) => stage.rolesAnywhereEmulator.handle(request), { tls: identity.tls })
})
proxies.after(async () => {
  await stage.close()
  await aws.close()
})

async function through(
  options: ProxyOptions,
  env: (proxy: Proxy) => Readonly<Record<string, string | undefined>>,
): Promise<{ done: Run; proxy: Proxy }> {
  const proxy = await startProxy({ routes: { [`${AWS_HOST}:443`]: aws.port }, ...options })
  const folder = makeFolder()
  try {
    const done = await run(stage, {
      folder,
      env: {
        AWS_ENDPOINT_URL_ROLESANYWHERE: undefined,
        AWS_CA_BUNDLE: put(folder, 'ca.pem', ca),
        ...env(proxy),
      },
      secrets: ['proxy-password', Buffer.from('me:proxy-password').toString('base64')],
    })
    return { done, proxy }
  } finally {
    await proxy.close()
  }
}

for (const name of ['HTTPS_PROXY', 'https_proxy']) {
  proxies(`${name} takes CreateSession to the default endpoint, which resolves only there`, async () => {
    const { done, proxy } = await through({}, ({ url }) => ({ [name]: url }))
    succeeded(stage, done)
    assert.is(proxy.heads.length, 1)
    assert.match(proxy.heads[0] ?? '', new RegExp(`^CONNECT ${AWS_HOST}:443 HTTP/1.1\r\n`))
    assert.is(aws.requests.at(-1)?.request.header('host'), AWS_HOST)
  })
}

proxies('a proxy without a scheme is an http one', async () => {
  const { done, proxy } = await through({}, ({ port }) => ({ HTTPS_PROXY: `127.0.0.1:${port}` }))
  succeeded(stage, done)
  assert.is(proxy.heads.length, 1)
})

proxies('a proxy user and password go as Proxy-Authorization, and are shown nowhere', async () => {
  const { done, proxy } = await through({}, ({ port }) => ({
    HTTPS_PROXY: `http://me:proxy-password@127.0.0.1:${port}`,
    DEBUG: '*',
    NODE_DEBUG: '*',
  }))
  succeeded(stage, done)
  const expected = Buffer.from('me:proxy-password').toString('base64')
  assert.ok(proxy.heads[0]?.toLowerCase().includes(`proxy-authorization: basic ${expected.toLowerCase()}`))
  assert.is(aws.requests.at(-1)?.request.header('proxy-authorization'), undefined)
})

for (const [refusal, says, tries] of [
  ['407 Proxy Authentication Required', /the proxy requires a login \(it answered 407 to CONNECT\)/, 1],
  ['403 Forbidden', /the proxy would not connect \(it answered 403 to CONNECT\)/, 1],
] as const) {
  proxies(`a proxy's ${refusal} is told apart from an answer of AWS's`, async () => {
    const { done, proxy } = await through({ refusal }, ({ url }) => ({ HTTPS_PROXY: url }))
    failed(done, 5, says, /proxy/)
    assert.is(proxy.heads.length, tries)
    assert.is(stage.vaultEmulator.liveTokens(), 0)
  })
}

proxies("a proxy's 502 is tried again until DEADLINE, and named at its end", async () => {
  const { done, proxy } = await through({ routes: {} }, ({ url }) => ({ HTTPS_PROXY: url, DEADLINE: '1' }))
  failed(done, 5, /the proxy would not connect \(it answered 502 to CONNECT\).*DEADLINE of 1 s/, /proxy/)
  assert.ok(proxy.heads.length > 1)
})

for (const noProxy of ['.invalid', 'x, aws.invalid:443']) {
  proxies(`NO_PROXY=${noProxy} keeps the endpoint from the proxy`, async () => {
    const { done, proxy } = await through({ routes: { 'aws.invalid:443': aws.port } }, ({ url }) => ({
      AWS_ENDPOINT_URL_ROLESANYWHERE: 'https://aws.invalid',
      HTTPS_PROXY: url,
      NO_PROXY: noProxy,
      DEADLINE: '1',
    }))
    assert.is(done.code, 5, done.stderr)
    assert.is(proxy.heads.length, 0)
  })
}

proxies('NO_PROXY for something else does not', async () => {
  const { done, proxy } = await through({}, ({ url }) => ({
    HTTPS_PROXY: url,
    NO_PROXY: 'example,10.0.0.0/8',
  }))
  succeeded(stage, done)
  assert.is(proxy.heads.length, 1)
})

/** Every spelling that some library obeys. */
function everyProxy(url: string): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'all_proxy', 'npm_config_proxy', 'npm_config_https_proxy']
  return Object.fromEntries(names.flatMap((name) => [name, name.toUpperCase()]).map((name) => [name, url]))
}

for (const scheme of ['http', 'https'] as const) {
  proxies(`nothing of Vault's reaches any proxy of the environment, over ${scheme}`, async () => {
    const own = await startStage({ tls: scheme === 'https' })
    const proxy = await startProxy({ routes: { [`${AWS_HOST}:443`]: aws.port } })
    const folder = makeFolder()
    try {
      const local = put(folder, 'ca.pem', `${own.tlsAuthority ?? ''}\n${ca}`)
      // By a name, since loopback addresses are often excepted.
      const address = (own.env['VAULT_ADDR'] ?? '').replace('127.0.0.1', 'localhost')
      for (const VAULT_ADDR of [own.env['VAULT_ADDR'], address]) {
        const done = await run(own, {
          folder,
          env: {
            ...everyProxy(proxy.url),
            VAULT_ADDR,
            AWS_CA_BUNDLE: local,
            DEADLINE: '5',
            ...(scheme === 'https' ? { VAULT_CACERT: local } : {}),
          },
        })
        succeeded(own, done)
        assert.is(done.vault.length, 3)
      }
      assert.equal(proxy.heads, [])
    } finally {
      await proxy.close()
      await own.close()
    }
  })

  proxies(`not even where Vault cannot be reached otherwise, over ${scheme}`, async () => {
    const { done, proxy } = await through(
      { routes: { 'vault.invalid:8200': stage.vault.port } },
      ({ url }) => ({ ...everyProxy(url), VAULT_ADDR: `${scheme}://vault.invalid:8200`, DEADLINE: '1' }),
    )
    assert.is(done.code, 3, done.stderr)
    assert.equal(proxy.heads, [])
  })
}

proxies(
  'VAULT_PROXY_ADDR takes Vault through its own proxy, by CONNECT even for http, and AWS not',
  async () => {
    const proxy = await startProxy({ routes: { 'vault.example:8200': stage.vault.port } })
    try {
      const done = await run(stage, {
        env: { VAULT_ADDR: 'http://vault.example:8200', VAULT_PROXY_ADDR: proxy.url },
      })
      succeeded(stage, done)
      assert.ok(proxy.heads.every((head) => head.startsWith('CONNECT vault.example:8200 ')))
      assert.ok(proxy.heads.length > 0)
      assert.is(done.aws.length, 1)
    } finally {
      await proxy.close()
    }
  },
)

proxies('VAULT_PROXY_ADDR that would not connect: exit 3', async () => {
  const proxy = await startProxy({ refusal: '403 Forbidden' })
  try {
    const done = await run(stage, { env: { VAULT_PROXY_ADDR: proxy.url } })
    failed(done, 3, /no connection to Vault at .*the proxy would not connect/, /VAULT_PROXY_ADDR|proxy/)
    assert.is(done.vault.length, 0)
  } finally {
    await proxy.close()
  }
})

proxies.run()
