/** What is asked of Vault's AWS secrets engine. */
import type { Arn } from '../aws/arn.ts'
import type { AwsConnection } from '../aws/connection.ts'

/** Credentials from Vault's AWS secrets engine, instead of a certificate and Roles Anywhere. */
export interface VaultAwsSettings {
  /** Below /v1 and not encoded: the mount, `creds` or `sts`, and the role, for example `aws/creds/readonly`. */
  readonly path: string
  /** For a Vault role that lists more than one. */
  readonly roleArn?: Arn
  readonly durationSeconds?: number
  readonly sessionName?: string
  /** The STS whose GetCallerIdentity says whether AWS recognizes new keys yet. */
  readonly sts: AwsConnection
}
