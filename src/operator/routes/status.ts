/** `iam-ra status`. */
import { buildCommand } from '@stricli/core'
import { ACCOUNT_ALIASES, ACCOUNT_FLAGS, from, JSON_FLAG, type LineContext } from '../route.ts'
import type { StatusFlags } from '../status.ts'

export const status = buildCommand<StatusFlags, [], LineContext>({
  loader: from(async () => (await import('../status.ts')).status),
  parameters: { aliases: ACCOUNT_ALIASES, flags: { ...ACCOUNT_FLAGS, json: JSON_FLAG } },
  docs: {
    brief: 'show what the installation has in AWS',
    fullDescription: `Shows what the installation has in AWS: the account and your identity there, the trust anchor and its root, clusters,
roles with the number of their workloads, and what is wrong, with the command that settles it.

It looks at AWS alone. iam-ra k8s list also looks at Vault and the cluster, and iam-ra doctor goes through all of them.`,
  },
})
