/** What the operator of an emulated account may do: everything but what a test takes away. */
import type { Context } from './conditions.ts'

/** What IAM is asked. */
export interface Asked {
  /** Such as `iam:TagRole`; those too that have no call of their own, such as `iam:PassRole`. */
  readonly action: string
  /** Its ARN. */
  readonly resource: string
  readonly context: Context
}

export interface Permissions {
  /** Actions. */
  readonly refused: Set<string>
  /** What the operator's policies allow. Default everything. */
  may?: ((asked: Asked) => boolean) | undefined
}

export function createPermissions(): Permissions {
  return { refused: new Set() }
}

export function isRefused({ refused, may }: Permissions, asked: Asked): boolean {
  return refused.has(asked.action) || may?.(asked) === false
}

/** What a request to tag brings. */
export function tagContext(tags: readonly (readonly [key: string, value: string])[]): Context {
  const requested = tags.map(([key, value]) => [`aws:RequestTag/${key}`, value])
  return { ...Object.fromEntries(requested), 'aws:TagKeys': tags.map(([key]) => key) } as Context
}

/** IAM User Guide, "Troubleshoot access denied error messages". */
export function refusalText(callerArn: string, action: string, resource: string): string {
  return `User: ${callerArn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`
}
