/** Files that the operator names. */
import { codeOf } from '../../src/errors.ts'
import { SetupError } from './error.ts'

export interface InputFiles {
  readFile(path: string): Promise<string>
}

/** What the system's codes mean to whoever named the file. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'its permissions do not allow it',
  EPERM: 'its permissions do not allow it',
  EROFS: 'its file system is read-only',
  ENOSPC: 'its file system is full',
}

export function reasonOf(error: unknown): string {
  const code = codeOf(error) ?? 'no reason given'
  return REASONS[code] ?? code
}

/** @param what as the error says it */
export async function readText(
  files: InputFiles,
  path: string,
  what: string,
  hint = `check the path and the permissions of ${what}`,
): Promise<string> {
  try {
    return await files.readFile(path)
  } catch (cause) {
    throw new SetupError(`${what}, ${path}, cannot be read: ${reasonOf(cause)}`, {
      cause,
      hint,
      usage: true,
    })
  }
}

export async function readPem(files: InputFiles, path: string, what: string, hint: string): Promise<string> {
  const text = await readText(files, path, what, hint)
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new SetupError(`${what}, ${path}, holds no PEM certificate`, {
    hint: 'it must hold -----BEGIN CERTIFICATE-----; openssl x509 -inform der makes it of a binary one',
    usage: true,
  })
}
