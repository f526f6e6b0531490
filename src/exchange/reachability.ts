/** Whether Roles Anywhere can be reached at all, for a run that has no certificate to present. */
import { ATTEMPT_MS } from '../run/retry.ts'
import type { Bounds } from '../run/deadline.ts'
import type { Runtime } from '../run/runtime.ts'
import type { ExchangeSettings } from './settings.ts'
import { VERSION } from '../version.ts'
import { connect, connectionFailure, rolesAnywhere } from '../aws/connection.ts'

/**
 * One unsigned request: any answer means that DNS, route, proxy and TLS work.
 * @returns the answer's status
 * @throws IamRaError of stage exchange
 */
export async function reachRolesAnywhere(
  settings: ExchangeSettings,
  { runtime, bounds }: { readonly runtime: Pick<Runtime, 'fs' | 'http'>; readonly bounds: Bounds },
): Promise<number> {
  const http = await connect(settings, runtime)
  try {
    const { status } = await http.request({
      method: 'GET',
      url: new URL('/', settings.endpoint),
      headers: { 'user-agent': `aws-iam-ra/${VERSION}` },
      timeoutMs: Math.min(ATTEMPT_MS, Math.max(1, bounds.remainingMs())),
      signal: bounds.signal,
    })
    return status
  } catch (error) {
    throw connectionFailure(rolesAnywhere(settings), error)
  } finally {
    http.close()
  }
}
