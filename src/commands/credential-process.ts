/** credential-process: credentials for the SDK that started us, as JSON on stdout. */
import { sourceSettings } from '../settings/credentials-source.ts'
import type { SourceSettings } from '../settings/settings.ts'
import type { Command } from './command.ts'

export const credentialProcess = {
  name: 'credential-process',
  help: {
    summary: 'print credentials as JSON for credential_process in an AWS config file',
    details: 'Writes nothing. In ~/.aws/config, below the header of a profile: credential_process = COMMAND.',
    example: ['aws-iam-ra credential-process --session-duration 3600'],
  },
  // In an app's container the termination log is the app's.
  takes: ['pod', 'exchange'],
  tellsWarnings: true,
  settings: sourceSettings,
  run: async (settings, context) =>
    (await import('./credential-process/run.ts')).runCredentialProcess(settings, context),
} satisfies Command<SourceSettings>
