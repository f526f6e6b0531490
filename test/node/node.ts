/** containerd and the kubelet: with the control plane, a cluster of one node. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireServer } from '../rig/servers/build.ts'
import { startProcess, untilReady, type ServerProcess } from '../rig/processes/process.ts'
import { NODE, startControlPlane, type ControlPlane } from './control-plane.ts'
import { ADDRESSES, BRIDGE, command, CONTAINERD, layGround, RUN, SUBNET } from './ground.ts'
import { groupsOf, nodeName } from './namespaces.ts'

/** Where Debian has the plugins. */
const PLUGINS = '/usr/lib/cni'

export interface Node extends ControlPlane {
  /** The last lines of the kubelet's log. */
  log(): string
}

/** @param archives of images, which the node will never ask a registry for; the first has the sandbox's */
export async function startNode(archives: readonly string[], sandboxImage: string): Promise<Node> {
  layGround()
  const servers: Pick<ServerProcess, 'stop'>[] = []
  const stop = async (): Promise<void> => {
    for (const server of servers.splice(0).reverse()) await server.stop()
  }
  try {
    const [plane, containerd] = await Promise.all([startControlPlane(), startContainerd(sandboxImage)])
    servers.push(plane, containerd)
    for (const archive of archives) containerd.import(archive)
    const kubelet = startKubelet(plane)
    servers.push(kubelet)
    await untilReady('the node', kubelet, async () =>
      isReady(await plane.request('GET', `/api/v1/nodes/${NODE}`)),
    )
    return { ...plane, log: () => kubelet.output(), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Containerd extends ServerProcess {
  import(archive: string): void
}

async function startContainerd(sandboxImage: string): Promise<Containerd> {
  const folder = join(RUN, 'containerd')
  mkdirSync(join(folder, 'cni'), { recursive: true })
  const config = join(folder, 'config.toml')
  writeFileSync(
    config,
    `version = 2
root = "${join(folder, 'root')}"
state = "${join(folder, 'state')}"
[grpc]
address = "${CONTAINERD}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${sandboxImage}"
# Where the machine's root lacks CAP_SYS_RESOURCE, no sandbox would start otherwise.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${PLUGINS}"
conf_dir = "${join(folder, 'cni')}"
`,
  )
  writeFileSync(
    join(folder, 'cni/node.conflist'),
    JSON.stringify({
      cniVersion: '0.4.0',
      name: 'node',
      plugins: [
        {
          type: 'bridge',
          bridge: BRIDGE,
          ipam: {
            type: 'host-local',
            dataDir: join(folder, 'addresses'),
            ranges: [[{ subnet: SUBNET, rangeStart: '10.88.1.1', gateway: ADDRESSES.node }]],
            routes: [{ dst: '0.0.0.0/0' }],
          },
        },
      ],
    }),
  )
  const server = startProcess('containerd', ['--config', config], ownEnv(folder))
  const ctr = (...args: readonly string[]): string =>
    command('ctr', '--address', CONTAINERD, '--namespace', 'k8s.io', ...args)
  await untilReady('containerd', server, async () => ctr('version') !== '')
  return { ...server, import: (archive) => void ctr('images', 'import', archive) }
}

function startKubelet(plane: ControlPlane): ServerProcess {
  // Where the kubelet keeps its plugins' sockets whatever it is told.
  const folder = '/var/lib/kubelet'
  mkdirSync(folder)
  const config = join(folder, 'config.yaml')
  const group = nodeName()
  for (const hierarchy of groupsOf('.')) mkdirSync(join(hierarchy, group), { recursive: true })
  writeFileSync(
    config,
    JSON.stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      authentication: { x509: { clientCAFile: plane.clientCaFile } },
      containerRuntimeEndpoint: `unix://${CONTAINERD}`,
      clusterDNS: [ADDRESSES.node],
      clusterDomain: 'cluster.local',
      cgroupRoot: `/${group}`,
      cgroupDriver: 'cgroupfs',
      failCgroupV1: false,
      failSwapOn: false,
      makeIPTablesUtilChains: false,
      enforceNodeAllocatable: [],
      evictionHard: {},
      oomScoreAdj: 0,
      podLogsDir: join(folder, 'logs'),
      volumePluginDir: join(folder, 'plugins'),
      // A test that waits for a volume's change must not wait for a minute.
      syncFrequency: '5s',
    }),
  )
  return startProcess(
    requireServer('kubelet'),
    [
      `--config=${config}`,
      `--kubeconfig=${plane.kubeconfig('kubelet')}`,
      `--hostname-override=${NODE}`,
      `--node-ip=${ADDRESSES.node}`,
    ],
    ownEnv(folder),
  )
}

/** Nothing outside of the folder may be written to, nor could be. */
function ownEnv(folder: string): Readonly<Record<string, string>> {
  return { HOME: folder, TMPDIR: folder, PATH: process.env['PATH'] ?? '' }
}

function isReady(node: Readonly<Record<string, unknown>>): boolean {
  const { conditions = [] } = node['status'] as {
    conditions?: readonly { readonly type: string; readonly status: string }[]
  }
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
}
