import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { onBothRuntimes } from './http-scenario.ts'
import { answer, rawServer } from './loopback.ts'
import { certificateFor } from './server-certificate.ts'

const http = suite('http')
const scenario = onBothRuntimes(http)

const MIB = 1024 * 1024

scenario('sends the headers and the body as given, and nothing that nobody asked for', async (scene) => {
  const server = await scene.serve((socket) => socket.write(answer('fine')))
  const outcome = await scene.request({
    url: `http://${server.authority}/v1/a%20b?c=d`,
    headers: { Host: server.authority, 'X-Vault-Token': 'example', 'Content-Type': 'application/json' },
    body: '{"ü":1}',
  })
  assert.equal(outcome, { status: 200, body: 'fine' })
  const [head = '', body] = (server.requests[0] ?? '').split('\r\n\r\n')
  const [first, ...headers] = head.split('\r\n')
  assert.is(first, 'POST /v1/a%20b?c=d HTTP/1.1')
  assert.equal(headers.toSorted(), [
    'Connection: keep-alive',
    'Content-Length: 8',
    'Content-Type: application/json',
    `Host: ${server.authority}`,
    'X-Vault-Token: example',
  ])
  assert.is(Buffer.from(body ?? '', 'latin1').toString(), '{"ü":1}')
})

scenario('names the host with its port where the caller names none', async (scene) => {
  const server = await scene.serve((socket) => socket.write(answer('fine')))
  await scene.request({ url: `http://${server.authority}/`, method: 'GET' })
  assert.match(server.requests[0] ?? '', `\r\nHost: ${server.authority}\r\n`)
})

scenario('reads an answer that comes one byte at a time', async (scene) => {
  const server = await scene.serve((socket) => {
    const bytes = [...Buffer.from(answer('{"price":"9 €"}', '201 Created', ['X-Kind: slow']))]
    socket.setNoDelay(true)
    const next = (): void => {
      const byte = bytes.shift()
      if (byte === undefined) return
      socket.write(Buffer.of(byte))
      setImmediate(next)
    }
    next()
  })
  const outcome = await scene.request({ url: `http://${server.authority}/`, reads: 'X-KIND' })
  assert.equal(outcome, { status: 201, body: '{"price":"9 €"}', header: 'slow' })
})

scenario('reads chunks, and a body that the end of the connection ends', async (scene) => {
  const server = await scene.serve((socket, _request, count) => {
    if (count === 1) {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n4\r\n two\r\n0\r\n\r\n')
    } else {
      socket.end('HTTP/1.0 200 OK\r\n\r\nto the end')
    }
  })
  const client = scene.open()
  const url = `http://${server.authority}/`
  assert.is((await client.request({ url }).outcome).body, 'one two')
  assert.is((await client.request({ url }).outcome).body, 'to the end')
})

scenario('passes over interim answers', async (scene) => {
  const server = await scene.serve((socket) =>
    socket.write(
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answer('real')}`,
    ),
  )
  assert.equal(await scene.request({ url: `http://${server.authority}/` }), { status: 200, body: 'real' })
})

scenario('hands a redirect back instead of following it', async (scene) => {
  const elsewhere = await scene.serve((socket) => socket.write(answer('elsewhere')))
  const location = `http://${elsewhere.authority}/v1`
  const server = await scene.serve((socket) =>
    socket.write(answer('', '307 Temporary Redirect', [`Location: ${location}`])),
  )
  const outcome = await scene.request({ url: `http://${server.authority}/`, reads: 'location' })
  assert.equal(outcome, { status: 307, body: '', header: location })
  assert.is(elsewhere.connections(), 0)
})

scenario('keeps one connection for several requests, and lets it go when it is closed', async (scene) => {
  const server = await scene.serve((socket, _request, count) => socket.write(answer(`${count}`)))
  const client = scene.open()
  for (const expected of ['1', '2', '3']) {
    const { outcome } = client.request({ url: `http://${server.authority}/`, body: 'x' })
    assert.equal(await outcome, { status: 200, body: expected })
  }
  assert.is(server.connections(), 1)
  client.close()
  await server.idle()
})

scenario('reaches an IPv6 literal', async (scene) => {
  const server = await scene.serve((socket) => socket.write(answer('six')), { host: '::1' })
  assert.equal(await scene.request({ url: `http://${server.authority}/` }), { status: 200, body: 'six' })
  assert.match(server.requests[0] ?? '', `\r\nHost: [::1]:${server.port}\r\n`)
})

scenario('takes a body of 1 MiB and not a byte more', async (scene) => {
  const server = await scene.serve((socket, request) => {
    const size = Number(/size=(\d+)/.exec(request)?.[1])
    const head = request.includes('chunked')
      ? `Transfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n`
      : `Content-Length: ${size}\r\n\r\n`
    socket.write(
      `HTTP/1.1 200 OK\r\n${head}${'x'.repeat(size)}${request.includes('chunked') ? '\r\n0\r\n\r\n' : ''}`,
    )
  })
  const url = `http://${server.authority}/`
  const client = scene.open()
  const whole = await client.request({ url: `${url}?size=${MIB}` }).outcome
  assert.is(whole.body?.length, MIB)
  client.close()
  for (const kind of ['counted', 'chunked']) {
    assert.equal(await scene.request({ url: `${url}${kind}?size=${MIB + 1}` }), {
      fault: 'too-large',
      code: 'E2BIG',
      message: 'the answer is larger than 1 MiB',
    })
  }
  await server.idle()
})

scenario('says that a connection was refused', async (scene) => {
  const gone = await rawServer(() => undefined)
  await gone.close()
  const outcome = await scene.request({ url: `http://${gone.authority}/` })
  assert.is(outcome.fault, 'unreachable')
  assert.is(outcome.message, 'the connection was refused')
})

scenario('says that a name is not known', async (scene) => {
  const outcome = await scene.request({ url: 'http://nowhere.invalid/' })
  assert.is(outcome.fault, 'unreachable')
  assert.match(outcome.message ?? '', /DNS/)
})

scenario('says that a connection was reset before the answer', async (scene) => {
  const server = await scene.serve((socket, _request, count) =>
    count === 1 ? socket.resetAndDestroy() : socket.end(),
  )
  for (const _how of ['reset', 'ended']) {
    const outcome = await scene.request({ url: `http://${server.authority}/`, body: 'x' })
    assert.equal(outcome, {
      fault: 'unreachable',
      code: 'ECONNRESET',
      message: 'the connection was reset (https on this port?)',
    })
  }
})

for (const [how, head] of [
  ['counted', 'Content-Length: 100\r\n\r\nhalf'],
  ['chunked', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
] as const) {
  scenario(`says that a ${how} body was cut short`, async (scene) => {
    const server = await scene.serve((socket, _request, count) => {
      socket.write(`HTTP/1.1 200 OK\r\n${head}`, () => {
        if (count === 1) socket.resetAndDestroy()
        else socket.end()
      })
    })
    const url = `http://${server.authority}/`
    const reset = await scene.request({ url })
    // A reset throws away what has arrived and is not read yet, the headers too.
    assert.ok(reset.fault === 'cut-short' || reset.fault === 'unreachable', reset.fault)
    assert.is(reset.code, 'ECONNRESET')
    assert.equal(await scene.request({ url }), {
      fault: 'cut-short',
      code: 'ECONNRESET',
      message: 'the connection ended in the middle of the answer',
    })
  })
}

for (const [when, first] of [
  ['before the headers', ''],
  ['in the middle of the headers', 'HTTP/1.1 200 OK\r\nContent-'],
  ['in the middle of the body', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'],
] as const) {
  scenario(`gives up on a server that hangs ${when}`, async (scene) => {
    const server = await scene.serve((socket) => {
      if (first !== '') socket.write(first)
    })
    assert.equal(await scene.request({ url: `http://${server.authority}/`, timeoutMs: 200 }), {
      fault: 'timeout',
      code: 'ETIMEDOUT',
      message: 'no complete answer within 0.2 s',
    })
    await server.idle()
  })
}

scenario('limits the whole exchange, not the pauses in it', async (scene) => {
  const server = await scene.serve((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n')
    const drip = setInterval(() => socket.write('.'), 20)
    socket.on('close', () => clearInterval(drip))
  })
  const outcome = await scene.request({ url: `http://${server.authority}/`, timeoutMs: 200 })
  assert.is(outcome.fault, 'timeout')
  await server.idle()
})

for (const [what, bytes] of [
  ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n\r\n'],
  ['bytes of no protocol', '\u0000\u0001\u0002\u0003\r\n\r\n'],
  ['a malformed chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
  ['a header without an end', `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(200_000)}`],
] as const) {
  scenario(`says that ${what} is not HTTP`, async (scene) => {
    const server = await scene.serve((socket) => socket.write(bytes))
    const outcome = await scene.request({ url: `http://${server.authority}/`, timeoutMs: 3000 })
    assert.is(outcome.fault, 'not-http')
    assert.is(outcome.message, 'it does not answer in HTTP (https on this port?)')
    await server.idle()
  })
}

scenario('refuses a change of protocol that nobody asked for', async (scene) => {
  const server = await scene.serve((socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'),
  )
  const outcome = await scene.request({ url: `http://${server.authority}/`, timeoutMs: 3000 })
  assert.equal(outcome, {
    fault: 'not-http',
    code: 'EUPGRADE',
    message: 'the server changed the protocol',
  })
  await server.idle()
})

for (const tls of [undefined, certificateFor(undefined, { ips: ['127.0.0.1'] })]) {
  const scheme = tls === undefined ? 'http' : 'https'
  scenario(`says that the first request over ${scheme} is on its way when it really is`, async (scene) => {
    const folder = mkdtempSync(join(tmpdir(), 'iam-ra-'))
    try {
      const waitsFor = join(folder, 'received')
      const server = await scene.serve(
        (socket) => {
          writeFileSync(waitsFor, '')
          socket.write(answer('fine'))
        },
        tls === undefined ? {} : { tls },
      )
      const url = `${scheme}://${server.authority}/`
      const outcome = await scene.request(
        { url, body: '{}', waitsFor },
        tls === undefined ? {} : { ca: tls.cert },
      )
      assert.equal(outcome, { status: 200, body: 'fine', came: true })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}

scenario('throws the reason of a signal that is aborted before the request', async (scene) => {
  const server = await scene.serve((socket) => socket.write(answer('late')))
  const url = `http://${server.authority}/`
  assert.equal(await scene.request({ url, aborted: 'before' }), { other: 'Stopped' })
  assert.equal(await scene.request({ url, aborted: 'at once' }), { other: 'Stopped' })
  assert.is(server.requests.length, 0)
})

scenario('throws the reason of a signal that is aborted while the server hangs', async (scene) => {
  let arrived = (): void => undefined
  const arrival = new Promise<void>((resolve) => (arrived = resolve))
  const server = await scene.serve((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
    arrived()
  })
  const { outcome, abort } = scene.open().request({ url: `http://${server.authority}/` })
  await arrival
  abort()
  assert.equal(await outcome, { other: 'Stopped' })
  await server.idle()
})

http.run()
