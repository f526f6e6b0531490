import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { host } from '../rig/emulators/http.ts'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { makeFolder, put, run, type Run, type RunFolder } from './harness.ts'
import { answerFirst, serverIdentity, startProxy, type ServerNames } from './servers.ts'
import { failed, succeeded } from './outcome.ts'

const tls = suite('e2e: TLS and addresses')

let plain: Stage
let secure: Stage
tls.before(async () => {
  plain = await startStage()
  secure = await startStage({ tls: true })
})
tls.after(async () => {
  await plain.close()
  await secure.close()
})
tls.after.each(() => {
  plain.vault.intercept = undefined
})

/** Settings that trust the stage's own CA. */
function trusting(stage: Stage, folder: RunFolder): Record<string, string> {
  const path = put(folder, 'ca.pem', stage.tlsAuthority ?? '')
  return { VAULT_CACERT: path, AWS_CA_BUNDLE: path }
}

/** A run against the plain stage's Vault behind a certificate of the test's own. */
async function behind(
  names: ServerNames,
  env: Readonly<Record<string, string>> = {},
  what: 'VAULT_ADDR' | 'AWS_ENDPOINT_URL_ROLESANYWHERE' = 'VAULT_ADDR',
): Promise<Run> {
  const identity = serverIdentity(names)
  const emulator = what === 'VAULT_ADDR' ? plain.vaultEmulator : plain.rolesAnywhereEmulator
  const server = await host((request) => emulator.handle(request), { tls: identity.tls })
  const folder = makeFolder()
  const ca = put(folder, 'ca.pem', identity.ca)
  try {
    return await run(plain, {
      folder,
      env: {
        [what]: server.url.replace('127.0.0.1', 'localhost'),
        [what === 'VAULT_ADDR' ? 'VAULT_CACERT' : 'AWS_CA_BUNDLE']: ca,
        ...env,
      },
    })
  } finally {
    await server.close()
  }
}

tls('https to both, each CA from its own variable', async () => {
  const folder = makeFolder()
  const done = await run(secure, { folder, env: trusting(secure, folder) })
  succeeded(secure, done)
  assert.is(done.stderr.trimEnd().split('\n').length, 1)
})

tls('an unknown CA at Vault: exit 3 at once, nothing sent, VAULT_CACERT in the hint', async () => {
  const done = await run(secure)
  failed(done, 3, /no TLS connection to Vault at https.*signed by a CA that is not trusted/, /VAULT_CACERT/)
  assert.is(done.vault.length, 0)
})

tls('an unknown CA at the endpoint: exit 5 at once, AWS_CA_BUNDLE in the hint', async () => {
  const folder = makeFolder()
  const done = await run(secure, { folder, env: { ...trusting(secure, folder), AWS_CA_BUNDLE: undefined } })
  failed(done, 5, /no TLS connection to Roles Anywhere/, /AWS_CA_BUNDLE/)
  assert.is(done.aws.length, 0)
  assert.is(secure.vaultEmulator.liveTokens(), 0)
})

for (const name of ['NODE_TLS_REJECT_UNAUTHORIZED', 'BUN_TLS_REJECT_UNAUTHORIZED']) {
  tls(`${name}=0 does not switch the check off, at Vault or at the endpoint`, async () => {
    const folder = makeFolder()
    const at = await run(secure, { env: { [name]: '0' } })
    assert.is(at.code, 3, at.stderr)
    const env = { ...trusting(secure, folder), AWS_CA_BUNDLE: undefined, [name]: '0' }
    const then = await run(secure, { folder, env })
    assert.is(then.code, 5, then.stderr)
    assert.is(at.vault.length + then.aws.length, 0)
  })
}

tls('VAULT_CACERT stands in for the built-in roots and the ones of the environment', async () => {
  const folder = makeFolder()
  const good = put(folder, 'good.pem', secure.tlsAuthority ?? '')
  const other = put(folder, 'other.pem', serverIdentity({}).ca)
  const env = { VAULT_CACERT: other, NODE_EXTRA_CA_CERTS: good }
  failed(await run(secure, { folder, env }), 3, /not trusted/, /VAULT_CACERT must contain/)
})

tls('a certificate for another name: exit 3, and VAULT_TLS_SERVER_NAME mends it', async () => {
  failed(await behind({ dns: ['vault.example'] }), 3, /does not match the host name/, /VAULT_TLS_SERVER_NAME/)
  const done = await behind({ dns: ['vault.example'] }, { VAULT_TLS_SERVER_NAME: 'vault.example' })
  succeeded(plain, done)
  const wrong = await behind({ dns: ['vault.example'] }, { VAULT_TLS_SERVER_NAME: 'vault.test' })
  failed(wrong, 3, /does not match the host name/)
})

tls('an expired certificate: exit 3, or 5 at the endpoint', async () => {
  failed(await behind({ lifetimeMs: -60_000 }), 3, /has expired/)
  const done = await behind({ lifetimeMs: -60_000 }, {}, 'AWS_ENDPOINT_URL_ROLESANYWHERE')
  failed(done, 5, /has expired/)
})

tls('a wrong name at the endpoint: exit 5', async () => {
  failed(
    await behind({ dns: ['aws.example'] }, {}, 'AWS_ENDPOINT_URL_ROLESANYWHERE'),
    5,
    /does not match the host name/,
  )
})

tls('https to a port that speaks http, and http to one that speaks https', async () => {
  const toPlain = await run(plain, { env: { VAULT_ADDR: plain.vault.url.replace('http', 'https') } })
  failed(toPlain, 3, /plain HTTP on this port/, /scheme and port of VAULT_ADDR/)
  const toSecure = await run(secure, {
    env: { VAULT_ADDR: secure.vault.url.replace('https', 'http'), DEADLINE: '1' },
  })
  assert.is(toSecure.code, 3, toSecure.stderr)
  assert.is(toSecure.vault.length, 0)
})

for (const over of [false, true]) {
  tls(`IPv6 literals for Vault and AWS over ${over ? 'https' : 'http'}`, async () => {
    const own = await startStage({ address: '::1', tls: over })
    try {
      assert.match(own.env['VAULT_ADDR'] ?? '', /\/\/\[::1\]:\d+$/)
      const folder = makeFolder()
      const done = await run(own, { folder, env: over ? trusting(own, folder) : {} })
      succeeded(own, done)
      assert.match(done.aws[0]?.request.header('host') ?? '', /^\[::1\]:\d+$/)
    } finally {
      await own.close()
    }
  })
}

tls('http beyond loopback works, with a warning on each run; VAULT_REQUIRE_TLS refuses it', async () => {
  const proxy = await startProxy({ routes: { 'vault.example:8200': plain.vault.port } })
  try {
    const env = { VAULT_ADDR: 'http://vault.example:8200', VAULT_PROXY_ADDR: proxy.url }
    const done = await run(plain, { env })
    succeeded(plain, done)
    assert.is(done.stderr.match(/warning: VAULT_ADDR is http/g)?.length, 1)
    const refused = await run(plain, { env: { ...env, VAULT_REQUIRE_TLS: 'true' } })
    assert.is(refused.code, 2)
    assert.is(refused.vault.length, 0)
  } finally {
    await proxy.close()
  }
})

tls('a redirect from https to http is refused, and nothing goes there', async () => {
  const folder = makeFolder()
  secure.vault.intercept = ({ target }) => ({
    status: 307,
    headers: { Location: `${plain.vault.url}${target}` },
    body: '',
  })
  const seen = plain.vault.requests.length
  try {
    const done = await run(secure, { folder, env: trusting(secure, folder) })
    failed(done, 3, /redirect from https to plain http/, /VAULT_ADDR/)
    assert.is(plain.vault.requests.length, seen)
  } finally {
    secure.vault.intercept = undefined
  }
})

tls('a trailing slash at VAULT_ADDR is no path', async () => {
  answerFirst(plain.vault, /never/)
  succeeded(plain, await run(plain, { env: { VAULT_ADDR: `${plain.env['VAULT_ADDR'] ?? ''}/` } }))
})

tls.run()
