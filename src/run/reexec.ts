/** Starts this program's own file again. */

type Self = Pick<NodeJS.Process, 'argv' | 'execArgv' | 'execPath' | 'platform'>

/** The arguments before the user's. An executable built by Bun has the name of a file within itself there. */
export function ownArguments({ argv, execArgv }: Pick<Self, 'argv' | 'execArgv'>): string[] {
  return isExecutable(argv) ? [] : [...execArgv, argv[1] ?? '']
}

/** The kernel's link to it, since an executable may be deleted or replaced while it runs: proc(5). */
export function ownFile({ argv, execPath, platform }: Pick<Self, 'argv' | 'execPath' | 'platform'>): string {
  return isExecutable(argv) && platform === 'linux' ? '/proc/self/exe' : execPath
}

function isExecutable(argv: readonly string[]): boolean {
  return argv[1]?.startsWith('/$bunfs/') === true
}

/** An option of JavaScriptCore, which reads its options only from the environment and only at startup. */
export const NO_COMPILER = 'BUN_JSC_useJIT'

/**
 * Variables that make Node, Bun and their TLS libraries trust other CAs, skip checks, print, write or listen. Not every
 * name with these prefixes: images set NODE_ENV and NODE_VERSION, and pods often have a NODE_NAME.
 * https://nodejs.org/api/cli.html#environment-variables_1, https://bun.com/docs/runtime/environment-variables
 */
const OF_THE_RUNTIME = new RegExp(
  `^(?:${[
    'BUN_(?!INSTALL|RUNTIME_TRANSPILER_CACHE_PATH$|JSC_useJIT$).*',
    'NODE_(?:CHANNEL|CLUSTER|COMPILE_CACHE|DEBUG|PENDING|PRESERVE_SYMLINKS|REPL|USE)(?:_.*)?',
    'NODE_(?:DISABLE_COMPILE_CACHE|EXTRA_CA_CERTS|ICU_DATA|NO_WARNINGS|OPTIONS|PATH|REDIRECT_WARNINGS)',
    'NODE_(?:TEST_CONTEXT|TLS_REJECT_UNAUTHORIZED|UNIQUE_ID|V8_COVERAGE)',
    'OPENSSL_.*|SSL_CERT_(?:FILE|DIR)|SSLKEYLOGFILE',
  ].join('|')})$`,
)

/**
 * Starts over in this same process if its environment has variables that the runtime must not see: the runtime reads
 * most of them before our first line or below it, so deleting them would come too late. A long-lived command also runs
 * without JavaScriptCore's compiler: a process that lives for months and computes next to nothing is 4 MiB smaller that
 * way (docs/lab/serve.md); one that needs the compiler gets it. If this is impossible, the process goes on as it is.
 */
export function beginAgain(
  self: NodeJS.Process,
  { longLived, needsCompiler }: { readonly longLived?: true; readonly needsCompiler?: true },
): void {
  const ours = Object.keys(self.env).filter(
    (name) => OF_THE_RUNTIME.test(name) || (needsCompiler === true && name === NO_COMPILER),
  )
  const smaller = longLived === true && isExecutable(self.argv) && self.env[NO_COMPILER] === undefined
  if (ours.length === 0 && !smaller) return
  const environment = Object.fromEntries(Object.entries(self.env).filter(([name]) => !ours.includes(name)))
  try {
    self.execve?.(
      ownFile(self),
      [self.execPath, ...ownArguments(self), ...self.argv.slice(2)],
      smaller ? { ...environment, [NO_COMPILER]: '0' } : environment,
    )
  } catch {
    // At least anything that is read later is kept from the runtime; the compiler stays as it is.
  }
  for (const name of ours) Reflect.deleteProperty(self.env, name)
}
