/** Where credentials go. The one list of the sinks: each is a file, loaded where it is wanted. */
import type { SinkSettings, TokenFileSettings } from './settings.ts'
import type { Sink } from './sink.ts'

const SINKS = {
  'shared-files': async (settings: SinkSettings) => (await import('./shared-files.ts')).sharedFiles(settings),
  endpoint: async (settings: TokenFileSettings) => (await import('./served.ts')).served(settings),
  'credential-process': async (_settings: object) =>
    (await import('./credential-process.ts')).credentialProcess(),
} as const

type Kind = keyof typeof SINKS

/** The settings of a sink of this kind. */
export type SinkOf<K extends Kind> = { readonly kind: K } & Parameters<(typeof SINKS)[K]>[0]

export type ChosenSink = { [K in Kind]: SinkOf<K> }[Kind]

export function openSink(settings: ChosenSink): Promise<Sink> {
  // The entry of its own kind.
  return (SINKS[settings.kind] as (settings: ChosenSink) => Promise<Sink>)(settings)
}
