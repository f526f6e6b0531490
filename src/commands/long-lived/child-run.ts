/** The parent's side of a run in a process of its own. */
import { IamRaError, type ErrorCode, type ErrorOptions, type Stage } from '../../errors.ts'
import { isRecord, parseJsonObject } from '../../text/json.ts'
import type { ChildResult, ChildRun } from '../../run/child.ts'
import type { Bounds } from '../../run/deadline.ts'
import type { Runtime } from '../../run/runtime.ts'
import type { Obtained } from '../../credentials.ts'
import { obtain } from '../obtain.ts'
import type { SerializedCause } from '../obtain/run.ts'

/** What the child takes besides DEADLINE: its start, and revoking. */
const BESIDES_MS = 10_000

/**
 * Everything is read again: variables' files, token, CA and mounted certificate.
 * @param argv the flags of this process, without the command
 * @throws IamRaError the child's own, or RUN_LOST
 */
export function obtainApart(
  argv: readonly string[],
  runtime: Pick<Runtime, 'runChild'>,
  bounds: Bounds,
): Promise<Obtained> {
  return runApart({ argv: [obtain.name, ...argv] }, runtime, bounds)
}

/** @throws IamRaError the child's own, or RUN_LOST */
export async function runApart(
  run: Pick<ChildRun, 'argv' | 'input'>,
  runtime: Pick<Runtime, 'runChild'>,
  bounds: Bounds,
): Promise<Obtained> {
  const stopped = new AbortController()
  // A deadline ends the child by itself, with a sentence that says at what.
  const onEnd = (): void => {
    if (isInterrupted(bounds.signal)) stopped.abort(bounds.signal.reason)
  }
  bounds.signal.addEventListener('abort', onEnd, { once: true })
  onEnd()
  try {
    const result = await runtime.runChild({
      ...run,
      timeoutMs: bounds.deadlineMs + BESIDES_MS,
      signal: stopped.signal,
    })
    if (isInterrupted(bounds.signal)) throw bounds.signal.reason
    return resultOf(result)
  } finally {
    bounds.signal.removeEventListener('abort', onEnd)
  }
}

function isInterrupted({ reason }: AbortSignal): boolean {
  return reason instanceof IamRaError && reason.code !== 'DEADLINE'
}

interface Failure extends ErrorOptions {
  readonly code: ErrorCode
  readonly stage: Stage
  readonly message: string
  readonly cause?: SerializedCause
}

/** Our own program wrote it, so if there is any output its shape is known. */
function resultOf(result: ChildResult): Obtained {
  const told = parseJsonObject(result.stdout)
  if (isRecord(told?.['obtained'])) return told['obtained'] as unknown as Obtained
  if (isRecord(told?.['failure'])) {
    const { code, stage, message, cause, ...options } = told['failure'] as unknown as Failure
    throw new IamRaError(code, stage, message, { ...options, cause: causeOf(cause) })
  }
  throw lost(result)
}

function causeOf(told: SerializedCause | undefined): Error | undefined {
  if (told === undefined) return undefined
  const { cause, ...known } = told
  // It did not happen here.
  return Object.assign(new Error('', { cause: causeOf(cause) }), { stack: '' }, known)
}

function lost({ exitCode, signal, killed }: ChildResult): IamRaError {
  const [end, hint] =
    killed === 'timeout'
      ? [
          'hung and was killed',
          'a volume that does not answer may block it: check the files that the settings name',
        ]
      : killed === 'output'
        ? ['wrote endless output and was killed', 'report it, this is a bug']
        : signal === 'SIGKILL'
          ? [
              'ended by SIGKILL, without a result',
              "raise the container's memory limit; a run needs about 20 MiB on top",
            ]
          : [
              `ended ${signal === null ? `with exit code ${exitCode ?? 0}` : `by ${signal}`}, without a result`,
              'check the lines before this one, and report this if they do not explain it',
            ]
  return new IamRaError('RUN_LOST', 'internal', `the process of the run ${end}`, { retryable: true, hint })
}
