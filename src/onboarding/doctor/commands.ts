/** The commands that hints name, with the flags that they need here. */
import type { Binding } from '../aws/bindings.ts'

export interface Commands {
  init(): string
  role(name: string): string
  onboard(binding: Pick<Binding, 'workload' | 'cluster' | 'namespace' | 'account'>, role: string): string
  setup(cluster: string, namespace: string): string
}

export function commandsFor(installation: string): Commands {
  const own = installation === 'default' ? '' : ` --installation ${installation}`
  return {
    init: () => `iam-ra init --ca-mode vault${own}`,
    role: (name) => `iam-ra role create ${name}${own}`,
    onboard: ({ workload, cluster, namespace, account }, role) =>
      `iam-ra k8s onboard ${workload} --cluster ${cluster} --k8s-namespace ${namespace}${account === workload ? '' : ` --service-account ${account}`} --role ${role}${own}`,
    setup: (cluster, namespace) => `iam-ra k8s setup ${cluster} --k8s-namespace ${namespace}${own}`,
  }
}
