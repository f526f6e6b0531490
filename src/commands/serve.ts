/** serve: fresh credentials in memory, for SDKs that ask for them on loopback. */
import { servingSettings } from '../settings/serving.ts'
import type { ServeSettings } from '../settings/settings.ts'
import type { Command } from './command.ts'

export const serve = {
  name: 'serve',
  help: {
    summary: 'serve credentials to SDKs on loopback and keep them fresh; writes only its token file',
    details:
      'Runs until SIGTERM or SIGINT; a failed renewal does not stop it. In the app, set AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:9911/v1/credentials and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE. If its SDK knows only the instance metadata service, set AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9911 instead.',
    example: ['aws-iam-ra serve --health-addr 0.0.0.0:9912'],
  },
  takes: ['pod', 'exchange', 'endpoint', 'health', 'start-spread', 'termination-log'],
  longLived: true,
  settings: servingSettings,
  run: async (settings, context) => (await import('./serve/run.ts')).runServe(settings, context),
} satisfies Command<ServeSettings>
