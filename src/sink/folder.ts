/** The folder of the credentials file: made where it is missing, and made durable after a rename. */
import { constants, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import type { FileSystem } from '../run/runtime.ts'
import { attempt, errorNumber, refused } from './file-error.ts'

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** 0700, and x wherever the file grants r: who may read the file must be able to reach it. */
export function folderMode(fileMode: number): number {
  return 0o700 | ((fileMode & 0o444) >> 2)
}

/**
 * Makes the folder and those above it that are missing, with this mode whatever the umask; what exists keeps its own.
 * A symbolic link to a folder is one: volumes are often reached so.
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
      // Another writer made it meanwhile, or a link to nothing stands there, which stat then reports.
      if (errorNumber(error) === 'EEXIST' && (await fs.stat(folder)).isDirectory()) return
      throw error
    }
    const handle = await fs.open(folder, OPEN_FOLDER)
    try {
      // fsGroup works through the volume's setgid bit, which a new folder inherits and chmod would take away.
      const inherited = (await handle.stat()).mode & 0o2000
      await handle.chmod(mode | inherited)
    } finally {
      await handle.close()
    }
  })
}

/** Undefined where nothing is there. @throws IamRaError FILE where it is no folder or cannot be looked at */
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

/** Makes a rename in the folder last over a power failure, where its file system can. */
export async function syncFolder(folder: string, fs: FileSystem): Promise<void> {
  await attempt(`cannot sync the directory ${folder}`, async () => {
    let handle
    try {
      handle = await fs.open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
      await handle.sync()
    } catch (error) {
      // A folder that may be written and not read, or a file system that syncs no folders: the rename stands all the same.
      if (!['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(errorNumber(error) ?? ''))
        throw error
    } finally {
      await handle?.close()
    }
  })
}

/** What a call answers, or undefined where there is no such file. */
export async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (errorNumber(error) === 'ENOENT') return undefined
    throw error
  }
}
