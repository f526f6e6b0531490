/** Gives the pod 169.254.169.254, so that apps which have that address written into them find serve there. */
import { networkInterfaces } from 'node:os'
import { askKernel } from '../../endpoint/bun-netlink.ts'
import { addressRequest, outcomeOf } from '../../endpoint/loopback-address.ts'
import { METADATA_ADDRESS } from '../../endpoint/settings.ts'
import { IamRaError } from '../../errors.ts'
import type { FileSystem } from '../../run/runtime.ts'
import type { CommandContext } from '../command.ts'

/** What it takes from the system besides files. */
interface Network {
  interfaces(): ReturnType<typeof networkInterfaces>
  /** Sends one request by rtnetlink(7). */
  ask(request: Uint8Array): Uint8Array
}

const SYSTEM: Network = { interfaces: networkInterfaces, ask: askKernel }

/** @throws IamRaError ADDRESS */
export async function runMetadataAddress(
  { runtime, logger, interrupt }: Pick<CommandContext, 'runtime' | 'logger' | 'interrupt'>,
  network: Network = SYSTEM,
): Promise<number> {
  interrupt.throwIfAborted()
  if (await isNodesNetwork(runtime.fs)) throw nodesNetwork()
  const [there] = Object.entries(network.interfaces()).find(([, addresses]) =>
    addresses?.some(({ address }) => address === METADATA_ADDRESS),
  ) ?? [add(network)]
  logger.info(
    there === undefined ? `${METADATA_ADDRESS} added to lo` : `${METADATA_ADDRESS} is already on ${there}`,
  )
  return 0
}

/** @returns the interface that has the address already, though it is not up */
function add({ ask }: Network): 'lo' | undefined {
  let outcome: string
  try {
    outcome = outcomeOf(ask(addressRequest(METADATA_ADDRESS)))
  } catch (error) {
    throw failure('this program cannot ask the kernel by netlink', {
      hint: "use the image's own executable, with a seccomp profile that allows AF_NETLINK, such as RuntimeDefault",
      cause: error,
    })
  }
  if (outcome === 'added') return undefined
  if (outcome === 'EEXIST') return 'lo'
  if (outcome === 'EPERM')
    throw failure('this container lacks the NET_ADMIN capability', {
      hint: 'set runAsUser: 0 and capabilities.add: [NET_ADMIN] for this init container; Pod Security must be privileged in its namespace',
    })
  throw failure(`the kernel refuses it (${outcome})`, {
    hint: 'look for a security module or a sandbox that limits this container, such as SELinux or gVisor',
  })
}

/** How the kubelet begins /etc/hosts for each pod: pkg/kubelet/kubelet_pods.go. */
const KUBELETS_HOSTS = /^# Kubernetes-managed hosts file( \(host network\))?\./

/** The kernel shows it in the first network namespace alone: net/core/sysctl_net_core.c. */
const FIRST_NAMESPACES_OWN = '/proc/sys/net/core/netdev_max_backlog'

/**
 * The kubelet's word comes first: with a virtual machine for each pod, as in Kata Containers, the pod's own network is
 * the first of that machine.
 */
async function isNodesNetwork(fs: Pick<FileSystem, 'readFile' | 'access'>): Promise<boolean> {
  const hosts = await fs.readFile('/etc/hosts', 'utf8').catch(() => '')
  const [isKubelets, isNodes] = KUBELETS_HOSTS.exec(hosts) ?? []
  if (isKubelets !== undefined) return isNodes !== undefined
  return await fs.access(FIRST_NAMESPACES_OWN).then(
    () => true,
    () => false,
  )
}

/** It would stay there after the pod, and the node and all of its pods would then ask this one. */
function nodesNetwork(): IamRaError {
  return failure("this container has the node's own network, where that address is the node's", {
    hint: 'remove hostNetwork: true from the pod, or use ENDPOINT_PORT of serve instead',
  })
}

function failure(why: string, options: { readonly hint: string; readonly cause?: unknown }): IamRaError {
  return new IamRaError('ADDRESS', 'sink', `cannot add ${METADATA_ADDRESS} to lo: ${why}`, options)
}
