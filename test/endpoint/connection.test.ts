import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { textAnswer, type Answer } from '../../src/endpoint/answer.ts'
import { createFakeConnection } from './fake-peer.ts'

const connection = suite('a connection')

const request = (target: string, headers = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`

const answerTo = (target: string, ending: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${target.length + 4}\r\nCache-Control: no-store\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n${ending}\r\n\r\nto ${target}\n`

const KEPT = 'Connection: keep-alive\r\nKeep-Alive: timeout=3'

connection('answers one request after another', () => {
  const one = createFakeConnection()
  one.send(request('/a'))
  one.send(request('/b'))
  assert.is(one.peer.written, answerTo('/a', KEPT) + answerTo('/b', KEPT))
  assert.equal(one.told, ['request', 'request'])
  assert.equal(one.peer.calls, [])
})

connection('puts a request together that comes in parts', () => {
  const one = createFakeConnection()
  for (const letter of request('/a')) one.send(letter)
  assert.is(one.peer.written, answerTo('/a', KEPT))
})

connection('keeps nothing of the memory in which bytes came', () => {
  const one = createFakeConnection()
  const shared = Buffer.from(request('/a'))
  one.connection.received(shared.subarray(0, 10))
  shared.fill('x', 0, 10)
  one.connection.received(shared.subarray(10))
  assert.equal(one.asked, ['/a'])
})

connection('gives requests that come together a turn each', () => {
  const one = createFakeConnection()
  one.send(request('/a') + request('/b') + request('/c'))
  assert.equal(one.asked, ['/a'])
  assert.is(one.later.length, 1)
  one.later.shift()?.()
  assert.equal(one.asked, ['/a', '/b'])
  // What comes meanwhile changes nothing of the order.
  one.send(request('/d'))
  while (one.later.length > 0) one.later.shift()?.()
  assert.equal(one.asked, ['/a', '/b', '/c', '/d'])
})

connection('looks at no other request before the kernel took the answer', () => {
  const one = createFakeConnection()
  one.peer.takes = false
  one.send(request('/a') + request('/b'))
  assert.equal(one.asked, ['/a'])
  assert.equal(one.peer.calls, ['pause'])
  one.send(request('/c'))
  assert.equal(one.later, [])
  one.peer.takes = true
  one.connection.drained()
  while (one.later.length > 0) one.later.shift()?.()
  assert.equal(one.asked, ['/a', '/b', '/c'])
  assert.equal(one.peer.calls, ['pause', 'resume'])
})

connection('ends with its share of requests', () => {
  const one = createFakeConnection({ requests: 2 })
  one.send(request('/a') + request('/b') + request('/c'))
  while (one.later.length > 0) one.later.shift()?.()
  assert.is(one.peer.written, answerTo('/a', KEPT) + answerTo('/b', 'Connection: close'))
  assert.equal(one.peer.calls, ['finish'])
  assert.equal(one.told, ['request', 'request', 'last'])
})

connection('ends where more waits behind a request than a head may have', () => {
  const one = createFakeConnection()
  one.send(request('/a') + request('/b').repeat(1000))
  assert.is(one.peer.written, answerTo('/a', 'Connection: close'))
  assert.equal(one.later, [])
})

connection('holds no more than two heads, whatever is sent while an answer is unread', () => {
  const one = createFakeConnection()
  one.peer.takes = false
  one.send(request('/a'))
  // More than a head may have, in many parts: the next answer is the last.
  for (let count = 0; count < 100; count += 1) one.send(request('/b'))
  one.peer.takes = true
  one.connection.drained()
  one.later.shift()?.()
  assert.equal(one.asked, ['/a', '/b'])
  assert.equal(one.told, ['request', 'request', 'last'])
})

const last: readonly [title: string, text: string][] = [
  ['that asks for it', request('/a', 'Connection: close\r\n')],
  ['with a body', request('/a', 'Content-Length: 5\r\n') + 'hello'],
  ['of HTTP/1.0', 'GET /a HTTP/1.0\r\n\r\n'],
]
for (const [title, text] of last) {
  connection(`ends after a request ${title}, and hears no other`, () => {
    const one = createFakeConnection()
    one.send(text)
    one.send(request('/b'))
    assert.is(one.peer.written, answerTo('/a', 'Connection: close'))
    assert.equal(one.peer.calls, ['finish'])
    assert.equal(one.told, ['request', 'last'])
  })
}

const refused: readonly [title: string, text: string, status: string][] = [
  ['what is no HTTP', 'hello\r\n\r\n', '400 Bad Request'],
  ['a head without an end', 'a'.repeat(200), '431 Request Header Fields Too Large'],
  ['another version', 'GET / HTTP/3.0\r\n\r\n', '505 HTTP Version Not Supported'],
]
for (const [title, text, status] of refused) {
  connection(`refuses ${title}, and ends`, () => {
    const one = createFakeConnection()
    one.send(text)
    assert.ok(one.peer.written.startsWith(`HTTP/1.1 ${status}\r\n`))
    assert.match(one.peer.written, '\r\nConnection: close\r\n')
    assert.equal(one.asked, [])
    assert.equal(one.told, ['last'])
  })
}

connection('HEAD is answered with the head of the answer to GET', () => {
  const one = createFakeConnection()
  one.send('HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.is(one.peer.written, answerTo('/a', KEPT).replace('to /a\n', ''))
})

connection('a bug of the handler ends it, and is told', () => {
  const bug = new RangeError('a bug')
  const one = createFakeConnection({
    answer: () => {
      throw bug
    },
  })
  one.send(request('/a') + request('/b'))
  assert.is(one.peer.written, '')
  assert.equal(one.errors, [bug])
  assert.equal(one.peer.calls, ['close'])
  assert.equal(one.told, ['request', 'closed'])
})

connection('tells its end once, whoever ends it', () => {
  const one = createFakeConnection()
  one.connection.close()
  one.connection.closed()
  one.connection.close()
  one.send(request('/a'))
  assert.equal(one.told, ['closed'])
  assert.equal(one.peer.calls, ['close'])
  assert.is(one.peer.written, '')
})

connection('an end while a request waits for its turn', () => {
  const one = createFakeConnection()
  one.send(request('/a') + request('/b'))
  one.connection.closed()
  one.later.shift()?.()
  assert.equal(one.asked, ['/a'])
})

connection('is overdue: silent, in the middle of a head, idle, unread, and after its last answer', () => {
  const overdueAfter = (
    ms: number,
    begin: (one: ReturnType<typeof createFakeConnection>) => void,
  ): boolean => {
    const one = createFakeConnection()
    one.elapsedMs = 1000
    begin(one)
    one.elapsedMs += ms
    return one.connection.isOverdue()
  }
  const cases: readonly [begin: (one: ReturnType<typeof createFakeConnection>) => void, limitMs: number][] = [
    [(one) => one.send('GE'), 5000],
    [(one) => one.send(request('/a')), 3000],
    // The time of a head is that from its first byte.
    [
      (one) => {
        one.send('GE')
        one.elapsedMs += 2000
        one.send('T')
      },
      3000,
    ],
    [
      (one) => {
        one.peer.takes = false
        one.send(request('/a'))
      },
      5000,
    ],
    [(one) => one.send(request('/a', 'Connection: close\r\n')), 5000],
  ]
  for (const [begin, limitMs] of cases) {
    assert.is(overdueAfter(limitMs, begin), false)
    assert.is(overdueAfter(limitMs + 1, begin), true)
  }
  const silent = createFakeConnection()
  silent.elapsedMs = 5001
  assert.is(silent.connection.isOverdue(), true)
})

/** Answers that come when the test says so. */
function waitingConnection(): {
  readonly one: ReturnType<typeof createFakeConnection>
  readonly answers: ((answer: Answer) => void)[]
} {
  const answers: ((answer: Answer) => void)[] = []
  const one = createFakeConnection({ answer: () => new Promise((resolve) => answers.push(resolve)) })
  return { one, answers }
}

const OK = textAnswer(200, 'ok')

connection('reads no further before an answer that takes time is given', async () => {
  const { one, answers } = waitingConnection()
  one.send(request('/a') + request('/b'))
  one.send(request('/c'))
  assert.is(answers.length, 1)
  assert.is(one.peer.written, '')
  answers[0]?.(OK)
  await Promise.resolve()
  assert.match(one.peer.written, /200 OK/)
  one.later.shift()?.()
  assert.is(answers.length, 2)
})

connection('keeps no more of what comes meanwhile than of a head', async () => {
  const { one, answers } = waitingConnection()
  one.send(request('/a'))
  for (let count = 0; count < 100; count += 1) one.send(request('/b'))
  answers[0]?.(OK)
  await Promise.resolve()
  assert.match(one.peer.written, /Connection: close/)
  assert.equal(one.peer.calls, ['finish'])
})

connection('forgets an answer whose reader has gone', async () => {
  const { one, answers } = waitingConnection()
  one.send(request('/a'))
  one.connection.closed()
  answers[0]?.(OK)
  await Promise.resolve()
  assert.is(one.peer.written, '')
  assert.equal(one.errors, [])
})

connection('an answer that fails closes it', async () => {
  const bug = new RangeError('a bug')
  const one = createFakeConnection({ answer: () => Promise.reject(bug) })
  one.send(request('/a'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(one.errors, [bug])
  assert.equal(one.peer.calls, ['close'])
})

connection.run()
