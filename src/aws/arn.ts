/** An ARN taken apart. */

/** An Amazon Resource Name, taken apart: `arn:partition:service:region:account:resource`. */
export interface Arn {
  readonly text: string
  readonly partition: string
  readonly service: string
  /** Empty for IAM. */
  readonly region: string
  readonly account: string
  readonly resource: string
}

/** Undefined for what has not six parts. The resource, which is last, may hold colons of its own. */
export function parseArn(text: string): Arn | undefined {
  const parts = /^arn:([^:]+):([^:]+):([^:]*):([^:]*):(.+)$/s.exec(text)
  if (parts === null) return undefined
  const [, partition = '', service = '', region = '', account = '', resource = ''] = parts
  return { text, partition, service, region, account, resource }
}
