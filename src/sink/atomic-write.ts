/**
 * Replaces a file as a whole: a draft next to it, synced, then renamed over it. The draft always has the same name and
 * is created exclusively, which makes it the lock for all writers: each one reads, edits and replaces while it holds
 * it.
 */
import { constants, type Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { IamRaError } from '../errors.ts'
import { readBounded } from '../run/input-file.ts'
import type { Logger } from '../run/log.ts'
import type { Runtime } from '../run/runtime.ts'
import { attempt, errorNumber, refused } from './file-error.ts'
import { ensureDirectory, directoryMode, syncDirectory, unlessMissing } from './directory.ts'

export interface SinkContext extends Pick<Runtime, 'fs' | 'clock' | 'random'> {
  readonly signal: AbortSignal
  readonly logger: Pick<Logger, 'warn' | 'step'>
}

interface Draft {
  readonly path: string
  readonly handle: FileHandle
  readonly identity: Stats
}

const MAX_BYTES = 1024 * 1024
/** A writer holds its draft for milliseconds; one this old, by either clock, was left by a killed writer. */
const LEFTOVER_AFTER_MS = 5000
const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
// Without O_NONBLOCK a pipe put in the file's place would keep us waiting.
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const DIRECTORY_HINT =
  'mount a directory (an emptyDir) that holds the file, not the file itself, and remove what is there now'

/**
 * @param mode permission bits, set from the first byte on, whatever the umask
 * @param edit makes the new bytes from the old ones; undefined if there is no file yet
 * @param verify gets the bytes read back from the file in place, and throws if they are not right
 * @throws IamRaError stage sink, code FILE, or the signal's reason; the old file is then untouched and no draft is
 * left, unless the failure came after the rename
 */
export async function replaceFile(
  path: string,
  mode: number,
  edit: (current: Buffer | undefined) => Buffer,
  verify: (written: Buffer) => Promise<void>,
  context: SinkContext,
): Promise<void> {
  const { fs, signal } = context
  signal.throwIfAborted()
  await ensureDirectory(dirname(path), directoryMode(mode), fs)
  const draft = await claimDraft(path, mode, context)
  let inPlace = false
  try {
    const next = edit(await readCurrent(path, context))
    checkSize(path, next)
    await attempt(`cannot write ${path}`, async () => {
      await draft.handle.writeFile(next)
      await draft.handle.sync()
    })
    signal.throwIfAborted()
    await attempt(`cannot replace ${path}`, async () => {
      if (!isSame(await unlessMissing(fs.lstat(draft.path)), draft.identity)) {
        throw refused(
          `cannot replace ${path}: another process removed ${draft.path} during the write`,
          'run again, and make sure nothing else writes to that directory',
        )
      }
      await fs.rename(draft.path, path)
    })
    inPlace = true
    await syncDirectory(dirname(path), fs)
    await verify(await readBack(path, draft, next.length, context))
  } finally {
    if (!inPlace) await discard(draft, context)
    // Everything to be saved is synced by now, so closing has nothing to add.
    await draft.handle.close().catch(() => undefined)
  }
}

export function draftPathOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.aws-iam-ra`)
}

/** Creates the draft, waiting until another writer's is gone. */
async function claimDraft(path: string, mode: number, context: SinkContext): Promise<Draft> {
  const { fs, clock, random, signal, logger } = context
  const draftPath = draftPathOf(path)
  const open = async (): Promise<FileHandle | undefined> => {
    try {
      return await fs.open(draftPath, CREATE, mode & 0o600)
    } catch (error) {
      if (errorNumber(error) === 'EEXIST') return undefined
      throw error
    }
  }
  let waiting = false
  try {
    for (;;) {
      signal.throwIfAborted()
      const handle = await attempt(`cannot write ${path}`, open)
      if (handle !== undefined) return await prepared(handle, draftPath, path, mode, context)
      if (await removeLeftover(draftPath, context)) continue
      if (!waiting) logger.step(`waiting for the writer that holds ${draftPath}`)
      waiting = true
      await clock.sleep(25 + 50 * random(), signal)
    }
  } catch (error) {
    throw waiting && error instanceof IamRaError && error.code === 'DEADLINE'
      ? heldUp(path, draftPath, error)
      : error
  }
}

function heldUp(path: string, draftPath: string, deadline: IamRaError): IamRaError {
  return new IamRaError(
    'DEADLINE',
    'sink',
    `cannot write ${path}: ${deadline.message} while another writer held ${draftPath}`,
    {
      cause: deadline,
      hint: `find out which other container writes ${path}; if none does, that file is a leftover: remove it, or raise DEADLINE above ${LEFTOVER_AFTER_MS / 1000} s`,
    },
  )
}

async function prepared(
  handle: FileHandle,
  draftPath: string,
  path: string,
  mode: number,
  context: SinkContext,
): Promise<Draft> {
  let draft: Draft | undefined
  try {
    return await attempt(`cannot write ${path}`, async () => {
      draft = { path: draftPath, handle, identity: await handle.stat() }
      await handle.chmod(mode)
      return draft
    })
  } catch (error) {
    if (draft !== undefined) await discard(draft, context)
    else await context.fs.unlink(draftPath).catch(() => undefined)
    await handle.close().catch(() => undefined)
    throw error
  }
}

/** True if the draft in the way is gone. Another clock may have dated it, so a date too far ahead counts as well. */
async function removeLeftover(draftPath: string, context: SinkContext): Promise<boolean> {
  const { fs, clock, logger } = context
  return await attempt(`cannot remove the leftover ${draftPath}`, async () => {
    const found = await unlessMissing(fs.lstat(draftPath))
    if (found === undefined) return true
    refuseInDraftsPlace(found, draftPath)
    if (Math.abs(clock.now() - found.mtimeMs) <= LEFTOVER_AFTER_MS) return false
    // unlink removes a symbolic link itself, never its target.
    await unlessMissing(fs.unlink(draftPath))
    logger.step('removed the leftover of a killed run', { file: draftPath })
    return true
  })
}

/** Refuses anything but a draft or a link, which can be removed. */
export function refuseInDraftsPlace(found: Stats, draftPath: string): void {
  if (found.isFile() || found.isSymbolicLink()) return
  throw refused(
    `cannot write beside ${draftPath}: ${kindOf(found)} is in the way of the temporary file`,
    `remove ${draftPath}`,
  )
}

/** @throws IamRaError FILE if something there must not be replaced, or cannot be read */
export async function readCurrent(
  path: string,
  { fs }: { readonly fs: Pick<SinkContext['fs'], 'lstat' | 'open'> },
): Promise<Buffer | undefined> {
  const found = await attempt(`cannot read ${path}`, () => unlessMissing(fs.lstat(path)))
  if (found === undefined) return undefined
  if (!found.isFile()) throw refused(`cannot write ${path}: ${kindOf(found)} is in its place`, DIRECTORY_HINT)
  return await attempt(`cannot read ${path}`, async () => {
    const handle = await fs.open(path, READ)
    try {
      const status = await handle.stat()
      if (!status.isFile()) throw refused(`cannot read ${path}: it is no longer a file`, DIRECTORY_HINT)
      const bytes = await readBounded(handle, status.size, MAX_BYTES)
      if (bytes !== undefined) return bytes
      throw refused(
        `cannot edit ${path}: it is larger than 1 MiB, so it is probably not a credentials file`,
        'check that the setting names the right file',
      )
    } finally {
      await handle.close()
    }
  })
}

/**
 * Refuses a file that the next run would refuse to read.
 * @throws IamRaError FILE
 */
export function checkSize(path: string, next: Buffer): void {
  if (next.length <= MAX_BYTES) return
  throw refused(
    `cannot write ${path}: with the profile added it would exceed 1 MiB, which the next run would refuse`,
    'remove unused profiles from that file, or name another one',
  )
}

/**
 * The bytes of the file in place. If a later writer has already replaced it, that writer built on ours and checked its
 * own.
 */
async function readBack(path: string, draft: Draft, length: number, context: SinkContext): Promise<Buffer> {
  return await attempt(`cannot read ${path} back`, async () => {
    const found = await context.fs.lstat(path)
    if (!found.isFile())
      throw refused(`cannot read ${path} back: ${kindOf(found)} is in its place`, DIRECTORY_HINT)
    if (!isSame(found, draft.identity))
      context.logger.step('another writer has replaced the file in the meantime', { file: path })
    // Room for one byte more than was written, which reveals a file that is too long.
    const buffer = Buffer.alloc(length + 1)
    let filled = 0
    for (;;) {
      const { bytesRead } = await draft.handle.read(buffer, filled, buffer.length - filled, filled)
      if (bytesRead === 0) return buffer.subarray(0, filled)
      filled += bytesRead
    }
  })
}

/** Removes the draft if the name is still ours; a failure here must not hide the original one. */
async function discard(draft: Draft, { fs, logger }: SinkContext): Promise<void> {
  try {
    if (isSame(await fs.lstat(draft.path), draft.identity)) await fs.unlink(draft.path)
  } catch (error) {
    if (errorNumber(error) !== 'ENOENT')
      logger.warn(`could not remove ${draft.path}`, { error: errorNumber(error) })
  }
}

function isSame(found: Stats | undefined, identity: Stats): boolean {
  return found !== undefined && found.ino === identity.ino && found.dev === identity.dev
}

function kindOf(found: Stats): string {
  if (found.isSymbolicLink()) return 'a symbolic link'
  return found.isDirectory() ? 'a directory' : 'something that is not a regular file'
}
