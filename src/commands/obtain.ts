/** obtain: the command that serve and renew start for each run, in a process of its own; not meant for users. */
import { sourceSettings } from '../settings/credentials-source.ts'
import type { SourceSettings } from '../settings/settings.ts'
import type { Command } from './command.ts'

export const obtain = {
  name: 'obtain',
  takes: ['pod', 'exchange'],
  // Its parent has told them.
  tellsWarnings: true,
  settings: sourceSettings,
  run: async (settings, context) => (await import('./obtain/run.ts')).runObtain(settings, context),
  fail: async (failure, context) => (await import('./obtain/run.ts')).tellFailure(failure, context),
} satisfies Command<SourceSettings>
