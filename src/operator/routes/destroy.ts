/** `iam-ra destroy`. */
import { buildCommand } from '@stricli/core'
import type { DestroyFlags } from '../destroy.ts'
import {
  ACCOUNT_ALIASES,
  ACCOUNT_FLAGS,
  CHANGE_ALIASES,
  CHANGE_FLAGS,
  from,
  type LineContext,
} from '../route.ts'

export const destroy = buildCommand<DestroyFlags, [], LineContext>({
  loader: from(async () => (await import('../destroy.ts')).destroy),
  parameters: {
    aliases: { ...ACCOUNT_ALIASES, ...CHANGE_ALIASES },
    flags: { ...ACCOUNT_FLAGS, ...CHANGE_FLAGS },
  },
  docs: {
    brief: 'remove the installation from AWS',
    fullDescription: `Removes the installation from AWS: unbinds all workloads, then deletes roles with their profiles, and the trust anchor
last. Only what carries the tags of the installation is deleted.

Vault and the clusters are not changed: notes say what is left there, and how to remove it. Without a terminal it needs
--yes.`,
  },
})
