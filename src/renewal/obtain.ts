/** Gets the next credentials: those of a lease that Vault renews, or new ones. */
import type { Lease, Obtained } from '../credentials.ts'
import { asIamRaError, type IamRaError } from '../errors.ts'
import type { Bounds } from '../run/deadline.ts'
import type { Logger } from '../run/log.ts'

/** @throws IamRaError, the lease's only if no time is left for new keys */
export async function renewOrObtain(
  lease: Lease | undefined,
  obtainNew: (bounds: Bounds) => Promise<Obtained>,
  bounds: Bounds,
  logger: Pick<Logger, 'warn'>,
): Promise<Obtained> {
  if (lease === undefined) return await obtainNew(bounds)
  let refusal: IamRaError | undefined
  try {
    const credentials = await lease.renew(bounds)
    if (credentials !== undefined) return { credentials, lease }
  } catch (error) {
    refusal = asIamRaError(error)
    // No time is left for a login.
    if (bounds.signal.aborted || refusal.code === 'DEADLINE') throw error
  }
  const obtained = await obtainNew(bounds)
  if (refusal !== undefined) {
    const { message, stage, code, hint } = refusal
    logger.warn(`the lease was not renewed, so new keys were created: ${message}`, { stage, code, hint })
  }
  return obtained
}
