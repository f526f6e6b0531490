/** The other end of a connection without a socket: what was written to it, and a kernel that takes only so much. */
import { textAnswer } from '../../src/endpoint/answer.ts'
import { createConnection, type Connection, type ConnectionOptions } from '../../src/endpoint/connection.ts'
import type { Peer } from '../../src/endpoint/sockets.ts'

export interface FakePeer extends Peer {
  /** All that was written. */
  readonly written: string
  readonly calls: readonly ('pause' | 'resume' | 'finish' | 'close')[]
  /** Whether it takes a write whole. */
  takes: boolean
}

export function createFakePeer(): FakePeer {
  let written = ''
  const calls: ('pause' | 'resume' | 'finish' | 'close')[] = []
  const peer: FakePeer = {
    address: '192.0.2.1',
    takes: true,
    calls,
    get written() {
      return written
    },
    write(bytes) {
      written += Buffer.from(bytes).toString('latin1')
      return peer.takes
    },
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
    finish: () => void calls.push('finish'),
    close: () => void calls.push('close'),
  }
  return peer
}

export interface FakeConnection {
  readonly peer: FakePeer
  readonly connection: Connection
  /** The targets that were asked for. */
  readonly asked: readonly string[]
  /** What the connection told its owner. */
  readonly told: readonly ('request' | 'last' | 'closed')[]
  readonly errors: readonly unknown[]
  /** What is to be done in a later turn. */
  readonly later: (() => void)[]
  elapsedMs: number
  send(text: string): void
}

export function createFakeConnection(options: Partial<ConnectionOptions> = {}): FakeConnection {
  const peer = createFakePeer()
  const asked: string[] = []
  const told: ('request' | 'last' | 'closed')[] = []
  const errors: unknown[] = []
  const later: (() => void)[] = []
  const fake = { elapsedMs: 0 }
  const connection = createConnection(peer, {
    headerBytes: 200,
    requestMs: 5000,
    idleMs: 3000,
    requests: 100,
    answer: ({ target }) => {
      asked.push(target)
      return textAnswer(200, `to ${target}\n`)
    },
    onError: (error) => errors.push(error),
    later: (work) => void later.push(work),
    now: () => 0,
    elapsed: () => fake.elapsedMs,
    onRequest: () => void told.push('request'),
    onLast: () => void told.push('last'),
    onClosed: () => void told.push('closed'),
    ...options,
  })
  return Object.assign(fake, {
    peer,
    connection,
    asked,
    told,
    errors,
    later,
    send: (text: string) => connection.received(Buffer.from(text, 'latin1')),
  })
}
