/** Reads mounted files. A device or a pipe at such a path must not hold up the run beyond its deadline. */
import { constants, type Stats } from 'node:fs'

/** A CA bundle with every public root is a quarter of this. */
const MAX_BYTES = 1024 * 1024
const SMALLEST_READ = 4095
// Without O_NONBLOCK a pipe put in the file's place would keep us waiting.
const READ = constants.O_RDONLY | constants.O_NONBLOCK

/** As much of a file system as reading takes; that of `node:fs/promises` is one. */
export interface InputFiles {
  stat(path: string): Promise<Pick<Stats, 'isFile'>>
  open(path: string, flags: number): Promise<InputHandle>
}

interface InputHandle {
  stat(): Promise<Pick<Stats, 'isFile' | 'size'>>
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: null,
  ): Promise<{ readonly bytesRead: number }>
  close(): Promise<void>
}

/** The error code for anything but a regular file. */
export const NOT_A_FILE = 'not a file'

/** @throws Error with a `code`: the system's, or our own words if it is not a regular file or is larger than 1 MiB */
export async function readInputFile(
  fs: InputFiles,
  path: string,
  encoding: 'utf8' | 'latin1' = 'utf8',
): Promise<string> {
  const bytes = await readBoundedFile(fs, path, MAX_BYTES)
  if (bytes === undefined) throw new InputFileError('larger than 1 MiB')
  return bytes.toString(encoding)
}

/**
 * The file's bytes, or undefined if it is larger than `maxBytes`.
 * @throws Error with a `code`: the system's, or NOT_A_FILE
 */
export async function readBoundedFile(
  fs: InputFiles,
  path: string,
  maxBytes: number,
): Promise<Buffer | undefined> {
  // Checked before opening, since opening a device may have side effects.
  if (!(await fs.stat(path)).isFile()) throw new InputFileError(NOT_A_FILE)
  const handle = await fs.open(path, READ)
  try {
    // Something else may have been put in its place since.
    const status = await handle.stat()
    if (!status.isFile()) throw new InputFileError(NOT_A_FILE)
    return await readBounded(handle, status.size, maxBytes)
  } finally {
    await handle.close()
  }
}

/**
 * The content of an open file, or undefined if it is larger than `maxBytes`.
 * @param size according to the descriptor; the file may grow meanwhile, and files in /proc claim to be empty
 */
export async function readBounded(
  handle: Pick<InputHandle, 'read'>,
  size: number,
  maxBytes: number,
): Promise<Buffer | undefined> {
  if (size > maxBytes) return undefined
  let buffer = Buffer.alloc(Math.max(size, SMALLEST_READ) + 1)
  let filled = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, null)
    if (bytesRead === 0) return buffer.subarray(0, filled)
    filled += bytesRead
    if (filled > maxBytes) return undefined
    if (filled === buffer.length) buffer = Buffer.concat([buffer], Math.min(2 * buffer.length, maxBytes + 1))
  }
}

class InputFileError extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}
