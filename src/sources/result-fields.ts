/** The log fields of a run's credentials, named as in CloudTrail and Vault's audit log. */
import type { LogFields } from '../run/log.ts'
import type { Obtained } from '../credentials.ts'

export function resultFields({ credentials, certificate }: Obtained): LogFields {
  const { roleArn, arn, sessionName, expiresAtMs } = credentials
  return {
    role: roleArn,
    // For an IAM user, say; a role's session is in the other two fields.
    arn: roleArn === undefined ? arn : undefined,
    session: sessionName,
    serial: certificate?.serialHex,
    expires: new Date(expiresAtMs).toISOString(),
    // Empty if Vault did not sign the certificate.
    vault_request_id: certificate?.requestId === '' ? undefined : certificate?.requestId,
  }
}
