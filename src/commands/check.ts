/** check: the whole way of the command that the pod runs, with what was sent and found at each step. */
import { servingSettings } from '../settings/serving.ts'
import type { CheckSettings } from '../settings/settings.ts'
import { writingSettings } from '../settings/writing.ts'
import type { Command } from './command.ts'

export const check = {
  name: 'check',
  help: {
    summary: 'dry run: perform every step, report what each sent and got, write nothing',
    details:
      'Checks the token file instead of the credentials file if AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is set and AWS_SHARED_CREDENTIALS_FILE is not, as in a pod that runs serve.',
    example: ['aws-iam-ra check --json'],
  },
  // In an app's container the termination log is the app's.
  takes: ['pod', 'exchange', 'files', 'endpoint', 'health', 'start-spread'],
  json: true,
  dryRun: true,
  tellsWarnings: true,
  settings(reader) {
    const isServing =
      reader.isSet('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE') && !reader.isSet('AWS_SHARED_CREDENTIALS_FILE')
    const settings = isServing ? servingSettings(reader) : writingSettings(reader)
    if (settings === undefined) return undefined
    const { source, deadlineMs } = settings
    const sink = 'sink' in settings ? settings.sink : ({ kind: 'endpoint', ...settings.endpoint } as const)
    return { source, deadlineMs, sink, given: reader.given() }
  },
  run: async (settings, context) => (await import('./check/run.ts')).runCheck(settings, context),
  async fail(failure, context) {
    if (failure.stage !== 'settings') return undefined
    return (await import('./check/run.ts')).reportSettings(failure, context)
  },
} satisfies Command<CheckSettings>
