/** The sink of a command that serves: credentials stay in memory, and the app finds a token for them in a file. */
import type { TokenFileSettings } from './settings.ts'
import type { Sink } from './sink.ts'

export function served({ tokenFile, tokenFileMode }: TokenFileSettings): Sink {
  return {
    // What serves them takes them from the renewals.
    store: () => Promise.resolve(),
    preview: () => [
      {
        step: {
          name: 'authorization_token_file',
          title: "app's token file",
          stage: 'sink',
          how: 'reads',
          sent: { file: tokenFile },
        },
        work: async (step) => {
          const { notePreview, previewTokenFile } = await import('./preview.ts')
          const { runtime, logger } = step
          notePreview(await previewTokenFile(tokenFile, tokenFileMode, { fs: runtime.fs, logger }), step)
        },
      },
    ],
    describe: () => 'serving credentials',
  }
}
