/** A proxy's answer to CONNECT: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6 */
import type { Socket } from 'node:net'
import { TransportError } from './transport-error.ts'
import { omitUndefined } from '../text/omit-undefined.ts'

export interface TunnelAnswer {
  /** Of the final answer; 101 counts as final because no other protocol was requested. */
  readonly status: number
  readonly location?: string
  /** Whether more bytes came after it: not from the server, which waits for the client to begin. */
  readonly hasMore: boolean
}

/** As much as Go's clients accept. */
const MAX_HEAD_BYTES = 1024 * 1024

/**
 * Reads no byte beyond the head unless it was sent along with it. Lengths in the head mean nothing for an open tunnel.
 * @throws the socket's error, or one with a node:http parser code
 */
export function readTunnelAnswer(socket: Socket): Promise<TunnelAnswer> {
  return new Promise((resolve, reject) => {
    let head = ''
    let size = 0
    const settle = (run: () => void): void => {
      socket.off('data', onData).off('error', onError).off('close', onClose)
      run()
    }
    const onError = (error: Error): void => settle(() => reject(error))
    const onClose = (): void => settle(() => reject(size === 0 ? failure('ECONNRESET') : cutShort()))
    const onData = (chunk: Buffer): void => {
      size += chunk.byteLength
      let from = Math.max(0, head.length - LONGEST_END)
      head += chunk.toString('latin1')
      try {
        for (let end = endOfHead(head, from); end !== undefined; end = endOfHead(head, from)) {
          const answer = parseHead(head.slice(0, end))
          head = head.slice(end)
          from = 0
          // Interim answers come before the final one: RFC 9110, section 15.2.
          if (answer.status !== 101 && answer.status < 200) continue
          settle(() => resolve({ ...answer, hasMore: head !== '' }))
          return
        }
        if (size > MAX_HEAD_BYTES) throw failure('HPE_HEADER_OVERFLOW')
        if (!BEGINNING.test(head.slice(0, 16))) throw failure('HPE_INVALID_CONSTANT')
      } catch (error) {
        onError(error as Error)
      }
    }
    // A later error is of no use, and must not end the process.
    socket.on('error', () => undefined)
    socket.on('data', onData).on('error', onError).on('close', onClose)
  })
}

/** Text that may still become a status line. */
const BEGINNING = /^(?:\r?\n)*\r?(?:H(?:T(?:T(?:P(?:\/(?:1(?:\.(?:[01](?: [^]*)?)?)?)?)?)?)?)?)?$/

const LONGEST_END = 'x\r\n\r\n'.length

/** The index after the empty line. A bare line feed ends a line (RFC 9112, section 2.2); empty ones may come first. */
function endOfHead(text: string, from: number): number | undefined {
  const empty = /[^\r\n]\r?\n\r?\n/g
  empty.lastIndex = from
  return empty.test(text) ? empty.lastIndex : undefined
}

function parseHead(head: string): Omit<TunnelAnswer, 'hasMore'> {
  // A line that begins with a blank continues the one before: RFC 9112, section 5.2.
  const [first = '', ...lines] = head
    .trim()
    .replace(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1]
  if (status === undefined)
    throw failure(BEGINNING.test(first) ? 'HPE_INVALID_STATUS' : 'HPE_INVALID_CONSTANT')
  const fields = lines.map((line) => /^([!#$%&'*+.^`|~\w-]+):[ \t]*(.*)$/.exec(line))
  if (fields.includes(null)) throw failure('HPE_INVALID_HEADER_TOKEN')
  const location = fields.find((field) => field?.[1]?.toLowerCase() === 'location')?.[2]
  return { status: Number(status), ...omitUndefined({ location }) }
}

function cutShort(): TransportError {
  return new TransportError(
    'proxy',
    'ECONNRESET',
    'the proxy closed the connection in the middle of its answer to CONNECT',
  )
}

/** Uses the codes of node:http's parser, which all other answers go through. */
function failure(code: string): Error {
  return Object.assign(new Error('no answer to CONNECT'), { code })
}
