/**
 * The child's side of a run that serve and renew make in a process of its own: credentials or the failure, as JSON to the
 * parent. The X.509 library and what a run leaves behind then take no memory between runs, and an RSA key holds up nobody.
 */
import { createBounds } from '../bounds.ts'
import type { IamRaError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { obtainCredentials } from '../pipeline.ts'
import type { Runtime } from '../runtime.ts'
import type { SourceSettings } from '../run-settings.ts'
import type { Obtained } from '../types.ts'

/** @throws IamRaError */
export async function runObtain(
  settings: SourceSettings,
  runtime: Runtime,
  logger: Logger,
  interrupt: AbortSignal,
): Promise<void> {
  const bounds = createBounds(settings.deadlineMs, runtime.clock, interrupt)
  try {
    const { credentials, certificate, revoked } = await obtainCredentials(settings.source, {
      runtime,
      bounds,
      logger,
    })
    await revoked
    const { serialHex = '', requestId = '' } = certificate ?? {}
    const obtained: Obtained = { credentials, certificate: { serialHex, requestId } }
    runtime.stdout(JSON.stringify({ obtained }))
  } finally {
    bounds.release()
  }
}

/** What a failed run tells its parent, which is who logs it. */
export function failureOutput(failure: IamRaError): string {
  const { code, stage, message, hint, retryable, retryAfterMs, problems, status } = failure
  return JSON.stringify({
    failure: { code, stage, message, hint, retryable, retryAfterMs, problems, status },
  })
}
