/**
 * The child's side of a run that serve and renew make in a process of its own: credentials or the failure, as JSON to the
 * parent. The X.509 library and what a run leaves behind then take no memory between runs, and an RSA key holds up nobody.
 */
import { createBounds } from '../../run/deadline.ts'
import { codeOf, type IamRaError } from '../../errors.ts'
import { obtainCredentials } from '../../sources/pipeline.ts'
import type { Runtime } from '../../run/runtime.ts'
import type { Run } from '../../sources/source.ts'
import type { SourceSettings } from '../../settings/settings.ts'
import type { CommandContext, FailureContext } from '../command.ts'
import { EARLY_WORD } from '../long-lived/retry-notice.ts'
import type { Obtained } from '../../credentials.ts'

/** @throws IamRaError */
export async function runObtain(
  settings: SourceSettings,
  { runtime, logger, interrupt }: CommandContext,
): Promise<number> {
  const bounds = createBounds(settings.deadlineMs, runtime.clock, interrupt)
  try {
    const run = await obtainCredentials(settings.source, {
      runtime,
      bounds,
      logger,
      ...EARLY_WORD,
    })
    await tellObtained(run, runtime)
    return 0
  } finally {
    bounds.release()
  }
}

/** What a successful run tells its parent, once its Vault token is revoked. */
export async function tellObtained(
  { credentials, certificate, revoked }: Run,
  { stdout }: Pick<Runtime, 'stdout'>,
): Promise<void> {
  await revoked
  const { serialHex = '', requestId = '' } = certificate ?? {}
  const obtained: Obtained = { credentials, certificate: { serialHex, requestId } }
  stdout(JSON.stringify({ obtained }))
}

/** A cause without its text, which may quote what was sent. */
export interface SerializedCause {
  readonly name: string
  readonly code?: string | undefined
  /** HTTP status. */
  readonly status?: number | undefined
  readonly cause?: SerializedCause | undefined
}

/** @returns the exit code */
export function tellFailure(failure: IamRaError, { runtime, logger }: FailureContext): number {
  // A stack goes no further than this process.
  if (failure.code === 'INTERNAL') logger.error(failure)
  runtime.stdout(failureOutput(failure))
  return failure.exitCode
}

/** What a failed run tells its parent, which is who logs it. */
export function failureOutput(failure: IamRaError): string {
  const { code, stage, message, hint, retryable, retryAfterMs, problems, status } = failure
  const cause = serializedCause(failure.cause, 1)
  return JSON.stringify({
    failure: { code, stage, message, hint, retryable, retryAfterMs, problems, status, cause },
  })
}

/** As many as a log shows; a cause may lead back to itself. */
const MOST_CAUSES = 5

function serializedCause(error: unknown, count: number): SerializedCause | undefined {
  if (!(error instanceof Error) || count > MOST_CAUSES) return undefined
  const status = 'status' in error && typeof error.status === 'number' ? error.status : undefined
  return { name: error.name, code: codeOf(error), status, cause: serializedCause(error.cause, count + 1) }
}
