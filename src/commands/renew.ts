/** renew: fresh credentials in their place for as long as the pod lives. */
import type { RenewSettings } from '../settings/settings.ts'
import { writingSettings } from '../settings/writing.ts'
import { omitUndefined } from '../text/omit-undefined.ts'
import type { Command } from './command.ts'

export const renew = {
  name: 'renew',
  help: {
    summary: 'keep the credentials file fresh, for apps that re-read it',
    details: 'Runs until SIGTERM or SIGINT; a failed renewal does not stop it.',
    example: ['aws-iam-ra renew --aws-shared-credentials-file /aws/credentials --health-addr 0.0.0.0:9912'],
  },
  takes: ['pod', 'exchange', 'files', 'health', 'start-spread', 'termination-log'],
  longLived: true,
  settings(reader) {
    const settings = writingSettings(reader)
    const health = reader.take('HEALTH_ADDR')
    return settings && { ...settings, ...omitUndefined({ health }) }
  },
  run: async (settings, context) => (await import('./renew/run.ts')).runRenew(settings, context),
} satisfies Command<RenewSettings>
