/** The ARN of an STS session: `arn:partition:sts::account:assumed-role/role/session`. */
import type { Arn } from './arn.ts'

export interface AssumedRole {
  readonly arn: string
  /** Everything except the session. */
  readonly role: string
  readonly sessionName: string
}

const SHAPE = /^(arn:[\w-]+:sts::\d{12}:assumed-role\/[\w+=,.@-]+)\/([\w+=,.@-]+)$/

export function parseAssumedRole(value: unknown): AssumedRole | undefined {
  const [arn, role, sessionName] = (typeof value === 'string' && SHAPE.exec(value)) || []
  return arn === undefined || role === undefined || sessionName === undefined
    ? undefined
    : { arn, role, sessionName }
}

/** STS drops the role's path from the ARN. */
export function isSessionOf({ role }: AssumedRole, { partition, account, resource }: Arn): boolean {
  return role === `arn:${partition}:sts::${account}:assumed-role/${resource.split('/').at(-1) ?? ''}`
}
