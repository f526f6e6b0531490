/** What happens to containers behind the API server's back: the node's runtime signals them. */
import { command, CONTAINERD } from './ground.ts'

/** Kills the first process of a container. @param id as the pod's status has it, with containerd:// before it */
export function killContainer(id: string): void {
  signalContainer(id, 'SIGKILL')
}

/** Sends a signal to the first process of a container. */
export function signalContainer(id: string, signal: NodeJS.Signals): void {
  ctr('tasks', 'kill', '--signal', signal, id.replace('containerd://', ''))
}

/** Kills all that runs of a pod, what holds its namespaces too, as when the node itself starts anew. */
export function killPod(uid: string): void {
  const filter = `labels."io.kubernetes.pod.uid"==${uid}`
  const running = ctr('tasks', 'list', '--quiet').trim().split('\n')
  for (const id of ctr('containers', 'list', '--quiet', filter).trim().split('\n')) {
    if (running.includes(id)) killContainer(id)
  }
}

function ctr(...args: readonly string[]): string {
  return command('ctr', '--address', CONTAINERD, '--namespace', 'k8s.io', ...args)
}
