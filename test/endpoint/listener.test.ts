import net from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startListener, type RuntimeName } from './listener-process.ts'
import { ANSWERED, HOST, REQUEST, to, using } from './listening.ts'

const listener = suite('listener')

/** Whether this machine has ::1 at all. */
async function hasIpv6(): Promise<boolean> {
  const server = net.createServer()
  const listening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(0, '::1', () => resolve(true))
  })
  if (listening) await new Promise((resolve) => server.close(resolve))
  return listening
}

for (const runtime of ['node', 'bun'] satisfies RuntimeName[]) {
  /** Of every test that needs no limits of its own; the last one ends it. */
  const shared = await startListener(runtime, {})
  const test = (title: string, run: () => Promise<void>): void => {
    listener(`${title}, on ${runtime}`, run)
  }

  test('one port on 127.0.0.1 and on ::1 where there is one', async () => {
    const hosts = (await hasIpv6()) ? ['127.0.0.1', '::1'] : ['127.0.0.1']
    assert.equal(shared.started.hosts, hosts)
    for (const host of hosts) {
      const connection = await to(shared, host)
      connection.send(REQUEST)
      const answer = await connection.receive(/\}$/)
      assert.match(answer, `"port":${shared.started.port}`)
    }
  })

  test('the handler sees the target as it was sent and a header that comes twice', async () => {
    const connection = await to(shared)
    connection.send(`GET //v1/../x?y%2f HTTP/1.1\r\n${HOST}Authorization: a\r\nauthorization: b\r\n\r\n`)
    const answer = await connection.receive(/\}$/)
    const seen = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as Record<string, unknown>
    assert.is(seen['target'], '//v1/../x?y%2f')
    assert.equal(seen['headers'], ['Host', '127.0.0.1', 'Authorization', 'a', 'authorization', 'b'])
  })

  test('a port in use is an error that says what to set', async () => {
    const { started: second } = await startListener(runtime, { port: shared.started.port ?? 0 })
    assert.equal(second.failure, {
      code: 'LISTEN',
      message: `cannot listen on 127.0.0.1:${shared.started.port}: that port is already in use in this pod`,
      hint: 'set ENDPOINT_PORT to a free port',
    })
  })

  test('an address that the machine does not have is an error', async () => {
    // TEST-NET-3 of RFC 5737.
    const { started } = await startListener(runtime, { host: '203.0.113.9' })
    assert.equal(started.failure, {
      code: 'LISTEN',
      message: 'cannot listen on 203.0.113.9:0: this machine has no such address',
      hint: 'set ENDPOINT_PORT to an address of this pod, or to 0.0.0.0',
    })
  })

  test('the metadata address that the machine does not have is for the pod to add', async () => {
    const { started } = await startListener(runtime, { host: '203.0.113.9', setting: 'METADATA_ADDR' })
    assert.equal(started.failure, {
      code: 'LISTEN',
      message:
        'cannot listen on 203.0.113.9:0: this pod has no such address, so the init container aws-iam-ra-address has not run',
      hint: 'add it before this container, with args: [metadata-address]',
    })
  })

  for (const [from, isAnswered] of [
    ['127.0.0.1', true],
    ['127.0.0.2', false],
  ] as const) {
    test(`one that is for ${from} alone ${isAnswered ? 'answers' : 'reads nothing from'} 127.0.0.1`, () =>
      using(startListener(runtime, { host: '127.0.0.1', from }), async (one) => {
        for (let count = 0; count < 3; count += 1) {
          const connection = await to(one)
          connection.send(`GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
          assert.is(ANSWERED.test(await connection.closed()), isAnswered)
        }
      }))
  }

  test('a port of ::1 that another has is an error, and 127.0.0.1 is let go of', async () => {
    if (!(await hasIpv6())) return
    await using(startListener(runtime, { host: '::1' }), async ({ started }) => {
      const port = started.port ?? 0
      const { started: second } = await startListener(runtime, { port })
      assert.match(second.failure?.message ?? '', `cannot listen on [::1]:${port}: `)
      await using(startListener(runtime, { host: '127.0.0.1', port }), async (third) => {
        assert.equal(third.started.hosts, ['127.0.0.1'])
      })
    })
  })

  const slow: readonly [title: string, sent: string, dripped: string][] = [
    ['a connection that says nothing', '', ''],
    ['half a head', 'GET / HTTP/1.1\r\nHo', ''],
    ['headers that come byte by byte', 'GET / HTTP/1.1\r\nX: ', 'a'],
  ]
  for (const [title, sent, dripped] of slow) {
    test(`${title} ends after its time`, () =>
      using(startListener(runtime, { limits: { requestMs: 300, checkMs: 50 } }), async (one) => {
        const connection = await to(one)
        if (sent !== '') connection.send(sent)
        if (dripped !== '') connection.drip(dripped)
        assert.not.match(await connection.closed(), ANSWERED)
      }))
  }

  test('a connection that idles after its request ends', () =>
    using(startListener(runtime, { limits: { idleMs: 1000 } }), async (one) => {
      const connection = await to(one)
      connection.send(REQUEST)
      const received = await connection.closed()
      assert.match(received, ANSWERED)
      assert.match(received, /\r\nKeep-Alive: timeout=1\b/i)
    }))

  const tooLarge: readonly [title: string, head: string][] = [
    ['one header', `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(3000)}\r\n\r\n`],
    ['many headers', `GET / HTTP/1.1\r\n${HOST}${`X: ${'a'.repeat(60)}\r\n`.repeat(50)}\r\n`],
    ['the target', `GET /${'a'.repeat(3000)} HTTP/1.1\r\n${HOST}\r\n`],
    ['a header without an end', `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(100_000)}`],
  ]
  for (const [title, head] of tooLarge) {
    test(`${title} beyond the bytes of a head is refused`, () =>
      using(startListener(runtime, { limits: { headerBytes: 2048 } }), async (one) => {
        const connection = await to(one)
        connection.send(head)
        assert.match(await connection.closed(), /^HTTP\/1\.1 431 |^$/)
      }))
  }

  test('what is no HTTP is refused', async () => {
    for (const text of [
      'hello\r\n\r\n',
      'GET / HTTP/1.1\r\n\r\n',
      `GET / HTTP/1.1\r\n${HOST}X : a\r\n\r\n`,
      `PUT / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ]) {
      const connection = await to(shared)
      connection.send(text)
      assert.match(await connection.closed(), /^HTTP\/1\.1 400 /)
    }
  })

  const bodies: readonly [title: string, head: string, part: string][] = [
    ['an announced body', 'Content-Length: 1000000000', 'a'.repeat(1000)],
    ['a body without an end', 'Transfer-Encoding: chunked', '5\r\nhello\r\n'],
  ]
  for (const [title, head, part] of bodies) {
    test(`${title} is not waited for, and ends the connection`, async () => {
      const connection = await to(shared)
      connection.send(`PUT / HTTP/1.1\r\n${HOST}${head}\r\n\r\n`)
      connection.drip(part)
      const received = await connection.closed()
      assert.match(received, ANSWERED)
      assert.match(received, /\r\nConnection: close\r\n/i)
      assert.not.match(received, / 408 /)
    })
  }

  test('an empty body leaves the connection open', async () => {
    const connection = await to(shared)
    connection.send(`PUT / HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`)
    await connection.receive(ANSWERED)
    connection.send(REQUEST)
    await connection.receive(ANSWERED, 2)
  })

  test('HEAD gets the head alone', async () => {
    const connection = await to(shared)
    connection.send(`HEAD / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
    const received = await connection.closed()
    assert.match(received, /\r\nContent-Length: [1-9]/i)
    assert.ok(received.endsWith('\r\n\r\n'))
  })

  test('a connection ends after its share of requests', () =>
    using(startListener(runtime, { limits: { requestsPerConnection: 2, idleMs: 200 } }), async (one) => {
      const connection = await to(one)
      connection.send(REQUEST.repeat(3))
      assert.is([...(await connection.closed()).matchAll(new RegExp(ANSWERED, 'g'))].length, 2)
    }))

  test('neither resets nor a bug of the handler end the process', async () => {
    for (let count = 0; count < 20; count += 1) {
      const connection = await to(shared)
      connection.send(REQUEST.repeat(20))
      connection.reset()
    }
    const unlucky = await to(shared)
    unlucky.send(`GET /bug HTTP/1.1\r\n${HOST}\r\n`)
    assert.is(await unlucky.closed(), '')
    const next = await to(shared)
    next.send(REQUEST)
    await next.receive(ANSWERED)
    assert.equal(shared.reports, [{ error: 'RangeError' }])
  })

  test('closing ends connections that idle and those in the middle of a head', async () => {
    const limits = { requestMs: 600_000, idleMs: 600_000 }
    const one = await startListener(runtime, { limits })
    const idle = await to(one)
    idle.send(REQUEST)
    await idle.receive(ANSWERED)
    const halfway = await to(one)
    halfway.send(`${REQUEST}GET / HT`)
    await halfway.receive(ANSWERED)
    assert.is(await one.end(), 0)
    await idle.closed()
    await halfway.closed()
  })

  test('a closed listener keeps no process running', async () => {
    assert.is(await shared.end(), 0)
  })
}

listener.run()
