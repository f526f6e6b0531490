/** Where requests come from: only pods are answered, and each address is counted by itself. */
import { BlockList, isIP } from 'node:net'
import type { AddressRange } from '../settings/settings.ts'

export interface Senders {
  isPod(address: string): boolean
}

export function createSenders(ranges: readonly AddressRange[]): Senders {
  const pods = new BlockList()
  for (const { network, prefix, family } of ranges) pods.addSubnet(network, prefix, family)
  return {
    isPod: (address) => {
      const family = isIP(address)
      return family !== 0 && pods.check(address, family === 4 ? 'ipv4' : 'ipv6')
    },
  }
}

/** As it is compared and counted: an IPv4 address may come in the form of an IPv6 one (RFC 4291, section 2.5.5.2). */
export function plainAddress(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '')
}

/** An IPv4 address, or the /64 of an IPv6 one, in which a machine may have any number of addresses. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [before = '', after = ''] = address.split('::')
  const [left, right] = [before, after].map((part) => (part === '' ? [] : part.split(':')))
  const zeros = address.includes('::') ? 8 - (left?.length ?? 0) - (right?.length ?? 0) : 0
  const groups = [...(left ?? []), ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...(right ?? [])]
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
