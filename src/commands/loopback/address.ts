/** Adds an address to the loopback interface of the container's network, or removes it, and says why it could not. */
import { networkInterfaces } from 'node:os'
import { askKernel } from '../../endpoint/bun-netlink.ts'
import { addressRequest, outcomeOf, type Change } from '../../endpoint/loopback-address.ts'
import { IamRaError } from '../../errors.ts'

/** What it takes from the system besides files. */
export interface Network {
  interfaces(): ReturnType<typeof networkInterfaces>
  /** Sends one request by rtnetlink(7). */
  ask(request: Uint8Array): Uint8Array
}

export const SYSTEM_NETWORK: Network = { interfaces: networkInterfaces, ask: askKernel }

/** @returns what was done, in words. @throws IamRaError ADDRESS */
export function addAddress(address: string, network: Network): string {
  const [there] =
    Object.entries(network.interfaces()).find(([, addresses]) =>
      addresses?.some((one) => one.address === address),
    ) ?? []
  if (there !== undefined) return `${address} is already on ${there}`
  // It knows the addresses of an interface that is down, too.
  const isThere = change('add', address, network, 'EEXIST') === 'EEXIST'
  return isThere ? `${address} is already on lo` : `${address} added to lo`
}

/** @returns what was done, in words. @throws IamRaError ADDRESS */
export function removeAddress(address: string, network: Network): string {
  const isMissing = change('remove', address, network, 'EADDRNOTAVAIL') === 'EADDRNOTAVAIL'
  return isMissing ? `${address} is not on lo` : `${address} removed from lo`
}

/** @param unchanged the kernel's code if there is nothing to do */
function change(what: Change, address: string, { ask }: Network, unchanged: string): string {
  const failed = (why: string, options: Reasons): IamRaError => addressError(what, address, why, options)
  let outcome: string
  try {
    outcome = outcomeOf(ask(addressRequest(what, address)))
  } catch (error) {
    throw failed('this program cannot ask the kernel by netlink', {
      hint: "use the image's own executable, with a seccomp profile that allows AF_NETLINK, such as RuntimeDefault",
      cause: error,
    })
  }
  if (outcome === 'done' || outcome === unchanged) return outcome
  if (outcome === 'EPERM')
    throw failed('this container lacks the NET_ADMIN capability', {
      hint: 'set runAsUser: 0 and capabilities.add: [NET_ADMIN] for this init container; Pod Security must be privileged in its namespace',
    })
  throw failed(`the kernel refuses it (${outcome})`, {
    hint: 'look for a security module or a sandbox that limits this container, such as SELinux or gVisor',
  })
}

interface Reasons {
  readonly hint: string
  readonly cause?: unknown
}

export function addressError(what: Change, address: string, why: string, options: Reasons): IamRaError {
  const where = what === 'add' ? `add ${address} to lo` : `remove ${address} from lo`
  return new IamRaError('ADDRESS', 'sink', `cannot ${where}: ${why}`, options)
}
