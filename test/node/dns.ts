/** A DNS server for A and AAAA questions about names that are fixed: RFC 1035, section 4, and nothing beyond what pods ask. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** IPv4 addresses by name, in lower case and without a dot at the end. */
export type Addresses = ReadonlyMap<string, string>

const HEADER = 12
const RESPONSE = 0x8000
const OPCODE = 0x7800
const AUTHORITATIVE = 0x0400
const RECURSION_DESIRED = 0x0100
const RECURSION_AVAILABLE = 0x0080
const NOT_IMPLEMENTED = 4
const NO_SUCH_NAME = 3
const TYPE_A = 1
const CLASS_IN = 1
const TTL_SECONDS = 5

/** @returns undefined where the bytes are no question, which gets no answer */
export function answerDns(query: Buffer, addresses: Addresses): Buffer | undefined {
  if (query.length < HEADER) return undefined
  const flags = query.readUInt16BE(2)
  // One question and no answers; more may follow it, such as EDNS's OPT record, which may be ignored.
  if ((flags & RESPONSE) !== 0 || query.readUInt16BE(4) !== 1) return undefined
  const question = readQuestion(query)
  if (question === undefined) return undefined
  const known = question.kind === CLASS_IN ? addresses.get(question.name) : undefined
  const isAnswered = known !== undefined && question.type === TYPE_A
  const header = Buffer.alloc(HEADER)
  header.writeUInt16BE(query.readUInt16BE(0), 0)
  const code = (flags & OPCODE) !== 0 ? NOT_IMPLEMENTED : known === undefined ? NO_SUCH_NAME : 0
  const echoed = flags & (OPCODE | RECURSION_DESIRED)
  header.writeUInt16BE(RESPONSE | AUTHORITATIVE | RECURSION_AVAILABLE | echoed | code, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(isAnswered && code === 0 ? 1 : 0, 6)
  const parts = [header, query.subarray(HEADER, question.end)]
  if (isAnswered && code === 0) parts.push(addressRecord(known))
  return Buffer.concat(parts)
}

interface Question {
  readonly name: string
  readonly type: number
  readonly kind: number
  readonly end: number
}

/** Names in questions are never compressed: they are the first in their message. */
function readQuestion(query: Buffer): Question | undefined {
  const labels: string[] = []
  let at = HEADER
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    if (length > 63) return undefined
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const end = at + 5
  if (end > query.length) return undefined
  return {
    name: labels.join('.').toLowerCase(),
    type: query.readUInt16BE(at + 1),
    kind: query.readUInt16BE(at + 3),
    end,
  }
}

/** Its name is a pointer to the question's. */
function addressRecord(address: string): Buffer {
  const record = Buffer.alloc(16)
  record.writeUInt16BE(0xc000 | HEADER, 0)
  record.writeUInt16BE(TYPE_A, 2)
  record.writeUInt16BE(CLASS_IN, 4)
  record.writeUInt32BE(TTL_SECONDS, 6)
  record.writeUInt16BE(4, 10)
  address.split('.').forEach((octet, index) => record.writeUInt8(Number(octet), 12 + index))
  return record
}

export interface DnsServer {
  readonly port: number
  close(): Promise<void>
}

export async function startDns(addresses: Addresses, host: string, port: number): Promise<DnsServer> {
  const socket = createSocket('udp4')
  socket.on('message', (query, sender) => {
    const answer = answerDns(query, addresses)
    if (answer !== undefined) socket.send(answer, sender.port, sender.address)
  })
  socket.bind(port, host)
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    async close() {
      socket.close()
      await once(socket, 'close')
    },
  }
}
