/** Gives the node the addresses where agent listens for its pods, or takes them away again. */
import { AGENT_ADDRESSES } from '../../endpoint/settings.ts'
import type { FileSystem } from '../../run/runtime.ts'
import type { CommandContext } from '../command.ts'
import { addAddress, addressError, removeAddress, SYSTEM_NETWORK, type Network } from '../loopback/address.ts'
import { networkByKubelet } from '../loopback/kubelet-hosts.ts'

type Context = Pick<CommandContext, 'runtime' | 'logger' | 'interrupt' | 'remove'>

/** @throws IamRaError ADDRESS */
export async function runAgentAddress(
  { runtime, logger, interrupt, remove }: Context,
  network: Network = SYSTEM_NETWORK,
): Promise<number> {
  interrupt.throwIfAborted()
  const { ipv4, ipv6 } = AGENT_ADDRESSES
  if ((await networkByKubelet(runtime.fs)) === 'pod')
    throw addressError(remove ? 'remove' : 'add', ipv4, "this pod has a network of its own, not the node's", {
      hint: 'set hostNetwork: true in the pod',
    })
  const change = remove ? removeAddress : addAddress
  logger.info(change(ipv4, network))
  if (await hasIpv6(runtime.fs)) logger.info(change(ipv6, network))
  else logger.info(`${ipv6} is left out: this node has no IPv6, or has it switched off for lo`)
  return 0
}

/** A kernel without IPv6 has no such file. */
async function hasIpv6(fs: Pick<FileSystem, 'readFile'>): Promise<boolean> {
  const isOff = await fs.readFile('/proc/sys/net/ipv6/conf/lo/disable_ipv6', 'utf8').catch(() => '1')
  return isOff.trim() === '0'
}
