/** The container endpoint's authorization token, in a file for the app. */
import { replaceFile, type SinkContext } from './atomic-write.ts'
import { refused } from './file-error.ts'

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
