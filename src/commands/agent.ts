/** agent: credentials for all pods of a node, one session for each service account and role. */
import { agentSettings } from '../settings/agent.ts'
import type { AgentSettings } from '../settings/settings.ts'
import type { Command } from './command.ts'

export const agent = {
  name: 'agent',
  help: {
    summary: 'serve credentials to the pods of a node, each with its own token',
    details:
      'Runs until SIGTERM or SIGINT, with no identity of its own: it logs in to Vault with the token that a pod sends, and gives pods of the same service account the same session. SIGHUP drops all sessions. In the pod, set AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23:9911/v1/credentials?role=ARN and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE to the file of a projected token with AGENT_AUDIENCE. The query may also have profile, anchor, duration and session.',
    example: ['aws-iam-ra agent --agent-cluster demo --agent-node node-1 --agent-pod-ranges 10.244.0.0/16'],
  },
  takes: ['exchange', 'agent', 'health', 'termination-log'],
  longLived: true,
  settings: agentSettings,
  run: async (settings, context) => (await import('./agent/run.ts')).runAgent(settings, context),
} satisfies Command<AgentSettings>
