import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as zlib from 'node:zlib'
import { onBothRuntimes } from '../support/http-scenario.ts'

const http = suite('http: encoded answers')
const scenario = onBothRuntimes(http)

const TEXT = '{"price":"9 €"}'

/** In raw bytes, with its length. */
function answer(headers: readonly string[], body: Buffer): Buffer {
  const lines = ['HTTP/1.1 200 OK', ...headers, `Content-Length: ${body.byteLength}`, '', '']
  return Buffer.concat([Buffer.from(lines.join('\r\n')), body])
}

function chunked(headers: readonly string[], body: Buffer): Buffer {
  const head = ['HTTP/1.1 200 OK', ...headers, '', body.byteLength.toString(16), '']
  return Buffer.concat([Buffer.from(head.join('\r\n')), body, Buffer.from('\r\n0\r\n\r\n')])
}

for (const [what, bytes] of [
  ['gzip', answer(['Content-Encoding: gzip'], zlib.gzipSync(TEXT))],
  ['x-gzip', answer(['Content-Encoding: x-gzip'], zlib.gzipSync(TEXT))],
  ['GZIP', answer(['Content-Encoding: GZIP'], zlib.gzipSync(TEXT))],
  ['deflate', answer(['Content-Encoding: deflate'], zlib.deflateSync(TEXT))],
  ['deflate without its own head', answer(['Content-Encoding: deflate'], zlib.deflateRawSync(TEXT))],
  ['br', answer(['Content-Encoding: br'], zlib.brotliCompressSync(TEXT))],
  ['zstd', answer(['Content-Encoding: zstd'], zlib.zstdCompressSync(TEXT))],
  ['br, then gzip', answer(['Content-Encoding: br, gzip'], zlib.gzipSync(zlib.brotliCompressSync(TEXT)))],
  ['identity', answer(['Content-Encoding: identity'], Buffer.from(TEXT))],
  ['gzip that no header names', answer([], zlib.gzipSync(TEXT))],
  ['gzip in chunks', chunked(['Content-Encoding: gzip', 'Transfer-Encoding: chunked'], zlib.gzipSync(TEXT))],
  ['gzip as a transfer encoding', chunked(['Transfer-Encoding: gzip, chunked'], zlib.gzipSync(TEXT))],
  ['a byte order mark', answer([], Buffer.from(`\uFEFF${TEXT}`))],
  ['a byte order mark in gzip', answer(['Content-Encoding: gzip'], zlib.gzipSync(`\uFEFF${TEXT}`))],
] as const) {
  scenario(`reads an answer that is ${what}`, async (scene) => {
    const server = await scene.serve((socket) => socket.write(bytes))
    assert.equal(await scene.request({ url: `http://${server.authority}/` }), { status: 200, body: TEXT })
  })
}

scenario('takes an empty body for empty, whatever it is said to be', async (scene) => {
  for (const coding of ['gzip', 'compress']) {
    const server = await scene.serve((socket) =>
      socket.write(answer([`Content-Encoding: ${coding}`], Buffer.of())),
    )
    assert.equal(await scene.request({ url: `http://${server.authority}/` }), { status: 200, body: '' })
  }
})

for (const [what, bytes, message] of [
  [
    'text that claims to be gzip',
    answer(['Content-Encoding: gzip'], Buffer.from(TEXT)),
    'its answer claims to be gzip but cannot be decoded',
  ],
  [
    'gzip that is cut short',
    answer(['Content-Encoding: gzip'], zlib.gzipSync(TEXT).subarray(0, 15)),
    'its answer claims to be gzip but cannot be decoded',
  ],
  [
    'gzip in place of br',
    answer(['Content-Encoding: br'], zlib.gzipSync(TEXT)),
    'its answer claims to be br but cannot be decoded',
  ],
  [
    'an unknown coding',
    answer(['Content-Encoding: compress'], Buffer.from('x')),
    'its answer is encoded as compress, which was not requested',
  ],
  [
    'a coding named like a member',
    answer(['Content-Encoding: constructor'], Buffer.from('x')),
    'its answer is encoded as constructor, which was not requested',
  ],
] as const) {
  scenario(`says of ${what} what it is`, async (scene) => {
    const server = await scene.serve((socket) => socket.write(bytes))
    const outcome = await scene.request({ url: `http://${server.authority}/` })
    assert.equal(outcome, { fault: 'not-http', code: 'ECODING', message })
  })
}

scenario('decodes no more than 1 MiB', async (scene) => {
  for (const [coding, encode] of [
    ['gzip', zlib.gzipSync],
    ['deflate', zlib.deflateSync],
    ['br', zlib.brotliCompressSync],
    ['zstd', zlib.zstdCompressSync],
  ] as const) {
    const of = (size: number): Buffer =>
      answer([`Content-Encoding: ${coding}`], encode(Buffer.alloc(size, 'x')))
    const server = await scene.serve((socket, _request, count) =>
      socket.write(of(1024 * 1024 + (count === 1 ? 0 : 1))),
    )
    const url = `http://${server.authority}/`
    const whole = await scene.request({ url })
    assert.is(whole.body?.length, 1024 * 1024, coding)
    assert.equal(await scene.request({ url }), {
      fault: 'too-large',
      code: 'E2BIG',
      message: 'the answer is larger than 1 MiB',
    })
  }
})

http.run()
