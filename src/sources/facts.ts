/** How `check` shows values that several sources have. */
import type { SessionCredentials } from '../credentials.ts'
import type { Facts } from '../run/watch.ts'

export function credentialsFacts({ arn, roleArn, sessionName, expiresAtMs }: SessionCredentials): Facts {
  return {
    arn: arn ?? roleArn,
    session_name: sessionName,
    ends: moment(expiresAtMs),
  }
}

export function moment(epochMs: number | undefined): Date | undefined {
  return epochMs === undefined ? undefined : new Date(epochMs)
}
