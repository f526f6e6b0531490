/** Files that others mount for us. A device or a pipe at such a path must not hold the run beyond its deadline. */
import { codeOf, IamRaError, type Stage } from './errors.ts'
import type { Runtime } from './runtime.ts'

/** A CA bundle with every public root has a quarter of this. */
const MAX_BYTES = 1024 * 1024

export type PemFile = { readonly pem: string } | { readonly fault: string; readonly cause?: unknown }

/** What a file of certificates holds, or in words that follow its path why it is none. */
export async function lookAtPemFile(
  fs: Pick<Runtime['fs'], 'stat' | 'readFile'>,
  path: string,
): Promise<PemFile> {
  try {
    const pem = await readInputFile(fs, path)
    return pem.includes('-----BEGIN CERTIFICATE-----') ? { pem } : { fault: 'holds no PEM certificate' }
  } catch (cause) {
    return { fault: `cannot be read (${codeOf(cause) ?? 'unreadable'})`, cause }
  }
}

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
  const file = await lookAtPemFile(fs, path)
  if ('pem' in file) return file.pem
  throw new IamRaError('INPUT_FILE', stage, `${setting} ${path} ${file.fault}`, { cause: file.cause, hint })
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
