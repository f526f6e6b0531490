/** The table of commands: their flags, their help, and the file that each is loaded from when it runs. */
import { buildCommand, buildRouteMap, type CommandContext, type RouteMap } from '@stricli/core'
import type { VaultSetupFlags } from './vault-setup.ts'
import type { OperatorCommand, OperatorContext } from './context.ts'
import { EXIT_HELP } from './exits.ts'

/** What the library passes to a command as `this`. */
export interface LineContext extends CommandContext {
  readonly operator: OperatorContext
  /** Takes the exit code. */
  ended(code: number): void
}

type Loaded<Flags, Args extends readonly unknown[]> = (
  this: LineContext,
  flags: Flags,
  ...args: Args
) => Promise<void>

/** A command that is loaded only when it runs. */
export function from<Flags, Args extends readonly unknown[]>(
  load: () => Promise<OperatorCommand<Flags, Args>>,
): () => Promise<Loaded<Flags, Args>> {
  return async () => {
    const command = await load()
    return async function (flags, ...args) {
      this.ended(await command(this.operator, flags, ...args))
    }
  }
}

const text = (input: string): string => input

const vaultSetup = buildCommand<VaultSetupFlags, [], LineContext>({
  loader: from(async () => (await import('./vault-setup.ts')).vaultSetup),
  parameters: {
    flags: {
      apply: { kind: 'boolean', optional: true, withNegated: false, brief: 'write what the plan shows' },
      setup: {
        ...{ kind: 'parsed', optional: true, parse: text, placeholder: 'FILE' },
        brief: 'the desired setup (default: the k8s/vault/setup.json of this version)',
      },
      'reviewer-token': {
        ...{ kind: 'parsed', optional: true, parse: text, placeholder: 'FILE' },
        brief: 'the token of Vault\'s reviewer, for a setup whose reviewer is "token"',
      },
      'replace-reviewer-token': {
        ...{ kind: 'parsed', optional: true, parse: text, placeholder: 'FILE' },
        brief: 'the same, replacing the one that Vault has',
      },
      'csr-out': {
        ...{ kind: 'parsed', optional: true, parse: text, placeholder: 'FILE' },
        brief: 'generate a key in Vault and write its certificate request',
      },
      'signed-cert': {
        ...{ kind: 'parsed', optional: true, parse: text, placeholder: 'FILE' },
        brief: 'import the certificate that the CA above signed, followed by those above it',
      },
      'root-mount': {
        ...{ kind: 'parsed', optional: true, parse: text, placeholder: 'MOUNT' },
        brief: 'have the CA in another mount of this Vault sign the request',
      },
      rotate: {
        ...{ kind: 'boolean', optional: true, withNegated: false },
        brief: 'with --csr-out or --root-mount: a new key and certificate even if there already are some',
      },
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

export type Shell = 'bash' | 'zsh' | 'fish'

const USES: Readonly<Record<Shell, string>> = {
  bash: 'add source <(iam-ra completion bash) to ~/.bashrc',
  zsh: 'add source <(iam-ra completion zsh) to ~/.zshrc, below compinit',
  fish: 'add iam-ra completion fish | source to ~/.config/fish/config.fish',
}

const completion = buildRouteMap<Shell, LineContext>({
  routes: { bash: completionOf('bash'), zsh: completionOf('zsh'), fish: completionOf('fish') },
  docs: { brief: 'print the script that completes commands and flags in your shell' },
})

function completionOf(shell: Shell) {
  return buildCommand<object, [], LineContext>({
    loader: from(async () => {
      const { completionScript } = await import('./completion.ts')
      return async ({ runtime }) => {
        runtime.stdout(completionScript(shell))
        return await Promise.resolve(0)
      }
    }),
    parameters: {},
    docs: { brief: `for ${shell}: ${USES[shell]}` },
  })
}

export const ROUTES: RouteMap<LineContext> = buildRouteMap({
  routes: {
    vault: buildRouteMap({
      routes: { setup: vaultSetup },
      docs: { brief: "set up Vault, which signs the pods' certificates" },
    }),
    completion,
  },
  docs: {
    brief: 'give Kubernetes workloads AWS roles, with IAM Roles Anywhere',
    fullDescription: `Gives Kubernetes workloads AWS roles, with IAM Roles Anywhere. This is the program that operators run.

${EXIT_HELP}`,
  },
})
