/** The ARN that an annotation means, as the policies of k8s/injection make it. */

export interface RoleArn {
  readonly arn: string
  readonly partition: string
  readonly account: string
  /** `/` or `/team/`. */
  readonly path: string
  readonly name: string
}

const ARN = /^arn:(aws[a-z-]*):iam::([0-9]{12}):role(\/(?:[!-#%-~]+\/)?)([A-Za-z0-9_+=,.@-]{1,64})$/

/** @param base such as `arn:aws:iam::111122223333:role/` @returns undefined if both together are no ARN of a role */
export function readRole(base: string, role: string): RoleArn | undefined {
  const arn = arnOf(base, role)
  const [, partition, account, path, name] = ARN.exec(arn) ?? []
  if (partition === undefined || account === undefined || path === undefined || name === undefined)
    return undefined
  return { arn, partition, account, path, name }
}

/** Of a role, or of a pattern of kube2iam's. */
export function arnOf(base: string, role: string): string {
  if (role.toLowerCase().startsWith('arn:')) return role
  // The base may end within a name.
  return `${base.replace(/:role$/, ':role/')}${role.replace(/^\//, '')}`
}
