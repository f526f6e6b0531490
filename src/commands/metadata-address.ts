/** metadata-address: adds 169.254.169.254 to the pod's own loopback interface, where serve then listens. */
import type { Command } from './command.ts'

export const metadataAddress = {
  name: 'metadata-address',
  help: {
    summary: "add 169.254.169.254 to the pod's loopback interface, for METADATA_ADDR of serve",
    details:
      'For an init container before serve, with runAsUser: 0 and the NET_ADMIN capability, and nothing else: it needs no Vault and no files. If the address is already there, it does nothing.',
    example: ['aws-iam-ra metadata-address'],
  },
  takes: ['termination-log'],
  getsNone: true,
  needsCompiler: true,
  settings: () => ({}),
  run: async (_settings, context) => (await import('./metadata-address/run.ts')).runMetadataAddress(context),
} satisfies Command
