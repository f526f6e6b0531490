import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readHead, type RefusedHead } from '../../src/endpoint/request-head.ts'

const head = suite('the head of a request')

const read = (text: string, limit = 8192): ReturnType<typeof readHead> =>
  readHead(Buffer.from(text, 'latin1'), limit)

head('method, target and headers are as they were sent', () => {
  const text = 'GET //v1/../x?y%2f HTTP/1.1\r\nHost:a\r\nX-Two: \t b c\t \r\nx-two:\r\n\r\n'
  assert.equal(read(`${text}GET / HT`), {
    request: {
      method: 'GET',
      target: '//v1/../x?y%2f',
      headers: ['Host', 'a', 'X-Two', 'b c', 'x-two', ''],
    },
    length: text.length,
    hasBody: false,
    isLast: false,
  })
})

head('a non-breaking space belongs to the value', () => {
  const found = read('GET / HTTP/1.1\r\nHost: \xa0a\xa0\r\n\r\n')
  assert.equal(typeof found === 'object' && found.request.headers, ['Host', '\xa0a\xa0'])
})

head('an empty line before it is passed over, a second one is not', () => {
  assert.is(typeof read('\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'), 'object')
  assert.is(read('\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'), 400)
})

const lasts: readonly [lines: string, isLast: boolean][] = [
  ['HTTP/1.1\r\nHost: a', false],
  ['HTTP/1.1\r\nHost: a\r\nConnection: keep-alive', false],
  ['HTTP/1.1\r\nHost: a\r\nconnection: CLOSE', true],
  ['HTTP/1.1\r\nHost: a\r\nConnection: te, close ,x', true],
  ['HTTP/1.1\r\nHost: a\r\nConnection: closed', false],
  ['HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close', true],
  ['HTTP/1.0', true],
  ['HTTP/1.0\r\nConnection: keep-alive', true],
]
for (const [lines, isLast] of lasts) {
  head(`the connection ${isLast ? 'ends' : 'stays'} after ${JSON.stringify(lines)}`, () => {
    const found = read(`GET / ${lines}\r\n\r\n`)
    assert.is(typeof found === 'object' && found.isLast, isLast)
  })
}

const bodies: readonly [line: string, hasBody: boolean][] = [
  ['Content-Length: 0', false],
  ['Content-Length: 00', false],
  ['Content-Length: 1', true],
  ['Content-Length: 99999999999999999999', true],
  ['Transfer-Encoding: chunked', true],
  ['transfer-encoding: identity', true],
  ['Expect: 100-continue', false],
]
for (const [line, hasBody] of bodies) {
  head(`${line}: ${hasBody ? 'a' : 'no'} body`, () => {
    const found = read(`PUT / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`)
    assert.is(typeof found === 'object' && found.hasBody, hasBody)
  })
}

const refused: readonly [title: string, text: string, status: RefusedHead][] = [
  ['no request line', 'hello\r\n\r\n', 400],
  ['nothing', '\r\n\r\n', 400],
  ['no version', 'GET /\r\n\r\n', 400],
  ['two blanks', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a blank at the end', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n', 400],
  ['a blank at the beginning', ' GET / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a tab in the request line', 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a blank in the target', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a target of other letters', 'GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a zero byte in the target', 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a method with a colon', 'G:T / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a version in small letters', 'GET / http/1.1\r\nHost: a\r\n\r\n', 400],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['HTTP/0.9 by number', 'GET / HTTP/0.9\r\n\r\n', 505],
  ['TLS', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n', 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n', 400],
  ['two hosts in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n', 400],
  ['a blank before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
  ['a header without a colon', 'GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n', 400],
  ['a header without a name', 'GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n', 400],
  ['a folded line', 'GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n', 400],
  ['a zero byte in a value', 'GET / HTTP/1.1\r\nHost: a\0\r\n\r\n', 400],
  ['a CR in a value', 'GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n', 400],
  ['a line that ends in LF', 'GET / HTTP/1.1\nHost: a\r\n\r\n', 400],
  ['lines that end in LF alone', 'GET / HTTP/1.1\nHost: a\n\n', 400],
  ['an LF at the beginning', '\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a CR before the line break', 'GET / HTTP/1.1\r\r\nHost: a\r\n\r\n', 400],
  ['two lengths', 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\n', 400],
  ['a list of lengths', 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n', 400],
  ['a length with a sign', 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n', 400],
  ['an empty length', 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n', 400],
  [
    'a length and an encoding',
    'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    400,
  ],
  ['an encoding in HTTP/1.0', 'PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
]
for (const [title, text, status] of refused) {
  head(`${title}: ${status}`, () => assert.is(read(text), status))
}

head('a head of just the limit is read, one of a byte more is refused', () => {
  const text = (length: number): string =>
    `GET / HTTP/1.1\r\nHost: ${'a'.repeat(length - 'GET / HTTP/1.1\r\nHost: \r\n\r\n'.length)}\r\n\r\n`
  assert.is(typeof read(text(200), 200), 'object')
  assert.is(read(text(201), 200), 431)
  assert.is(read('a'.repeat(199), 200), undefined)
  assert.is(read('a'.repeat(200), 200), 431)
})

head('it is the same however it is cut', () => {
  const texts = [...refused.map(([, text]) => text), 'GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n']
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.array(fc.nat(80), { maxLength: 8 }), (text, cuts) => {
      const bytes = Buffer.from(text, 'latin1')
      const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
      let found: ReturnType<typeof readHead>
      let looked = 0
      for (const end of ends) {
        found = readHead(bytes.subarray(0, end), 8192, looked)
        looked = end
        if (found !== undefined) break
      }
      assert.equal(found, readHead(bytes, 8192))
    }),
  )
})

head.run()
