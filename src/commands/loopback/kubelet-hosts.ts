/** Whose network a container has, by the file that the kubelet writes for it. */
import type { FileSystem } from '../../run/runtime.ts'

/** How the kubelet begins /etc/hosts for each pod: pkg/kubelet/kubelet_pods.go. */
const KUBELETS_HOSTS = /^# Kubernetes-managed hosts file( \(host network\))?\./

/** @returns undefined if /etc/hosts is not the kubelet's */
export async function networkByKubelet(
  fs: Pick<FileSystem, 'readFile'>,
): Promise<'node' | 'pod' | undefined> {
  const hosts = await fs.readFile('/etc/hosts', 'utf8').catch(() => '')
  const [isKubelets, isNodes] = KUBELETS_HOSTS.exec(hosts) ?? []
  if (isKubelets === undefined) return undefined
  return isNodes === undefined ? 'pod' : 'node'
}
