/** Files that the operator names. */
import { codeOf } from '../../src/errors.ts'
import { SetupError } from './error.ts'

export interface InputFiles {
  readFile(path: string): Promise<string>
}

/** @param what as the error says it */
export async function readText(
  files: InputFiles,
  path: string,
  what: string,
  hint?: string,
): Promise<string> {
  try {
    return await files.readFile(path)
  } catch (cause) {
    throw new SetupError(`${what}, ${path}, cannot be read (${codeOf(cause) ?? 'no reason given'})`, {
      cause,
      usage: true,
      ...(hint === undefined ? {} : { hint }),
    })
  }
}

export async function readPem(files: InputFiles, path: string, what: string): Promise<string> {
  const text = await readText(files, path, what)
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new SetupError(`${what}, ${path}, holds no PEM certificate`, {
    hint: 'it must hold -----BEGIN CERTIFICATE-----; openssl x509 -inform der makes it of a binary one',
    usage: true,
  })
}
