/** The credentials file's directory: created if missing, and made durable after a rename. */
import { constants, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import type { FileSystem } from '../run/runtime.ts'
import { attempt, errorNumber, refused } from './file-error.ts'

const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** 0700, plus x for every r that the file grants: a user who may read the file must be able to reach it. */
export function directoryMode(fileMode: number): number {
  return 0o700 | ((fileMode & 0o444) >> 2)
}

/**
 * Creates the directory and any missing parents with this mode, whatever the umask; existing ones keep theirs. A
 * symbolic link to a directory counts as one: volumes are often reached that way.
 * @throws IamRaError FILE
 */
export async function ensureDirectory(directory: string, mode: number, fs: FileSystem): Promise<void> {
  if ((await existingDirectory(directory, fs)) !== undefined) return
  const parent = dirname(directory)
  if (parent !== directory) await ensureDirectory(parent, mode, fs)
  await attempt(`cannot create the directory ${directory}`, async () => {
    try {
      await fs.mkdir(directory, { mode })
    } catch (error) {
      // Another writer created it meanwhile, or there is a dangling link, which stat then reports.
      if (errorNumber(error) === 'EEXIST' && (await fs.stat(directory)).isDirectory()) return
      throw error
    }
    const handle = await fs.open(directory, OPEN_DIRECTORY)
    try {
      // fsGroup works through the volume's setgid bit, which a new directory inherits and chmod would clear.
      const inherited = (await handle.stat()).mode & 0o2000
      await handle.chmod(mode | inherited)
    } finally {
      await handle.close()
    }
  })
}

/** Undefined if nothing is there. @throws IamRaError FILE if it is not a directory or cannot be examined */
export async function existingDirectory(
  directory: string,
  fs: Pick<FileSystem, 'stat'>,
): Promise<Stats | undefined> {
  const action = `cannot use the directory ${directory}`
  const existing = await attempt(action, () => unlessMissing(fs.stat(directory)))
  if (existing === undefined || existing.isDirectory()) return existing
  throw refused(
    `${action}: it is not a directory`,
    'mount a volume at that path, or choose another directory',
  )
}

/** Makes a rename in the directory survive a power failure, if its file system can. */
export async function syncDirectory(directory: string, fs: FileSystem): Promise<void> {
  await attempt(`cannot sync the directory ${directory}`, async () => {
    let handle
    try {
      handle = await fs.open(directory, constants.O_RDONLY | constants.O_DIRECTORY)
      await handle.sync()
    } catch (error) {
      // The directory may be writable but not readable, or its file system cannot sync directories: the rename is done
      // all the same.
      if (!['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(errorNumber(error) ?? ''))
        throw error
    } finally {
      await handle?.close()
    }
  })
}

/** The result of a call, or undefined if there is no such file. */
export async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (errorNumber(error) === 'ENOENT') return undefined
    throw error
  }
}
