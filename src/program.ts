/** This program's own file, to be started again. */

/** What stands before a user's arguments. An executable that Bun made names a file within itself there. */
export function ownArguments({ argv, execArgv }: Pick<NodeJS.Process, 'argv' | 'execArgv'>): string[] {
  return isExecutable(argv) ? [] : [...execArgv, argv[1] ?? '']
}

function isExecutable(argv: readonly string[]): boolean {
  return argv[1]?.startsWith('/$bunfs/') === true
}

/** An option of JavaScriptCore, which takes its options from the environment and at its start alone. */
export const NO_COMPILER = 'BUN_JSC_useJIT'

/**
 * Begins again in this same process, without the compiler of JavaScriptCore: a process that lives for months and computes
 * next to nothing is 4 MiB smaller so (docs/performance.md). Goes on as it is where that cannot be done.
 */
export function beginWithoutCompiler(self: NodeJS.Process): void {
  if (!isExecutable(self.argv) || self.env[NO_COMPILER] !== undefined) return
  try {
    self.execve?.(self.execPath, [self.execPath, ...self.argv.slice(2)], {
      ...self.env,
      [NO_COMPILER]: '0',
    })
  } catch {
    // It is smaller or it is not.
  }
}
