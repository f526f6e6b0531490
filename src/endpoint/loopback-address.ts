/** The request to the kernel that gives the loopback interface one more address, or takes one away: rtnetlink(7). */
import { getSystemErrorName } from 'node:util'

/** How lo is changed. */
export type Change = 'add' | 'remove'

/** RTM_NEWADDR and RTM_DELADDR. */
const TYPES = { add: 20, remove: 21 } as const
/** NLM_F_REQUEST and NLM_F_ACK; to add, NLM_F_EXCL and NLM_F_CREATE too. */
const FLAGS = { add: 0x1 | 0x4 | 0x200 | 0x400, remove: 0x1 | 0x4 } as const
const AF_INET = 2
const AF_INET6 = 10
/** The kernel gives it to no connection of its own as a source. IPv6 has no such scope. */
const RT_SCOPE_HOST = 254
const RT_SCOPE_UNIVERSE = 0
/** The kernel gives it to `lo` in every network namespace: LOOPBACK_IFINDEX. */
const LOOPBACK_INDEX = 1
const IFA_ADDRESS = 1
const IFA_LOCAL = 2
const IFA_CACHEINFO = 6
const FOREVER = 0xffffffff

const NLMSG_ERROR = 2
const HEADER_BYTES = 16

/** @param address alone in its network */
export function addressRequest(change: Change, address: string): Uint8Array {
  const isIpv6 = address.includes(':')
  const number = isIpv6 ? ipv6Bytes(address) : address.split('.').map(Number)
  const body = Buffer.concat([
    interfaceMessage(isIpv6, number.length * 8),
    attribute(IFA_LOCAL, number),
    attribute(IFA_ADDRESS, number),
    // Deprecated at once, so that the kernel chooses it for no connection of its own: RFC 6724, section 5, rule 3.
    ...(isIpv6 && change === 'add'
      ? [attribute(IFA_CACHEINFO, [...uint32(0), ...uint32(FOREVER), ...Array<number>(8).fill(0)])]
      : []),
  ])
  // struct nlmsghdr, in the machine's own order of bytes; all that we ship for are little-endian.
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(HEADER_BYTES + body.length, 0)
  header.writeUInt16LE(TYPES[change], 4)
  header.writeUInt16LE(FLAGS[change], 6)
  return Buffer.concat([header, body])
}

/** struct ifaddrmsg */
function interfaceMessage(isIpv6: boolean, prefix: number): Uint8Array {
  const family = isIpv6 ? [AF_INET6, prefix, 0, RT_SCOPE_UNIVERSE] : [AF_INET, prefix, 0, RT_SCOPE_HOST]
  return Buffer.from([...family, ...uint32(LOOPBACK_INDEX)])
}

/** struct rtattr: length, type, value. */
function attribute(type: number, value: readonly number[]): Uint8Array {
  return Buffer.from([value.length + 4, 0, type, 0, ...value])
}

function uint32(value: number): readonly number[] {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return [...bytes]
}

/** @param address hexadecimal, with or without `::` */
function ipv6Bytes(address: string): readonly number[] {
  const [head = [], tail] = address
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':').map((group) => parseInt(group, 16))))
  const zeros = tail === undefined ? [] : Array<number>(8 - head.length - tail.length).fill(0)
  return [...head, ...zeros, ...(tail ?? [])].flatMap((group) => [group >> 8, group & 0xff])
}

/**
 * @param answer to an addressRequest
 * @returns `done`, or the system's code, such as EPERM; EEXIST if lo has the address already, EADDRNOTAVAIL if it has no
 * such address to remove
 */
export function outcomeOf(answer: Uint8Array): 'done' | (string & {}) {
  const bytes = Buffer.from(answer)
  // struct nlmsgerr: 0 in an acknowledgement, or the number of the error, negative.
  if (bytes.byteLength < HEADER_BYTES + 4 || bytes.readUInt16LE(4) !== NLMSG_ERROR) return 'EPROTO'
  const number = bytes.readInt32LE(HEADER_BYTES)
  return number === 0 ? 'done' : getSystemErrorName(number)
}
