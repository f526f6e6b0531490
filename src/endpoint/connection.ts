/**
 * One connection: handles its requests one after another, and never keeps more than the next one in memory. The kernel
 * must have taken the answer to a request before the next request is read, so a client that never reads is not read
 * from.
 */
import { refusal, type Answer, type EndpointRequest } from './answer.ts'
import { answerBytes } from './answer-bytes.ts'
import { readHead, type RefusedHead, type RequestHead } from './request-head.ts'
import type { Peer, PeerEvents } from './sockets.ts'

export interface ConnectionOptions {
  /** Limit on a request line and its headers, and on the bytes that may wait behind them. */
  readonly headerBytes: number
  readonly requestMs: number
  readonly idleMs: number
  readonly requests: number
  answer(request: Omit<EndpointRequest, 'port'>): Answer | Promise<Answer>
  /** Called with whatever `answer` throws. */
  onError(error: unknown): void
  /** Calls `work` in a later turn of the event loop. */
  later(work: () => void): void
  now(): number
  elapsed(): number
  /** A complete request arrived. */
  onRequest(): void
  /** The last answer was given: the other end has nothing left to wait for. */
  onLast(): void
  onClosed(): void
}

export interface Connection extends PeerEvents {
  /** Address of the other end. */
  readonly address: string
  /** Whether it has been silent, or has left an answer unread, for longer than allowed. */
  isOverdue(): boolean
  close(): void
}

const NOTHING = Buffer.alloc(0)

const REFUSALS: Readonly<Record<RefusedHead, Answer>> = {
  400: refusal(400, 'BadRequest', 'this is not a valid HTTP/1.1 request'),
  431: refusal(431, 'RequestHeaderFieldsTooLarge', 'the request line and headers are too long'),
  505: refusal(505, 'HTTPVersionNotSupported', 'this server speaks HTTP/1.1'),
}

export function createConnection(peer: Peer, options: ConnectionOptions): Connection {
  let received = NOTHING
  /** Bytes already searched for the end of a head. */
  let looked = 0
  let left = options.requests
  let state: 'reading' | 'waiting for a turn' | 'answering' | 'unread' | 'ending' | 'closed' = 'reading'
  let sinceMs = options.elapsed()

  const isClosed = (): boolean => state === 'closed'

  const write = (answer: Answer, headOnly: boolean, isLast: boolean): void => {
    const form = {
      headOnly,
      keepSeconds: isLast ? undefined : Math.floor(options.idleMs / 1000),
      nowMs: options.now(),
    }
    sinceMs = options.elapsed()
    const isTaken = peer.write(answerBytes(answer, form))
    if (isClosed()) return
    if (isLast) {
      // If closed at once, further bytes from the other end would reset the connection before the answer is read: RFC
      // 9112 9.6.
      state = 'ending'
      received = NOTHING
      peer.finish()
      options.onLast()
    } else if (!isTaken) {
      state = 'unread'
      peer.pause()
    }
  }

  const answer = (head: RequestHead): void => {
    left -= 1
    options.onRequest()
    try {
      const given = options.answer({ ...head.request, address: peer.address })
      if (given instanceof Promise) answerLater(given, head)
      else give(given, head)
    } catch (error) {
      fail(error)
    }
  }

  // Bodies are not read, and at most one request may wait: beyond that the connection is closed.
  const give = (given: Answer, { request, hasBody, isLast }: RequestHead): void =>
    write(
      given,
      request.method === 'HEAD',
      isLast || hasBody || left <= 0 || received.byteLength > options.headerBytes,
    )

  const answerLater = (coming: Promise<Answer>, head: RequestHead): void => {
    state = 'answering'
    sinceMs = options.elapsed()
    coming.then((given) => {
      if (state !== 'answering') return
      state = 'reading'
      give(given, head)
      goOn()
    }, fail)
  }

  const fail = (error: unknown): void => {
    options.onError(error)
    connection.close()
  }

  const read = (): void => {
    const head = readHead(received, options.headerBytes, looked)
    looked = received.byteLength
    if (head === undefined) return
    if (typeof head === 'number') return write(REFUSALS[head], false, true)
    received = head.length === received.byteLength ? NOTHING : received.subarray(head.length)
    looked = 0
    answer(head)
    goOn()
  }

  const goOn = (): void => {
    if (state === 'reading') next()
  }

  /** Bytes sent along with the previous request are read in a turn of their own, so that no client's requests fill a turn. */
  const next = (): void => {
    if (received.byteLength === 0) return
    state = 'waiting for a turn'
    options.later(() => {
      if (state !== 'waiting for a turn') return
      state = 'reading'
      read()
    })
  }

  const connection: Connection = {
    address: peer.address,
    received(bytes) {
      if (state === 'ending' || state === 'closed') return
      if (received.byteLength === 0 && state === 'reading') sinceMs = options.elapsed()
      // One byte more than may wait behind the longest head: the next answer is then the last, whatever is cut off.
      const room = 2 * options.headerBytes + 1 - received.byteLength
      received = Buffer.concat([received, bytes.subarray(0, room)])
      if (state === 'reading') read()
    },
    drained() {
      if (state !== 'unread') return
      state = 'reading'
      sinceMs = options.elapsed()
      peer.resume()
      next()
    },
    closed() {
      if (state === 'closed') return
      state = 'closed'
      received = NOTHING
      options.onClosed()
    },
    isOverdue() {
      const isIdle = state === 'reading' && received.byteLength === 0 && left < options.requests
      return options.elapsed() - sinceMs > (isIdle ? options.idleMs : options.requestMs)
    },
    close() {
      if (state === 'closed') return
      peer.close()
      connection.closed()
    },
  }
  return connection
}
