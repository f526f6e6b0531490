/** The completion script of each shell. It calls `iam-ra __complete` for the words. */

/** A comment says how to install it. */
export type Shell = 'bash' | 'zsh' | 'fish'

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# Completion of iam-ra in bash. Add to ~/.bashrc: source <(iam-ra completion bash)
_iam_ra() {
  local IFS=$'\\n'
  COMPREPLY=($(iam-ra __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _iam_ra iam-ra
`,
  zsh: `#compdef iam-ra
# Completion of iam-ra in zsh. Add to ~/.zshrc, below compinit: source <(iam-ra completion zsh)
_iam_ra() {
  local -a found
  found=("\${(@f)$(iam-ra __complete "\${(@)words[2,CURRENT]}" 2>/dev/null | sed 's/:/\\\\:/g; s/\\t/:/')}")
  if [[ -n "$found" ]]; then _describe iam-ra found; else _files; fi
}
compdef _iam_ra iam-ra
`,
  fish: `# Completion of iam-ra in fish. Add to ~/.config/fish/config.fish: iam-ra completion fish | source
complete -c iam-ra -a '(iam-ra __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
}

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell]
}
