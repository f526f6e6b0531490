/** The step in which a failure happened. It decides the exit code. */
export type Stage = PodStage | OperatorStage
export type PodStage = 'settings' | 'identity' | 'certificate' | 'exchange' | 'sink' | 'internal'
/** Steps that only the operator's program has; src/operator/exits.ts has their exit codes. */
export type OperatorStage = 'cluster' | 'confirmation'

/** Exit codes of the pod binary; a signal n exits with 128 + n instead. */
export const EXIT_CODES: Readonly<Record<PodStage, number>> = {
  settings: 2,
  identity: 3,
  certificate: 4,
  exchange: 5,
  sink: 6,
  internal: 70,
}

/** The closed set of failures. JSON log lines carry the code, so it never changes its meaning. */
export type ErrorCode =
  /** One or more settings are missing or wrong; `problems` has one line for each. */
  | 'SETTINGS_INVALID'
  /** A file that the run needs (token, CA) is missing, unreadable or not what it should be. */
  | 'INPUT_FILE'
  /** No connection: DNS, refused, reset, or a proxy that did not connect. */
  | 'UNREACHABLE'
  /** The server's certificate was not accepted. */
  | 'TLS'
  /** An attempt got no complete answer in time. */
  | 'TIMEOUT'
  /** An answer that does not follow the protocol: wrong type, shape or size. */
  | 'ANSWER_INVALID'
  /** A redirect that must not be followed. */
  | 'REDIRECT_REFUSED'
  /** The server said no (4xx). */
  | 'REFUSED'
  /** The server asked us to come back later (429 or a throttling code). */
  | 'THROTTLED'
  /** The server cannot answer now (408, 412, 5xx). */
  | 'UNAVAILABLE'
  /** Vault is sealed. */
  | 'SEALED'
  /** The PKI role requires another type of key. */
  | 'KEY_TYPE'
  /** The issued certificate fails a check. */
  | 'CERTIFICATE_UNFIT'
  /** A token or certificate expired while the run was waiting: log in and sign again. */
  | 'OUTLIVED'
  /** The credentials file or its directory cannot be written as required. */
  | 'FILE'
  /** Cannot listen on the address or port. */
  | 'LISTEN'
  /** The metadata address cannot be added to the pod's loopback interface. */
  | 'ADDRESS'
  /** DEADLINE ran out. */
  | 'DEADLINE'
  /** A run in a child process ended without a result. */
  | 'RUN_LOST'
  /** A signal asked the run to stop. */
  | 'INTERRUPTED'
  /** Nobody confirmed a change. Only the operator's program has it. */
  | 'NOT_CONFIRMED'
  /** A bug of ours. */
  | 'INTERNAL'

export interface ErrorOptions {
  /** The next thing to do, as one sentence. */
  readonly hint?: string | undefined
  readonly cause?: unknown
  /** Another attempt may succeed without anyone changing anything. Default false. */
  readonly retryable?: boolean | undefined
  /** How long the server asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** Further lines, one for each problem. */
  readonly problems?: readonly string[] | undefined
  /** The HTTP status that led here, if any. */
  readonly status?: number | undefined
  /** The server's own words, fit to show. */
  readonly said?: readonly string[] | undefined
  /** The signal's number, for INTERRUPTED. */
  readonly signal?: number | undefined
}

/**
 * Every failure that a user can see. The message is one sentence, without a capital or a full stop, that names
 * what failed and the likely cause. It never contains a token, a key, a credential or a server's whole body.
 */
export class IamRaError extends Error {
  override readonly name = 'IamRaError'
  readonly code: ErrorCode
  readonly stage: Stage
  readonly hint: string | undefined
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  readonly problems: readonly string[]
  readonly status: number | undefined
  /** For code to base decisions on; the message is for people only. */
  readonly said: readonly string[]
  readonly signal: number | undefined

  constructor(code: ErrorCode, stage: Stage, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.stage = stage
    this.hint = options.hint
    this.retryable = options.retryable ?? false
    this.retryAfterMs = options.retryAfterMs
    this.problems = options.problems ?? []
    this.status = options.status
    this.said = options.said ?? []
    this.signal = options.signal
  }

  /** The pod binary's exit code. */
  get exitCode(): number {
    return this.signal === undefined ? EXIT_CODES[this.stage as PodStage] : 128 + this.signal
  }
}

/** Wraps any other error as a bug of ours, so that the entry point has one kind of error to print. */
export function asIamRaError(error: unknown): IamRaError {
  if (error instanceof IamRaError) return error
  const what = error instanceof Error ? error.name : typeof error
  return new IamRaError('INTERNAL', 'internal', `unexpected ${what} inside aws-iam-ra`, {
    hint: 'this is a bug: run again with --verbose and report the stack trace',
    cause: error,
  })
}

/** The system's or a library's code for an error, such as `ENOENT`; undefined if it has none. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
