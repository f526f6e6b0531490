/** The one list of sinks: each is a file, loaded on demand. */
import type { SinkSettings, TokenFileSettings } from './settings.ts'
import type { Sink } from './sink.ts'

const SINKS = {
  'shared-files': async (settings: SinkSettings) => (await import('./shared-files.ts')).sharedFiles(settings),
  endpoint: async (settings: TokenFileSettings) => (await import('./token-file.ts')).served(settings),
  'credential-process': async (_settings: object) =>
    (await import('./credential-process.ts')).credentialProcess(),
} as const

type Kind = keyof typeof SINKS

/** A sink's settings, of any kind or of these kinds. */
export type SinkOf<K extends Kind = Kind> = K extends Kind
  ? { readonly kind: K } & Parameters<(typeof SINKS)[K]>[0]
  : never

export function openSink(settings: SinkOf): Promise<Sink> {
  // The entry for its own kind.
  return (SINKS[settings.kind] as (settings: SinkOf) => Promise<Sink>)(settings)
}
