/** `iam-ra doctor`. */
import { buildCommand } from '@stricli/core'
import type { DoctorFlags } from '../doctor/doctor.ts'
import type { PodName } from '../doctor/ways.ts'
import {
  ACCOUNT_ALIASES,
  ACCOUNT_FLAGS,
  CONTEXT_FLAGS,
  from,
  switchFlag,
  valueFlag,
  type LineContext,
} from '../route.ts'

function podName(text: string): PodName {
  const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(text) ?? []
  if (namespace === undefined || name === undefined) throw new Error('is not a pod: write NAMESPACE/NAME')
  return { namespace, name }
}

export const doctor = buildCommand<DoctorFlags, [], LineContext>({
  loader: from(async () => (await import('../doctor/doctor.ts')).doctor),
  parameters: {
    flags: {
      cluster: valueFlag('CLUSTER', 'the cluster, if the installation has more than one'),
      workload: valueFlag('WORKLOAD', 'look at this workload alone'),
      pod: valueFlag('NS/NAME', 'look at this pod, and the workload that its label names', podName),
      'k8s-namespace': valueFlag('NS', 'look at this namespace of the cluster alone'),
      exchange: switchFlag("go the pod's whole way from this machine, and drop the credentials"),
      json: switchFlag('print one JSON document'),
      ...CONTEXT_FLAGS,
      ...ACCOUNT_FLAGS,
    },
    aliases: { ...ACCOUNT_ALIASES, c: 'cluster', k: 'k8s-namespace' },
  },
  docs: {
    brief: 'find what does not fit in AWS, Vault, the cluster or the pod, and the command that settles it',
    fullDescription: `Finds what does not fit in AWS, Vault, the cluster or the pod, and the command that settles it. Nothing is changed.

What depends on something that failed is skipped. What cannot be looked at is said, and is no verdict. Warnings do not
change the exit code: 0 if no fault was found, 8 if there is one.

Environment: that of the AWS SDK, of kubectl and of vault: VAULT_ADDR; VAULT_TOKEN, or what vault login left in
~/.vault-token; VAULT_CACERT; VAULT_TLS_SERVER_NAME; VAULT_NAMESPACE.`,
  },
})
