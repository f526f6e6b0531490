/** wait: asks an endpoint until it has credentials, so that the app starts with them. */
import type { WaitSettings } from '../settings/settings.ts'
import { waitSettings } from '../settings/waiting.ts'
import type { Command } from './command.ts'

export const wait = {
  name: 'wait',
  help: {
    summary: 'wait until agent or serve has credentials for this pod, for an init container',
    details:
      'Asks as an SDK does, with the same variables as the app, and prints no credentials. Fails if there are none within DEADLINE.',
    example: ['aws-iam-ra wait --aws-container-credentials-full-uri http://127.0.0.1:9911/v1/credentials'],
  },
  takes: ['wait', 'termination-log'],
  settings: waitSettings,
  run: async (settings, context) => (await import('./wait/run.ts')).runWait(settings, context),
} satisfies Command<WaitSettings>
