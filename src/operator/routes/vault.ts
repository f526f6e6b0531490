/** `iam-ra vault`. */
import { buildCommand, buildRouteMap } from '@stricli/core'
import { from, switchFlag, valueFlag, type LineContext } from '../route.ts'
import type { VaultSetupFlags } from '../vault-setup.ts'

const vaultSetup = buildCommand<VaultSetupFlags, [], LineContext>({
  loader: from(async () => (await import('../vault-setup.ts')).vaultSetup),
  parameters: {
    flags: {
      apply: switchFlag('write what the plan shows'),
      setup: valueFlag('FILE', 'the desired setup (default: the k8s/vault/setup.json of this version)'),
      'reviewer-token': valueFlag(
        'FILE',
        'the token of Vault\'s reviewer, for a setup whose reviewer is "token"',
      ),
      'replace-reviewer-token': valueFlag('FILE', 'the same, replacing the one that Vault has'),
      'csr-out': valueFlag('FILE', 'generate a key in Vault and write its certificate request'),
      'signed-cert': valueFlag(
        'FILE',
        'import the certificate that the CA above signed, followed by those above it',
      ),
      'root-mount': valueFlag('MOUNT', 'have the CA in another mount of this Vault sign the request'),
      rotate: switchFlag(
        'with --csr-out or --root-mount: a new key and certificate even if there already are some',
      ),
    },
  },
  docs: {
    brief: 'show what pods need in Vault to get their certificates, and write it with --apply',
    fullDescription: `Shows what pods need in Vault to get their certificates, and writes it with --apply.

Without --apply nothing is written: it shows what is missing and what differs. With --apply it writes that, and
a further run finds nothing to do. It deletes nothing that was there before, except for extra keys in the three ARN
entries, which it overwrites.

Environment: VAULT_ADDR; VAULT_TOKEN, or what vault login left in ~/.vault-token; VAULT_CACERT, a PEM file
with the certificates to trust instead of the built-in roots; VAULT_TLS_SERVER_NAME, the name that Vault's
certificate must have; VAULT_NAMESPACE.`,
    customUsage: ['[--apply] [--setup FILE] [flags]'],
  },
})

export const vault = buildRouteMap({
  routes: { setup: vaultSetup },
  docs: { brief: "set up Vault, which signs the pods' certificates" },
})
