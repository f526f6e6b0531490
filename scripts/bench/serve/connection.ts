/**
 * HTTP/1.1 on a plain socket, one request at a time: as little code as possible, since it is not the subject of the
 * measurement.
 */
import { connect } from 'node:net'

export interface Reply {
  readonly status: number
  readonly body: string
  /** Whether the server announced that it closes the connection after this. */
  readonly isLast: boolean
}

export interface Connection {
  /** @throws Error if the connection is closed first */
  ask(request: string): Promise<Reply>
  close(): void
}

const PATIENCE_MS = 30_000

/** To 127.0.0.1. */
export function open(port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let waiting: { resolve(reply: Reply): void; reject(error: Error): void } | undefined
    let received = ''
    const fail = (error: Error): void => {
      reject(error)
      waiting?.reject(error)
      waiting = undefined
    }
    socket.setEncoding('latin1')
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('no answer within the time limit')))
    socket.on('error', fail)
    socket.on('close', () => fail(new Error('the connection was closed in the middle of a request')))
    socket.on('data', (text: string) => {
      received += text
      const reply = wholeReply(received)
      if (reply === undefined) return
      received = ''
      const asked = waiting
      waiting = undefined
      asked?.resolve(reply)
    })
    socket.on('connect', () => {
      resolve({
        ask: (request) =>
          new Promise((resolve, reject) => {
            waiting = { resolve, reject }
            socket.write(request, 'latin1')
          }),
        close: () => void socket.destroy(),
      })
    })
  })
}

/** @returns undefined while some of it is still to come. @throws Error if it is not an answer with a length */
export function wholeReply(received: string): Reply | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const head = received.slice(0, end)
  const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (status === undefined || length === undefined) throw new Error('not an HTTP/1.1 answer with a length')
  const body = received.slice(end + 4)
  if (body.length < Number(length)) return undefined
  return { status: Number(status), body, isLast: /\r\nconnection: *close/i.test(head) }
}
