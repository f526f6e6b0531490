import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAuthority, serverCertificate } from './emulators/authority.ts'
import { onBothRuntimes } from './http-scenario.ts'
import { answer, rawServer, tunnel, type Respond } from './loopback.ts'
import { certificateFor } from './server-certificate.ts'

const http = suite('http through a proxy')
const scenario = onBothRuntimes(http)

const NOW = Date.now()
const ours = createAuthority({ commonName: 'Ours', nowMs: NOW })
const other = createAuthority({ commonName: 'Other', nowMs: NOW })
const loopback = serverCertificate(ours, NOW)
const fine: Respond = (socket) => socket.write(answer('fine'))

for (const scheme of ['http', 'https'] as const) {
  const tls = scheme === 'https' ? { tls: loopback } : {}

  scenario(
    `reaches an ${scheme} server by CONNECT, and tells only the proxy its credentials`,
    async (scene) => {
      const server = await scene.serve(fine, tls)
      const proxy = await scene.serve(tunnel)
      const client = scene.open({ proxy: `http://user%40x:p%3Ass@${proxy.authority}`, ca: ours.pem })
      for (let count = 0; count < 3; count += 1) {
        const { outcome } = client.request({
          url: `${scheme}://${server.authority}/path`,
          headers: { Host: server.authority, Authorization: 'of the server' },
          body: 'x',
        })
        assert.equal(await outcome, { status: 200, body: 'fine' })
      }
      const [connect = '', ...further] = proxy.requests
      assert.is(connect.split('\r\n')[0], `CONNECT ${server.authority} HTTP/1.1`)
      const credentials = Buffer.from('user@x:p:ss').toString('base64')
      assert.match(connect, `\r\nProxy-Authorization: Basic ${credentials}\r\n`)
      assert.match(connect, `\r\nHost: ${server.authority}\r\n`)
      assert.not.match(connect, 'of the server')
      assert.equal(further, [], 'one tunnel serves several requests')
      assert.is(server.connections(), 1)
      assert.match(server.requests[0] ?? '', /^POST \/path HTTP\/1.1\r\n/)
      assert.not.match(server.requests.join(''), /proxy-/i)
      client.close()
      await server.idle()
      await proxy.idle()
    },
  )

  scenario(`reaches an IPv6 literal by ${scheme}`, async (scene) => {
    const server = await scene.serve(fine, { host: '::1', ...tls })
    const proxy = await scene.serve(tunnel, { host: '::1' })
    const outcome = await scene.request(
      { url: `${scheme}://${server.authority}/` },
      { proxy: `http://${proxy.authority}`, ca: ours.pem },
    )
    assert.equal(outcome, { status: 200, body: 'fine' })
    assert.is(proxy.requests[0]?.split('\r\n')[0], `CONNECT ${server.authority} HTTP/1.1`)
  })

  scenario(`tells what a proxy refuses from what an ${scheme} server refuses`, async (scene) => {
    const server = await scene.serve((socket) => socket.write(answer('no', '403 Forbidden')), tls)
    const open = await scene.serve(tunnel)
    const url = `${scheme}://${server.authority}/`
    const refused = await scene.request({ url }, { proxy: `http://${open.authority}`, ca: ours.pem })
    assert.equal(refused, { status: 403, body: 'no' })
    for (const [status, message] of [
      ['403 Forbidden', 'the proxy would not connect (it answered 403 to CONNECT)'],
      ['407 Proxy Authentication Required', 'the proxy wants a login (it answered 407 to CONNECT)'],
      ['502 Bad Gateway', 'the proxy would not connect (it answered 502 to CONNECT)'],
    ] as const) {
      const proxy = await scene.serve((socket) => socket.write(answer('a page', status)))
      const outcome = await scene.request({ url }, { proxy: `http://${proxy.authority}`, ca: ours.pem })
      assert.equal(outcome, { fault: 'proxy', code: `PROXY_${status.slice(0, 3)}`, message })
      await proxy.idle()
    }
    assert.is(server.requests.length, 1)
  })
}

scenario('sends credentials that hold a bare percent sign as they are', async (scene) => {
  const server = await scene.serve(fine)
  const proxy = await scene.serve(tunnel)
  await scene.request(
    { url: `http://${server.authority}/` },
    { proxy: `http://user:100%@${proxy.authority}` },
  )
  const credentials = Buffer.from('user:100%').toString('base64')
  assert.match(proxy.requests[0] ?? '', `\r\nProxy-Authorization: Basic ${credentials}\r\n`)
})

scenario('sends a proxy without credentials none', async (scene) => {
  const server = await scene.serve(fine)
  const proxy = await scene.serve(tunnel)
  await scene.request({ url: `http://${server.authority}/` }, { proxy: `http://${proxy.authority}` })
  assert.not.match(proxy.requests[0] ?? '', /authorization/i)
})

scenario('says that it is the proxy that cannot be reached', async (scene) => {
  const server = await scene.serve(fine)
  const gone = await rawServer(() => undefined)
  await gone.close()
  const outcome = await scene.request(
    { url: `http://${server.authority}/` },
    { proxy: `http://${gone.authority}` },
  )
  assert.is(outcome.fault, 'proxy')
  assert.is(outcome.message, 'the proxy cannot be reached: the connection was refused')
  const unknown = await scene.request(
    { url: `http://${server.authority}/` },
    { proxy: 'http://nowhere.invalid:3128' },
  )
  assert.is(unknown.fault, 'proxy')
  assert.match(unknown.message ?? '', /^the proxy cannot be reached: .*DNS/)
})

scenario('says that it is the proxy that ends the connection', async (scene) => {
  const proxy = await scene.serve((socket, _request, count) =>
    count === 1 ? socket.end() : socket.resetAndDestroy(),
  )
  for (const _how of ['ended', 'reset']) {
    const outcome = await scene.request(
      { url: 'https://127.0.0.1:9/' },
      { proxy: `http://${proxy.authority}` },
    )
    assert.is(outcome.fault, 'proxy')
    assert.is(outcome.message, 'the proxy cannot be reached: the connection was reset (https on this port?)')
  }
})

scenario('says that it is the proxy that does not speak HTTP', async (scene) => {
  for (const bytes of ['SSH-2.0-OpenSSH_9.9\r\n\r\n', 'HTTP/1.1 200 OK\r\nno colon\r\n\r\n']) {
    const proxy = await scene.serve((socket) => socket.write(bytes))
    const outcome = await scene.request(
      { url: 'http://127.0.0.1:9/', timeoutMs: 3000 },
      { proxy: `http://${proxy.authority}` },
    )
    assert.is(outcome.fault, 'proxy')
    assert.is(
      outcome.message,
      'the proxy cannot be reached: it does not answer in HTTP (https on this port?)',
    )
  }
})

scenario('gives up on a proxy that hangs, and lets its connection go', async (scene) => {
  const proxy = await scene.serve(() => undefined)
  const outcome = await scene.request(
    { url: 'http://127.0.0.1:9/', timeoutMs: 200 },
    { proxy: `http://${proxy.authority}` },
  )
  assert.equal(outcome, {
    fault: 'timeout',
    code: 'ETIMEDOUT',
    message: 'the proxy did not connect within 0.2 s',
  })
  await proxy.idle()
})

scenario('says that the connection through the proxy was cut short', async (scene) => {
  const server = await scene.serve((socket) =>
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
  )
  const proxy = await scene.serve(tunnel)
  const outcome = await scene.request(
    { url: `http://${server.authority}/` },
    { proxy: `http://${proxy.authority}` },
  )
  assert.is(outcome.fault, 'cut-short')
})

scenario('takes an https proxy whose certificate the CA signed', async (scene) => {
  const server = await scene.serve(fine, { tls: loopback })
  const proxy = await scene.serve(tunnel, { tls: loopback })
  const url = `https://${server.authority}/`
  const options = { proxy: `https://${proxy.authority}` }
  assert.equal(await scene.request({ url }, { ...options, ca: ours.pem }), { status: 200, body: 'fine' })
  const refused = await scene.request({ url }, { ...options, ca: other.pem })
  assert.is(refused.fault, 'proxy')
  assert.is(
    refused.message,
    'the proxy cannot be reached: its certificate is signed by a CA that is not trusted here',
  )
  assert.is(proxy.requests.length, 1)
})

scenario('does not ask an https proxy for the name of the server', async (scene) => {
  const server = await scene.serve(fine, { tls: certificateFor(ours, { dns: ['vault.example'] }) })
  const proxy = await scene.serve(tunnel, { tls: loopback })
  const options = { proxy: `https://${proxy.authority}`, ca: ours.pem, tlsServerName: 'vault.example' }
  const outcome = await scene.request({ url: `https://${server.authority}/` }, options)
  assert.equal(outcome, { status: 200, body: 'fine' })
})

scenario('checks the certificate of the server behind the proxy, and not its own', async (scene) => {
  const proxy = await scene.serve(tunnel)
  const options = { proxy: `http://localhost:${proxy.port}`, ca: ours.pem }
  const ofProxy = await scene.serve(fine, { tls: certificateFor(ours, { dns: ['localhost'] }) })
  const wrong = await scene.request({ url: `https://${ofProxy.authority}/` }, options)
  assert.equal([wrong.fault, wrong.message], ['tls', 'its certificate is for another name'])
  assert.is(ofProxy.requests.length, 0)

  const byAddress = await scene.serve(fine, { tls: certificateFor(ours, { ips: ['127.0.0.1'] }) })
  const right = await scene.request({ url: `https://${byAddress.authority}/` }, options)
  assert.equal(right, { status: 200, body: 'fine' })

  const named = await scene.serve(fine, { tls: certificateFor(ours, { dns: ['vault.example'] }) })
  const url = `https://${named.authority}/`
  const asked = await scene.request({ url }, { ...options, tlsServerName: 'vault.example' })
  assert.equal(asked, { status: 200, body: 'fine' })

  const untrusted = await scene.serve(fine, { tls: serverCertificate(other, NOW) })
  const unknown = await scene.request({ url: `https://${untrusted.authority}/` }, options)
  assert.equal(
    [unknown.fault, unknown.message],
    ['tls', 'its certificate is signed by a CA that is not trusted here'],
  )
})

scenario('expects of an https proxy its own name, whatever the server is called', async (scene) => {
  const server = await scene.serve(fine, { tls: certificateFor(ours, { dns: ['localhost'] }) })
  const proxy = await scene.serve(tunnel, { tls: certificateFor(ours, { ips: ['127.0.0.1'] }) })
  const outcome = await scene.request(
    { url: `https://localhost:${server.port}/` },
    { proxy: `https://127.0.0.1:${proxy.port}`, ca: ours.pem },
  )
  assert.equal(outcome, { status: 200, body: 'fine' })
  const pretender = await scene.serve(tunnel, { tls: certificateFor(ours, { dns: ['localhost'] }) })
  const refused = await scene.request(
    { url: `https://localhost:${server.port}/` },
    { proxy: `https://127.0.0.1:${pretender.port}`, ca: ours.pem },
  )
  assert.equal(
    [refused.fault, refused.message],
    ['proxy', 'the proxy cannot be reached: its certificate is for another name'],
  )
})

scenario('ends the request, and not the process, where what to trust cannot be read', async (scene) => {
  const server = await scene.serve(fine, { tls: loopback })
  const plain = await scene.serve(tunnel)
  const secure = await scene.serve(tunnel, { tls: loopback })
  const ca = '-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n'
  for (const proxy of [undefined, `http://${plain.authority}`, `https://${secure.authority}`]) {
    const options = { ca, ...(proxy === undefined ? {} : { proxy }) }
    const outcome = await scene.request({ url: `https://${server.authority}/` }, options)
    assert.match(outcome.message ?? '', /certificate/)
    assert.match(outcome.fault ?? '', /^(?:tls|proxy)$/)
  }
  await plain.idle()
  assert.is(server.requests.length, 0)
})

http.run()
