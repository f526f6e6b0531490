/** The one-shot, which is what the program does without a command's word. */
import type { Settings } from '../settings/settings.ts'
import { writingSettings } from '../settings/writing.ts'
import type { Command } from './command.ts'

export const once = {
  name: 'once',
  help: {
    summary: 'AWS credentials for a pod, from Vault and IAM Roles Anywhere',
    details:
      "Without a command: logs in to Vault with the pod's service account, has a certificate signed, exchanges it for session credentials, writes them to the credentials file and exits. In a pod that sets the required variables it needs no argument. Set CERTIFICATE_FILE to use a certificate issued elsewhere, or VAULT_AWS_PATH to use Vault's AWS secrets engine.",
    example: [
      'export VAULT_ADDR=https://vault.example:8200 VAULT_ROLE=app',
      'export VAULT_CERT_NAME=workload VAULT_CERT_CN=app.team.cluster',
      'export ROLE_ARN=arn:aws:iam::111122223333:role/app',
      'export ANCHOR_ARN_FILE=/etc/iam-ra/anchor-arn PROFILE_ARN_FILE=/etc/iam-ra/profile-arn',
      'aws-iam-ra check',
      'aws-iam-ra --aws-profile app',
    ],
  },
  takes: ['pod', 'exchange', 'files', 'start-spread', 'termination-log'],
  whenStopped: ', the credentials file is as it was',
  settings: writingSettings,
  run: async (settings, context) => (await import('./once/run.ts')).runOnce(settings, context),
} satisfies Command<Settings>
