import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAuthority, serverCertificate } from '../rig/emulators/authority.ts'
import { onBothRuntimes } from '../support/http-scenario.ts'
import { answer, rawServer, tunnel, tunnelBehind, type Respond } from '../support/loopback.ts'
import { certificateFor } from '../support/server-certificate.ts'

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
      ['407 Proxy Authentication Required', 'the proxy requires a login (it answered 407 to CONNECT)'],
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
  assert.match(
    unknown.message ?? '',
    /^the proxy cannot be reached: (?:its host name does not resolve|DNS does not answer)$/,
  )
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

const NOT_HTTP = 'it does not answer in HTTP (https on this port?)'

for (const [what, bytes, message] of [
  ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n\r\n', NOT_HTTP],
  ['another protocol, which waits', 'SSH-2.0-OpenSSH_9.9\r\n', NOT_HTTP],
  ['HTTP/2', 'HTTP/2 200\r\n\r\n', NOT_HTTP],
  ['ICY', 'ICY 200 OK\r\n\r\n', NOT_HTTP],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'its answer has a malformed status'],
  ['a line without a colon', 'HTTP/1.1 200 OK\r\nno colon\r\n\r\n', 'a header of its answer is malformed'],
  ['a blank in a name', 'HTTP/1.1 200 OK\r\na b: c\r\n\r\n', 'a header of its answer is malformed'],
  [
    'more than 1 MiB of headers',
    `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(1100 * 1024)}`,
    'the headers of its answer are larger than 1 MiB',
  ],
  [
    'interim answers without end',
    'HTTP/1.1 100 Continue\r\n\r\n'.repeat(44_000),
    'the headers of its answer are larger than 1 MiB',
  ],
] as const) {
  scenario(`says what is wrong with a proxy that answers with ${what}`, async (scene) => {
    const proxy = await scene.serve((socket) => socket.write(bytes))
    const outcome = await scene.request(
      { url: 'http://127.0.0.1:9/', timeoutMs: 5000 },
      { proxy: `http://${proxy.authority}` },
    )
    assert.equal([outcome.fault, outcome.message], ['proxy', `the proxy cannot be reached: ${message}`])
    await proxy.idle()
  })
}

const OK = 'HTTP/1.1 200 Connection established'

/** RFC 9110, section 9.3.6: any status from 200 to 299 opens the tunnel, and no length means anything. */
const TUNNELS: readonly (readonly [string, string])[] = [
  ...['200 OK', '200', '201 Created', '202 Accepted', '204 No Content', '206 Partial', '299 Odd'].map(
    (status) => [status, `HTTP/1.1 ${status}\r\n\r\n`] as const,
  ),
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\n'],
  ['a length of 0', `${OK}\r\nContent-Length: 0\r\n\r\n`],
  ['a length', `${OK}\r\nContent-Length: 5\r\n\r\n`],
  ['two lengths', `${OK}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n`],
  ['a length that is no number', `${OK}\r\nContent-Length: x\r\n\r\n`],
  ['chunks', `${OK}\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ['a length and chunks', `${OK}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ['a coding', `${OK}\r\nTransfer-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n`],
  ['Connection: close', `${OK}\r\nConnection: close\r\nProxy-Connection: close\r\n\r\n`],
  ['an upgrade beside it', `${OK}\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n`],
  ['a location beside it', `${OK}\r\nLocation: http://other.example/\r\n\r\n`],
  ['100 before it', `HTTP/1.1 100 Continue\r\n\r\n${OK}\r\n\r\n`],
  [
    '100, 102 and 103 before it',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX: y\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}\r\n\r\n`,
  ],
  ['a folded header', `${OK}\r\nX-A: b\r\n c\r\n\td\r\n\r\n`],
  ['line feeds alone', `${OK}\nX-A: b\n\n`],
  ['an empty line before it', `\r\n${OK}\r\n\r\n`],
  ['a header in Latin-1', `${OK}\r\nX-A: \u00e4\r\n\r\n`],
  ['300 KiB of headers', `${OK}\r\n${`X-A: ${'x'.repeat(1000)}\r\n`.repeat(300)}\r\n`],
  ['3,000 headers', `${OK}\r\n${'X-A: x\r\n'.repeat(3000)}\r\n`],
]

for (const [what, head] of TUNNELS) {
  scenario(`takes a tunnel that is opened with ${what}`, async (scene) => {
    const server = await scene.serve(fine, { tls: loopback })
    const proxy = await scene.serve(tunnelBehind(Buffer.from(head, 'latin1')))
    const outcome = await scene.request(
      { url: `https://${server.authority}/`, body: 'x' },
      { proxy: `http://${proxy.authority}`, ca: ours.pem },
    )
    assert.equal(outcome, { status: 200, body: 'fine' })
  })
}

scenario('takes an answer to CONNECT that comes one byte at a time', async (scene) => {
  const server = await scene.serve(fine)
  const proxy = await scene.serve(tunnelBehind(`HTTP/1.1 100 Continue\r\n\r\n${OK}\r\nX-A: b\r\n\r\n`, true))
  const outcome = await scene.request(
    { url: `http://${server.authority}/` },
    { proxy: `http://${proxy.authority}` },
  )
  assert.equal(outcome, { status: 200, body: 'fine' })
})

for (const [answered, message] of [
  [answer('<html>', '401 Unauthorized'), 'the proxy requires a login (it answered 401 to CONNECT)'],
  [
    answer('', '302 Found', ['Location: https://portal.example:8443/login?secret=x']),
    'the proxy would not connect (it answered 302 to CONNECT with a redirect to https://portal.example:8443)',
  ],
  [answer('', '307 Temporary Redirect'), 'the proxy would not connect (it answered 307 to CONNECT)'],
  ['HTTP/1.1 304 Not Modified\r\n\r\n', 'the proxy would not connect (it answered 304 to CONNECT)'],
  [
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
    'the proxy would not connect (it answered 101 to CONNECT)',
  ],
  [
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n',
    'the proxy would not connect (it answered 403 to CONNECT)',
  ],
  [
    'HTTP/1.1 099 Odd\r\n\r\nHTTP/1.1 600 Odd\r\n\r\n',
    'the proxy would not connect (it answered 600 to CONNECT)',
  ],
  [
    answer('<html>Sign in</html>'),
    'the proxy would not connect (it answered 200 to CONNECT with a page of its own)',
  ],
] as const) {
  scenario(`says that ${message}`, async (scene) => {
    const proxy = await scene.serve((socket) => socket.write(answered))
    const outcome = await scene.request(
      { url: 'https://127.0.0.1:9/', timeoutMs: 5000 },
      { proxy: `http://${proxy.authority}` },
    )
    assert.equal([outcome.fault, outcome.message], ['proxy', message])
    await proxy.idle()
  })
}

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
  assert.equal([wrong.fault, wrong.message], ['tls', 'its certificate does not match the host name'])
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
    ['proxy', 'the proxy cannot be reached: its certificate does not match the host name'],
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
