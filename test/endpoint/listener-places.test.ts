import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startListener, type RuntimeName } from './listener-process.ts'
import { ANSWERED, asked, REQUEST, to, using } from './listening.ts'

const places = suite("a listener's places")

/** Three places, which nothing ends but another connection. */
const three = { connections: 3, requestMs: 600_000, idleMs: 600_000 }

for (const runtime of ['node', 'bun'] satisfies RuntimeName[]) {
  const test = (title: string, run: () => Promise<void>): void => {
    places(`${title}, on ${runtime}`, run)
  }

  test('a connection beyond the limit ends the one that has been without a request the longest', () =>
    // None is too young to be ended, however long the machine takes between them.
    using(startListener(runtime, { limits: { ...three, youngMs: 1 } }), async (one) => {
      const [first, second, third] = [await asked(one), await asked(one), await asked(one)]
      first.send(REQUEST)
      await first.receive(ANSWERED, 2)
      const fourth = await asked(one)
      await second.closed()
      for (const [connection, count] of [
        [first, 3],
        [third, 2],
        [fourth, 2],
      ] as const) {
        connection.send(REQUEST)
        await connection.receive(ANSWERED, count)
      }
    }))

  test('each of many that ask once and stay is answered', () =>
    using(startListener(runtime, { limits: three }), async (one) => {
      for (let count = 0; count < 20; count += 1) await asked(one)
    }))

  test('heads that never end hold no place, though bytes keep coming', () =>
    using(startListener(runtime, { limits: three }), async (one) => {
      const held = [await to(one), await to(one), await to(one)]
      for (const connection of held) {
        connection.send('GET / HTTP/1.1\r\nX: ')
        connection.drip('a')
      }
      for (let count = 0; count < 10; count += 1) await asked(one)
      for (const connection of held) assert.is(await connection.closed(), '')
    }))

  test('those who asked hold no place against one that is yet to ask', () =>
    using(startListener(runtime, { limits: three }), async (one) => {
      const held = [await asked(one), await asked(one), await asked(one)]
      const slow = await to(one)
      slow.send(REQUEST.slice(0, 8))
      await asked(one)
      slow.send(REQUEST.slice(8))
      await slow.receive(ANSWERED)
      await held[0]?.closed()
      await held[1]?.closed()
    }))

  // With places to spare: Bun hears of an end some connections later.
  test('a connection that ended has no place any more', () =>
    using(startListener(runtime, { limits: { ...three, connections: 8 } }), async (one) => {
      const held = [await asked(one), await asked(one)]
      for (let count = 0; count < 20; count += 1) {
        const next = await to(one)
        next.send('no HTTP\r\n\r\n')
        await next.closed()
      }
      for (const connection of held) {
        connection.send(REQUEST)
        await connection.receive(ANSWERED, 2)
      }
    }))
}

places.run()
