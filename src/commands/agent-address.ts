/** agent-address: adds the addresses that SDKs accept for an agent to the node's loopback interface, or removes them. */
import type { Command } from './command.ts'

export const agentAddress = {
  name: 'agent-address',
  help: {
    summary: "add 169.254.170.23 and fd00:ec2::23 to the node's loopback interface, for agent",
    details:
      'For an init container before agent, with hostNetwork: true, runAsUser: 0 and the NET_ADMIN capability, and nothing else: it needs no Vault and no files. Addresses that are already there are left alone, and a node without IPv6 gets the first alone. With --remove it removes them again.',
    example: ['aws-iam-ra agent-address'],
  },
  takes: ['termination-log'],
  getsNone: true,
  removes: true,
  needsCompiler: true,
  settings: () => ({}),
  run: async (_settings, context) => (await import('./agent-address/run.ts')).runAgentAddress(context),
} satisfies Command
