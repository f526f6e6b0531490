/** The sink that SDKs read directly: the shared credentials file, and the region in the config file. */
import type { Look } from '../run/watch.ts'
import { writeCredentials } from './credentials-file.ts'
import type { SinkSettings } from './settings.ts'
import type { Sink } from './sink.ts'

export function sharedFiles(settings: SinkSettings): Sink {
  const { credentialsFile, profile, regionFile } = settings
  const previewOf = (kind: 'config' | 'credentials', file: string): Look => ({
    step: {
      name: `${kind}_file`,
      title: `${kind} file`,
      stage: 'sink',
      how: 'reads',
      sent: { file, profile },
    },
    work: async (step) => {
      const { notePreview, previewFile } = await import('./preview.ts')
      const { runtime, logger } = step
      notePreview(await previewFile(kind, settings, { fs: runtime.fs, logger }), step)
    },
  })
  const credentials = previewOf('credentials', credentialsFile)
  return {
    store: (obtained, watch) =>
      watch.step(credentials.step, ({ runtime, bounds, logger }) =>
        writeCredentials(obtained, settings, { ...runtime, signal: bounds.signal, logger }),
      ),
    preview: () =>
      regionFile === undefined ? [credentials] : [previewOf('config', regionFile.path), credentials],
    describe: () => `credentials written to ${credentialsFile}, profile ${profile}`,
  }
}
