/** What is said of credentials that a run brought: the words that CloudTrail and Vault's audit log have for them. */
import type { LogFields } from '../run/log.ts'
import type { Obtained } from '../credentials.ts'

export function resultFields({ credentials, certificate }: Obtained): LogFields {
  const { roleArn, arn, sessionName, expiresAtMs } = credentials
  return {
    role: roleArn,
    // Of an IAM user, say; a role's session is in the other two.
    arn: roleArn === undefined ? arn : undefined,
    session: sessionName,
    serial: certificate?.serialHex,
    expires: new Date(expiresAtMs).toISOString(),
    // Empty where nobody asked Vault for the certificate.
    vault_request_id: certificate?.requestId === '' ? undefined : certificate?.requestId,
  }
}
