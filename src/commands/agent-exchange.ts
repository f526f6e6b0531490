/** agent-exchange: the command that agent starts for each session, in a process of its own; not meant for users. */
import { agentSettings } from '../settings/agent.ts'
import type { AgentSettings } from '../settings/settings.ts'
import type { Command } from './command.ts'

export const agentExchange = {
  name: 'agent-exchange',
  takes: ['exchange', 'agent', 'health'],
  // Its parent has told them.
  tellsWarnings: true,
  settings: agentSettings,
  run: async (settings, context) =>
    (await import('./agent-exchange/run.ts')).runAgentExchange(settings, context),
  fail: async (failure, context) => (await import('./obtain/run.ts')).tellFailure(failure, context),
} satisfies Command<AgentSettings>
