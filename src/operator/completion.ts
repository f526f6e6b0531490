/** What each shell is told, which asks `iam-ra __complete` for the rest. */
import type { Shell } from './routes.ts'

/** How a user takes it in. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# iam-ra completion bash: put this into ~/.bashrc: source <(iam-ra completion bash)
_iam_ra() {
  local IFS=$'\\n'
  COMPREPLY=($(iam-ra __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _iam_ra iam-ra
`,
  zsh: `#compdef iam-ra
# iam-ra completion zsh: put this into ~/.zshrc, below compinit: source <(iam-ra completion zsh)
_iam_ra() {
  local -a found
  found=("\${(@f)$(iam-ra __complete "\${(@)words[2,CURRENT]}" 2>/dev/null | sed 's/:/\\\\:/g; s/\\t/:/')}")
  if [[ -n "$found" ]]; then _describe iam-ra found; else _files; fi
}
compdef _iam_ra iam-ra
`,
  fish: `# iam-ra completion fish: put this into ~/.config/fish/config.fish: iam-ra completion fish | source
complete -c iam-ra -a '(iam-ra __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
}

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell]
}
