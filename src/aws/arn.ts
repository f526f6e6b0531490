/** Parses ARNs. */

/** A parsed Amazon Resource Name: `arn:partition:service:region:account:resource`. */
export interface Arn {
  readonly text: string
  readonly partition: string
  readonly service: string
  /** Empty for IAM. */
  readonly region: string
  readonly account: string
  readonly resource: string
}

/** Undefined unless it has six parts. The last one, the resource, may itself contain colons. */
export function parseArn(text: string): Arn | undefined {
  const parts = /^arn:([^:]+):([^:]+):([^:]*):([^:]*):(.+)$/s.exec(text)
  if (parts === null) return undefined
  const [, partition = '', service = '', region = '', account = '', resource = ''] = parts
  return { text, partition, service, region, account, resource }
}
