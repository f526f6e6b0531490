/** What stops the set-up of Vault: one sentence, the next thing to do, and a line for each problem where there are several. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
  readonly hint: string | undefined
  readonly problems: readonly string[]
  /** The command or the set-up is wrong, and nothing of it was tried. */
  readonly usage: boolean

  constructor(message: string, options: SetupErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.hint = options.hint
    this.problems = options.problems ?? []
    this.usage = options.usage ?? false
  }
}

interface SetupErrorOptions {
  readonly hint?: string
  readonly problems?: readonly string[]
  readonly usage?: boolean
  readonly cause?: unknown
}
