import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { onBothRuntimes } from '../support/http-scenario.ts'
import { answer, rawServer } from '../support/loopback.ts'
import { certificateFor } from '../support/server-certificate.ts'

const http = suite('http')
const scenario = onBothRuntimes(http)

const MIB = 1024 * 1024
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

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
  assert.match(outcome.message ?? '', /host name does not resolve|DNS does not answer/)
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
      message: 'the connection was closed in the middle of the answer',
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

scenario(
  'takes a limit that is no whole number of milliseconds, as what is left of a deadline',
  async (scene) => {
    const server = await scene.serve(() => undefined)
    const outcome = await scene.request({ url: `http://${server.authority}/`, timeoutMs: 200.5 })
    assert.is(outcome.fault, 'timeout')
    await server.idle()
  },
)

/** RFC 9112 and RFC 9110 allow these, and Go's client takes them all. */
for (const [what, bytes] of [
  ['17 headers of 1 KiB', head('200 OK', [...Array<string>(17).fill(`X-A: ${'x'.repeat(1000)}`)])],
  ['one header of 900 KiB', head('200 OK', [`X-A: ${'x'.repeat(900 * 1024)}`])],
  ['3,000 headers', head('200 OK', [...Array<string>(3000).fill('X-A: x')])],
  ['a folded header', head('200 OK', ['X-A: b', ' c', '\td'])],
  ['line feeds alone', 'HTTP/1.1 200 OK\nContent-Length: 4\n\nfine'],
  ['no reason', head('200', [])],
  ['an empty header', head('200 OK', ['X-A:'])],
  ['a header in Latin-1', head('200 OK', ['X-A: \u00e4'])],
  ['HTTP/1.0 with a length', head('200 OK', []).replace('1.1', '1.0')],
  [
    'a length beside chunks',
    `${CHUNKED.replace('\r\n\r\n', '\r\nContent-Length: 9\r\n\r\n')}4\r\nfine\r\n0\r\n\r\n`,
  ],
  ['trailers', `${CHUNKED}4\r\nfine\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n`],
  ['chunk extensions', `${CHUNKED}4;a=b\r\nfine\r\n0\r\n\r\n`],
  ['bytes behind the answer', `${head('200 OK', [])}more`],
  [
    '100, 102 and 103 before it',
    `${['100', '102', '103'].map((status) => `HTTP/1.1 ${status} X\r\n\r\n`).join('')}${head('200 OK', [])}`,
  ],
] as const) {
  scenario(`takes an answer with ${what}`, async (scene) => {
    const server = await scene.serve((socket) => socket.write(Buffer.from(bytes, 'latin1')))
    const outcome = await scene.request({ url: `http://${server.authority}/` })
    assert.equal(outcome, { status: 200, body: 'fine' })
  })
}

/** An answer whose body is `fine`. */
function head(status: string, headers: readonly string[]): string {
  return [`HTTP/1.1 ${status}`, ...headers, 'Content-Length: 4', '', 'fine'].join('\r\n')
}

scenario(
  'takes a 204 that has a body all the same, and asks again over another connection',
  async (scene) => {
    const server = await scene.serve((socket, _request, count) =>
      socket.write(count === 1 ? answer('{"a":1}', '204 No Content') : answer('fine')),
    )
    const client = scene.open()
    const url = `http://${server.authority}/`
    assert.equal(await client.request({ url }).outcome, { status: 204, body: '' })
    assert.equal(await client.request({ url }).outcome, { status: 200, body: 'fine' })
    assert.is(server.connections(), 2)
  },
)

for (const [what, closes] of [
  ['says that it will', answer('fine', '200 OK', ['Connection: close'])],
  ['does not say so', answer('fine')],
] as const) {
  scenario(`asks a server again that closes after each answer and ${what}`, async (scene) => {
    const server = await scene.serve((socket) => socket.end(closes))
    const client = scene.open()
    const url = `http://${server.authority}/`
    for (const _each of [1, 2, 3]) {
      assert.equal(await client.request({ url, body: 'x' }).outcome, { status: 200, body: 'fine' })
      await server.idle()
    }
    assert.is(server.connections(), 3)
  })
}

scenario('makes of line breaks and zeros in a header blanks', async (scene) => {
  const server = await scene.serve((socket) => socket.write(head('200 OK', ['X-A: b\0c', ' d'])))
  const outcome = await scene.request({ url: `http://${server.authority}/`, reads: 'x-a' })
  assert.match(outcome.header ?? '', /^b c *d$/)
})

const MALFORMED = 'it does not answer in HTTP (https on this port?)'

for (const [what, bytes, message] of [
  ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n\r\n', MALFORMED],
  ['bytes of no protocol', '\u0000\u0001\u0002\u0003\r\n\r\n', MALFORMED],
  ['a malformed chunk', `${CHUNKED}zz\r\n`, 'its answer has a malformed chunk'],
  ['two lengths', head('200 OK', ['Content-Length: 3']), 'its answer has more than one Content-Length'],
  [
    'a length that is no number',
    'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n',
    'the Content-Length of its answer is not a number',
  ],
  ['a blank in a name', head('200 OK', ['X A: b']), 'a header of its answer is malformed'],
  ['a line without a colon', head('200 OK', ['X']), 'a header of its answer is malformed'],
  ['a status of four digits', head('2000 OK', []), 'its answer has a malformed status'],
  [
    'HTTP/2',
    head('200 OK', []).replace('1.1', '2'),
    'it answers in a version of HTTP other than 1.0 and 1.1',
  ],
] as const) {
  scenario(`says of ${what} what it is`, async (scene) => {
    const server = await scene.serve((socket) => socket.write(bytes))
    const outcome = await scene.request({ url: `http://${server.authority}/`, timeoutMs: 3000 })
    assert.equal([outcome.fault, outcome.message], ['not-http', message])
    await server.idle()
  })
}

scenario('says that headers are larger than 1 MiB', async (scene) => {
  for (const bytes of [
    `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(1100 * 1024)}`,
    head('200 OK', [...Array<string>(1100).fill(`X-A: ${'x'.repeat(1024)}`)]),
  ]) {
    const server = await scene.serve((socket) => socket.write(bytes))
    const outcome = await scene.request({ url: `http://${server.authority}/` })
    assert.equal(
      [outcome.fault, outcome.message],
      ['too-large', 'the headers of its answer are larger than 1 MiB'],
    )
    await server.idle()
  }
})

scenario('refuses a change of protocol that nobody asked for', async (scene) => {
  const server = await scene.serve((socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'),
  )
  const outcome = await scene.request({ url: `http://${server.authority}/`, timeoutMs: 3000 })
  assert.equal(outcome, {
    fault: 'not-http',
    code: 'EUPGRADE',
    message: 'the server switched protocols',
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
