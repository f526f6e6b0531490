/** The request to the kernel that gives the loopback interface one more address: rtnetlink(7). */
import { getSystemErrorName } from 'node:util'

const RTM_NEWADDR = 20
/** NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL and NLM_F_CREATE. */
const FLAGS = 0x1 | 0x4 | 0x200 | 0x400
const AF_INET = 2
/** Only this machine is to reach it. */
const RT_SCOPE_HOST = 254
/** The kernel gives it to `lo` in every network namespace: LOOPBACK_IFINDEX. */
const LOOPBACK_INDEX = 1
const IFA_ADDRESS = 1
const IFA_LOCAL = 2

const NLMSG_ERROR = 2
const HEADER_BYTES = 16
const REQUEST_BYTES = 40

/** @param address IPv4, alone in its network */
export function addressRequest(address: string): Uint8Array {
  const bytes = Buffer.alloc(REQUEST_BYTES)
  // struct nlmsghdr, in the machine's own order of bytes; all that we ship for are little-endian.
  bytes.writeUInt32LE(REQUEST_BYTES, 0)
  bytes.writeUInt16LE(RTM_NEWADDR, 4)
  bytes.writeUInt16LE(FLAGS, 6)
  // struct ifaddrmsg
  bytes.set([AF_INET, 32, 0, RT_SCOPE_HOST], HEADER_BYTES)
  bytes.writeUInt32LE(LOOPBACK_INDEX, 20)
  // Two attributes: length, type, value.
  for (const [offset, type] of [
    [24, IFA_LOCAL],
    [32, IFA_ADDRESS],
  ] as const) {
    bytes.writeUInt16LE(8, offset)
    bytes.writeUInt16LE(type, offset + 2)
    bytes.set(address.split('.').map(Number), offset + 4)
  }
  return bytes
}

/**
 * @param answer to an addressRequest
 * @returns `added`, or the system's code, such as EPERM; EEXIST if the interface has the address already
 */
export function outcomeOf(answer: Uint8Array): 'added' | (string & {}) {
  const bytes = Buffer.from(answer)
  // struct nlmsgerr: 0 in an acknowledgement, or the number of the error, negative.
  if (bytes.byteLength < HEADER_BYTES + 4 || bytes.readUInt16LE(4) !== NLMSG_ERROR) return 'EPROTO'
  const number = bytes.readInt32LE(HEADER_BYTES)
  return number === 0 ? 'added' : getSystemErrorName(number)
}
