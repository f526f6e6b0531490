/** `iam-ra completion`. */
import { buildCommand, buildRouteMap } from '@stricli/core'
import type { Shell } from '../completion.ts'
import { from, type LineContext } from '../route.ts'

const USES: Readonly<Record<Shell, string>> = {
  bash: 'add source <(iam-ra completion bash) to ~/.bashrc',
  zsh: 'add source <(iam-ra completion zsh) to ~/.zshrc, below compinit',
  fish: 'add iam-ra completion fish | source to ~/.config/fish/config.fish',
}

export const completion = buildRouteMap<Shell, LineContext>({
  routes: { bash: completionOf('bash'), zsh: completionOf('zsh'), fish: completionOf('fish') },
  docs: { brief: 'print the script that completes commands and flags in your shell' },
})

function completionOf(shell: Shell) {
  return buildCommand<object, [], LineContext>({
    loader: from(async () => {
      const { completionScript } = await import('../completion.ts')
      return async ({ runtime }) => {
        runtime.stdout(completionScript(shell))
        return await Promise.resolve(0)
      }
    }),
    parameters: {},
    docs: { brief: `for ${shell}: ${USES[shell]}` },
  })
}
