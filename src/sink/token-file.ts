/** The sink of `serve`: credentials stay in memory, and the app gets a token for them in a file. */
import { replaceFile, type SinkContext } from './atomic-write.ts'
import { refused } from './file-error.ts'
import type { TokenFileSettings } from './settings.ts'
import type { Sink } from './sink.ts'

export function served({ tokenFile, tokenFileMode }: TokenFileSettings): Sink {
  return {
    // The endpoint takes them from the renewals.
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

/**
 * Exactly the token: most SDKs send the file as it is, and botocore refuses one that ends in a newline.
 * @param mode permission bits
 * @throws IamRaError stage sink, code FILE
 */
export async function writeTokenFile(
  path: string,
  mode: number,
  token: string,
  context: SinkContext,
): Promise<void> {
  const bytes = Buffer.from(token)
  const verify = (written: Buffer): Promise<void> => {
    if (written.equals(bytes)) return Promise.resolve()
    throw refused(
      `read-back of ${path} does not match what was written`,
      'make sure nothing else writes that file',
    )
  }
  await replaceFile(path, mode, () => bytes, verify, context)
}
