/** What the operator of an emulated account may do: everything but what a test takes away. */

export interface Permissions {
  /** Actions such as `iam:TagRole`; those too that have no call of their own, such as `iam:PassRole`. */
  readonly refused: Set<string>
  /** What iam:PassRole is granted for. Default every role. */
  mayPass: (roleArn: string) => boolean
}

export function createPermissions(): Permissions {
  return { refused: new Set(), mayPass: () => true }
}

/** IAM User Guide, "Troubleshoot access denied error messages". */
export function refusalText(callerArn: string, action: string, resource: string): string {
  return `User: ${callerArn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`
}
