/** Files that others mount for us. A device or a pipe at such a path must not hold the run beyond its deadline. */
import { IamRaError, type Stage } from './errors.ts'
import type { Runtime } from './runtime.ts'

/** A CA bundle with every public root has a quarter of this. */
const MAX_BYTES = 1024 * 1024

/**
 * @param setting the variable that names the file
 * @throws IamRaError INPUT_FILE where it cannot be read or holds no certificate
 */
export async function readPemFile(
  fs: Pick<Runtime['fs'], 'stat' | 'readFile'>,
  path: string,
  setting: string,
  { stage, hint }: { readonly stage: Stage; readonly hint: string },
): Promise<string> {
  const fail = (what: string, cause?: unknown): IamRaError =>
    new IamRaError('INPUT_FILE', stage, `${setting} ${path} ${what}`, { cause, hint })
  let pem: string
  try {
    pem = await readInputFile(fs, path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw fail(`cannot be read (${code})`, error)
  }
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw fail('holds no PEM certificate')
  return pem
}

/** @throws Error with a `code`: the system's, or words of ours for what is no regular file or larger than 1 MiB */
export async function readInputFile(
  fs: Pick<Runtime['fs'], 'stat' | 'readFile'>,
  path: string,
): Promise<string> {
  const status = await fs.stat(path)
  if (!status.isFile()) throw new InputFileError('not a file')
  if (status.size > MAX_BYTES) throw new InputFileError('larger than 1 MiB')
  return await fs.readFile(path, 'utf8')
}

class InputFileError extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}
