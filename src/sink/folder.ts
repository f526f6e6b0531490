/** The credentials file's directory: created if missing, and made durable after a rename. */
import { constants, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import type { FileSystem } from '../run/runtime.ts'
import { attempt, errorNumber, refused } from './file-error.ts'

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** 0700, plus x for every r that the file grants: a user who may read the file must be able to reach it. */
export function folderMode(fileMode: number): number {
  return 0o700 | ((fileMode & 0o444) >> 2)
}

/**
 * Creates the directory and any missing parents with this mode, whatever the umask; existing ones keep theirs. A
 * symbolic link to a directory counts as one: volumes are often reached that way.
 * @throws IamRaError FILE
 */
export async function ensureFolder(folder: string, mode: number, fs: FileSystem): Promise<void> {
  if ((await existingFolder(folder, fs)) !== undefined) return
  const parent = dirname(folder)
  if (parent !== folder) await ensureFolder(parent, mode, fs)
  await attempt(`cannot create the directory ${folder}`, async () => {
    try {
      await fs.mkdir(folder, { mode })
    } catch (error) {
      // Another writer created it meanwhile, or there is a dangling link, which stat then reports.
      if (errorNumber(error) === 'EEXIST' && (await fs.stat(folder)).isDirectory()) return
      throw error
    }
    const handle = await fs.open(folder, OPEN_FOLDER)
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
export async function existingFolder(
  folder: string,
  fs: Pick<FileSystem, 'stat'>,
): Promise<Stats | undefined> {
  const action = `cannot use the directory ${folder}`
  const existing = await attempt(action, () => unlessMissing(fs.stat(folder)))
  if (existing === undefined || existing.isDirectory()) return existing
  throw refused(
    `${action}: it is not a directory`,
    'mount a volume at that path, or choose another directory',
  )
}

/** Makes a rename in the directory survive a power failure, if its file system can. */
export async function syncFolder(folder: string, fs: FileSystem): Promise<void> {
  await attempt(`cannot sync the directory ${folder}`, async () => {
    let handle
    try {
      handle = await fs.open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
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
