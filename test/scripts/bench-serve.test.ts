import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { open, wholeReply } from '../../scripts/bench/serve/connection.ts'
import { goals, growthOf } from '../../scripts/bench/serve/goals.ts'
import { settledAfter } from '../../scripts/bench/serve/idle.ts'
import { load, loadResult, type LoadResult, type Question } from '../../scripts/bench/serve/load.ts'
import { parseMemory, type Memory } from '../rig/processes/memory.ts'
import { growthTable, memoryTable, otherTable, requestTable } from '../../scripts/bench/serve/tables.ts'
import { slopeOf } from '../../scripts/bench/serve/trend.ts'
import type { Results } from '../../scripts/bench/serve/results.ts'
import { answer } from '../support/loopback.ts'

const memory = suite("memory in the bench of 'serve'")

const STATUS =
  'Name:\taws-iam-ra\nVmHWM:\t   52000 kB\nVmRSS:\t   45056 kB\nRssAnon:\t    6144 kB\nRssFile:\t   38912 kB\n'
const ROLLUP = '5581a0000000-7ffe rollup\nRss:  45060 kB\nPss:  43008 kB\nPss_Anon:  6100 kB\n'

memory('is what the kernel says of it, in MiB', () => {
  assert.equal(parseMemory(STATUS, ROLLUP), {
    ...{ rss: 44, anonymous: 6, file: 38, peak: 50.78 },
    ...{ share: 42, anonymousShare: 5.96 },
  })
})

memory('of a process that has ended is none, and no zero', () => {
  assert.throws(() => parseMemory('Name:\taws-iam-ra\nState:\tZ (zombie)\n', ROLLUP), /nothing of VmRSS/)
})

memory('has settled from the first second on that is like the last', () => {
  assert.is(settledAfter([52, 51, 48.4, 48.1, 48]), 2)
  assert.is(settledAfter([48, 48.2, 52, 48]), 3)
  assert.is(settledAfter([48, 48, 48]), 0)
})

memory('grows by the slope of the line that lies nearest to its samples', () => {
  assert.is(slopeOf([1, 3, 5, 7]), 2)
  assert.is(slopeOf([44, 44, 44]), 0)
  assert.is(slopeOf([1, 2, 1, 2]).toFixed(2), '0.20')
  assert.throws(() => slopeOf([1]), RangeError)
})

memory('that rises while a heap finds its size does not grow; that which goes on rising does', () => {
  const growth = (later: (index: number) => number): string => {
    const rss = Array.from({ length: 100 }, (_none, index) => (index < 25 ? 40 + index / 5 : later(index)))
    return growthOf({ renewals: { rss, ms: [] } }).toFixed(2)
  }
  assert.is(
    growth(() => 45),
    '0.00',
  )
  assert.is(
    growth((index) => 45 + index / 100),
    '1.00',
  )
})

memory.run()

const requests = suite("requests in the bench of 'serve'")

requests('an answer is whole once its body has its length', () => {
  const text = answer('credentials', '401 Unauthorized', ['Connection: close'])
  assert.is(wholeReply(text.slice(0, 30)), undefined)
  assert.is(wholeReply(text.slice(0, -1)), undefined)
  assert.equal(wholeReply(text), { status: 401, body: 'credentials', isLast: true })
  assert.is(wholeReply(answer('', '200 OK', ['X: connection: close']))?.isLast, false)
  assert.throws(() => wholeReply('HTTP/1.1 200 OK\r\n\r\n'), /with a length/)
})

/** Answers by the number of the request on its connection. */
async function withServer(
  respond: (socket: Socket, count: number, request: string) => void,
  test: (port: number, connections: () => number) => Promise<void>,
): Promise<void> {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    let count = 0
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => respond(socket, (count += 1), chunk.toString('latin1')))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await test((server.address() as AddressInfo).port, () => connections)
  } finally {
    server.close()
  }
}

const QUESTION: Question = { method: 'GET', path: '/v1/credentials', headers: { A: 'b' }, status: 200 }
const OK = answer('ok')

requests('on kept connections make new ones only where the server says that one ends', async () => {
  // As the endpoint does, which ends a connection after a number of requests.
  const respond = (socket: Socket, count: number): void => {
    if (count === 5) socket.end(answer('ok', '200 OK', ['Connection: close']))
    else socket.write(OK)
  }
  await withServer(respond, async (port, connections) => {
    const { latenciesMs } = await load(port, QUESTION, 'one', 12)
    assert.is(latenciesMs.length, 12)
    assert.is(connections(), 3)
  })
})

requests('of sixteen at once are as many as were asked for', async () => {
  await withServer(
    (socket) => void socket.write(OK),
    async (port, connections) => {
      assert.is((await load(port, QUESTION, 'sixteen', 100)).latenciesMs.length, 100)
      assert.is(connections(), 16)
    },
  )
})

requests('on new connections have one each, and say that they end it', async () => {
  const seen: string[] = []
  const respond = (socket: Socket, _count: number, request: string): void => {
    seen.push(request)
    socket.end(answer('ok', '200 OK', ['Connection: close']))
  }
  await withServer(respond, async (port, connections) => {
    await load(port, QUESTION, 'new', 3)
    assert.is(connections(), 3)
    assert.is(
      seen[0],
      `GET /v1/credentials HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: */*\r\nConnection: close\r\nA: b\r\n\r\n`,
    )
  })
})

requests('with another status end the bench', async () => {
  await withServer(
    (socket) => void socket.write(answer('secret', '503 Service Unavailable')),
    async (port) => {
      assert.is(await failure(load(port, QUESTION, 'one', 1)), 'GET /v1/credentials was answered with 503')
    },
  )
})

requests('without an answer end the bench', async () => {
  await withServer(
    (socket) => void socket.end('HTTP/1.1 200 OK\r\n'),
    async (port) => {
      const connection = await open(port)
      assert.match(await failure(connection.ask('GET / HTTP/1.1\r\n\r\n')), /was closed in the middle/)
      connection.close()
    },
  )
})

async function failure(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'none',
    (error: unknown) => (error as Error).message,
  )
}

requests('of several rounds are taken together', () => {
  const rounds = [
    { latenciesMs: [1, 2, 3], seconds: 0.5 },
    { latenciesMs: [4, 100], seconds: 0.5 },
  ]
  assert.equal(loadResult(rounds), { requests: 5, perSecond: 5, p50Ms: 3, p99Ms: 96.16, maxMs: 100 })
})

requests.run()

const tables = suite("tables of the bench of 'serve'")

const LOAD: LoadResult = { requests: 1500, perSecond: 4321, p50Ms: 0.2345, p99Ms: 0.999, maxMs: 7.05 }
const LOADS = { one: LOAD, sixteen: { ...LOAD, p50Ms: 3 }, new: LOAD }
const IDLE: Memory = { rss: 44.2, anonymous: 6, file: 38.2, peak: 51, share: 42, anonymousShare: 6 }

const RESULTS: Results = {
  date: '2026-01-02',
  machine: {},
  requests: { container: LOADS, imds: LOADS, session: LOADS, unauthorized: LOADS, floor: LOADS },
  memory: {
    start: IDLE,
    ready: IDLE,
    loaded: IDLE,
    idle: IDLE,
    renewed: IDLE,
    idleAgain: { ...IDLE, rss: 45.04 },
  },
  idle: { seconds: 60, rss: [51, 44] },
  children: [{ peak: 52, together: 63, anonymousTogether: 17 }],
  renewals: { rss: [44, 45, 45, 45], ms: [90, 100, 95, 96] },
  others: {
    compiler: { idle: IDLE, medianMs: { one: 0.1, sixteen: 2 } },
    renew: { idle: IDLE },
    node: { idle: IDLE, medianMs: { one: 0.2, sixteen: 2 } },
  },
}

tables('a goal is missed by a little too, and each is judged by its worst', () => {
  assert.equal(
    goals(RESULTS).map(({ limit, found, isMet }) => [limit, found, isMet]),
    [
      ['below 1 ms', '0.23 ms', true],
      ['below 1 ms', '3.00 ms', false],
      ['below 1 ms', '0.23 ms', true],
      ['at most 45 MiB', '45.04 MiB', false],
      ['at most 0.1 MiB', '0.00 MiB', true],
    ],
  )
})

tables('each kind of request has its row, in each mode, and so has the floor', () => {
  const lines = requestTable(RESULTS).trim().split('\n')
  assert.is(lines.length, 2 + 15)
  assert.is(
    lines[2],
    '| `GET /v1/credentials` with the token | one kept connection | 4,321 | 0.234 | 1.00 | 7.0 | 1,500 |',
  )
})

tables('the states of the process come in their order', () => {
  const lines = memoryTable(RESULTS).split('\n')
  assert.match(lines[4] ?? '', /^\| after 18,000 requests \| 44\.2 \| 38\.2 \| 6\.0 \| 51\.0 \| 42\.0 \|$/)
  assert.match(memoryTable(RESULTS), /settled within 1 s/)
})

tables('a slope has its sign, and what is not served has no median', () => {
  assert.match(growthTable(RESULTS), '| slope overall, per 100 renewals | + 30.00 |')
  assert.match(growthTable(RESULTS), '| slope from the 2nd on, per 100 renewals | + 0.00 |')
  assert.match(otherTable(RESULTS), /`renew` \|.* – \| – \|/)
})

tables.run()
