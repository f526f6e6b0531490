/** `iam-ra init`. */
import { buildCommand } from '@stricli/core'
import type { InitFlags } from '../init.ts'
import {
  ACCOUNT_ALIASES,
  ACCOUNT_FLAGS,
  CHANGE_ALIASES,
  CHANGE_FLAGS,
  choiceFlag,
  from,
  JSON_FLAG,
  TAG_FLAG,
  valueFlag,
  wholeNumber,
  type LineContext,
} from '../route.ts'

export const init = buildCommand<InitFlags, [], LineContext>({
  loader: from(async () => (await import('../init.ts')).init),
  parameters: {
    aliases: { ...ACCOUNT_ALIASES, ...CHANGE_ALIASES },
    flags: {
      'ca-mode': valueFlag('MODE', 'where certificates come from (default, and the only one yet: vault)'),
      root: valueFlag('FILE', 'the certificate of an existing root, as PEM'),
      'root-mount': valueFlag(
        'MOUNT',
        'the PKI mount of Vault with the root, created if it is missing (default: pki-root)',
      ),
      'common-name': valueFlag('CN', 'the name of a root that is created (default: iam-ra INSTALLATION)'),
      'ca-years': valueFlag('N', 'how long a root that is created is valid (default: 10)', wholeNumber),
      tag: TAG_FLAG,
      print: choiceFlag(
        ['cloudformation'],
        'print a CloudFormation template with the root instead, and change nothing',
      ),
      ...ACCOUNT_FLAGS,
      ...CHANGE_FLAGS,
      json: JSON_FLAG,
    },
  },
  docs: {
    brief: 'create an installation: a trust anchor in AWS, and the root that it trusts',
    fullDescription: `Creates an installation: a trust anchor in IAM Roles Anywhere, and the root that it trusts.

The root is in Vault: it is read from the PKI mount --root-mount, or created there with a key that never leaves Vault.
With --root FILE the trust anchor takes that certificate instead, and Vault is not asked. Run again, it creates what is
missing, enables a trust anchor that was disabled, and leaves the root as it is.

Vault is reached as by iam-ra vault setup: VAULT_ADDR, VAULT_TOKEN, VAULT_CACERT, VAULT_NAMESPACE.`,
    customUsage: ['[--root FILE | --root-mount MOUNT] [flags]', '--print cloudformation [--root FILE]'],
  },
})
