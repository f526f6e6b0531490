/** Gives the pod 169.254.169.254, so that apps which have that address written into them find serve there. */
import { METADATA_ADDRESS } from '../../endpoint/settings.ts'
import type { FileSystem } from '../../run/runtime.ts'
import type { CommandContext } from '../command.ts'
import { addAddress, addressError, SYSTEM_NETWORK, type Network } from '../loopback/address.ts'
import { networkByKubelet } from '../loopback/kubelet-hosts.ts'

/** @throws IamRaError ADDRESS */
export async function runMetadataAddress(
  { runtime, logger, interrupt }: Pick<CommandContext, 'runtime' | 'logger' | 'interrupt'>,
  network: Network = SYSTEM_NETWORK,
): Promise<number> {
  interrupt.throwIfAborted()
  // It would stay there after the pod, and the node and all of its pods would then ask this one.
  if (await isNodesNetwork(runtime.fs))
    throw addressError(
      'add',
      METADATA_ADDRESS,
      "this container has the node's own network, where that address is the node's",
      { hint: 'remove hostNetwork: true from the pod, or use ENDPOINT_PORT of serve instead' },
    )
  logger.info(addAddress(METADATA_ADDRESS, network))
  return 0
}

/** The kernel shows it in the first network namespace alone: net/core/sysctl_net_core.c. */
const FIRST_NAMESPACES_OWN = '/proc/sys/net/core/netdev_max_backlog'

/**
 * The kubelet's word comes first: with a virtual machine for each pod, as in Kata Containers, the pod's own network is
 * the first of that machine.
 */
async function isNodesNetwork(fs: Pick<FileSystem, 'readFile' | 'access'>): Promise<boolean> {
  const said = await networkByKubelet(fs)
  if (said !== undefined) return said === 'node'
  return await fs.access(FIRST_NAMESPACES_OWN).then(
    () => true,
    () => false,
  )
}
