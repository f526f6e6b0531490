/** What a certificate is exchanged by. */
import type { Arn } from '../aws/arn.ts'
import type { AwsConnection } from '../aws/connection.ts'

export interface ExchangeSettings extends AwsConnection {
  readonly roleArn: Arn
  readonly anchorArn: Arn
  readonly profileArn: Arn
  /** 900–43200. Absent: the profile's own. */
  readonly durationSeconds?: number
  /** Absent: AWS uses the certificate's serial. */
  readonly sessionName?: string
}
