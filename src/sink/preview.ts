/** What would happen if the credentials were written, found without writing anything. */
import { constants, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { IamRaError } from '../errors.ts'
import type { Logger } from '../run/log.ts'
import type { FileSystem } from '../run/runtime.ts'
import type { StepContext } from '../run/watch.ts'
import type { SinkSettings } from './settings.ts'
import type { SessionCredentials } from '../credentials.ts'
import { checkSize, draftPathOf, readCurrent, refuseInDraftsPlace } from './atomic-write.ts'
import { editedText, fileModeOf, profileFiles, textOf, type ProfileFile } from './credentials-file.ts'
import { attempt, systemRefusal } from './file-error.ts'
import { existingDirectory, directoryMode, unlessMissing } from './directory.ts'
import { warnOfObstacles } from './readers.ts'
import { countLines } from './profile-header.ts'

/** As far as it could be determined. */
export interface FilePreview {
  /** The current file, of whatever kind. */
  readonly present?: FileStatus
  /** The permission bits it would get. */
  readonly mode?: number
  /** Whether it contains the profile. */
  readonly hasProfile?: boolean
  /** The nearest existing directory above the file. */
  readonly directory?: FileStatus & { readonly path: string }
  /** Permission bits of the directories that would be created. */
  readonly newDirectoryMode?: number
  /** Why it cannot be written. */
  readonly failure?: IamRaError
}

export interface FileStatus {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export interface PreviewContext {
  readonly fs: Pick<FileSystem, 'lstat' | 'stat' | 'open' | 'access' | 'readFile'>
  readonly logger: Pick<Logger, 'warn' | 'step'>
}

/** Shaped like real ones, for a text that is thrown away. */
const PLACEHOLDER: SessionCredentials = {
  accessKeyId: 'ASIAPREVIEW000000000',
  secretAccessKey: 'preview',
  sessionToken: 'preview',
  expiresAtMs: 0,
}

type Found = { -readonly [Member in keyof FilePreview]: FilePreview[Member] }

/** @throws any Error but a refusal, which becomes the preview's `failure` */
export async function previewFile(
  kind: ProfileFile['kind'],
  settings: SinkSettings,
  context: PreviewContext,
): Promise<FilePreview> {
  return await preview(async (found) => {
    const file = profileFiles(PLACEHOLDER, settings, context.logger).find((one) => one.kind === kind)
    if (file !== undefined) await lookAtProfile(file, settings, found, context)
  })
}

/** For the container endpoint's authorization token. @throws as previewFile */
export async function previewTokenFile(
  path: string,
  mode: number,
  context: PreviewContext,
): Promise<FilePreview> {
  return await preview(async (found) => {
    await lookAtPlace(path, mode, found, context)
    await readCurrent(path, context)
    await lookAtMount(path, found, context)
  })
}

/** @throws the preview's failure */
export function notePreview(
  { present, mode, hasProfile, directory, newDirectoryMode, failure }: FilePreview,
  step: StepContext,
): void {
  step.found({
    directory: directory?.path,
    directory_status: directory === undefined ? undefined : statusText(directory),
    directories_to_create:
      newDirectoryMode === undefined ? undefined : `with mode ${octal(newDirectoryMode)}`,
    file_status: present === undefined ? 'not there yet' : statusText(present),
    has_profile: present === undefined ? undefined : hasProfile,
    new_mode: mode === undefined ? undefined : octal(mode),
    written_as: `uid ${process.getuid?.() ?? 'unknown'}, gid ${process.getgid?.() ?? 'unknown'}`,
  })
  if (failure !== undefined) throw failure
}

function statusText({ mode, uid, gid }: FileStatus): string {
  return `mode ${octal(mode)}, uid ${uid}, gid ${gid}`
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

async function preview(look: (found: Found) => Promise<void>): Promise<FilePreview> {
  const found: Found = {}
  try {
    await look(found)
    return found
  } catch (error) {
    if (!(error instanceof IamRaError)) throw error
    return { ...found, failure: error }
  }
}

/** In the order in which a write would meet it. */
async function lookAtProfile(
  file: ProfileFile,
  settings: SinkSettings,
  found: Found,
  context: PreviewContext,
): Promise<void> {
  const { path } = file
  const { fs, logger } = context
  await lookAtPlace(path, await fileModeOf(file, settings, fs), found, context)
  const text = textOf(await readCurrent(path, { fs }))
  found.hasProfile = countLines(text, file.header(text)) > 0
  const edited = editedText(file, text, logger)
  checkSize(path, Buffer.from(edited, 'latin1'))
  warnOfObstacles(edited, path, file.kind, logger)
  await lookAtMount(path, found, context)
}

async function lookAtPlace(
  path: string,
  mode: number,
  found: Found,
  { fs, logger }: PreviewContext,
): Promise<void> {
  found.mode = mode
  const directory = await nearestDirectory(dirname(path), fs)
  found.directory = { path: directory.path, ...statusOf(directory.status) }
  const isThere = directory.path === dirname(path)
  if (!isThere) found.newDirectoryMode = directoryMode(found.mode)
  const present = await attempt(`cannot read ${path}`, () => unlessMissing(fs.lstat(path)))
  if (present !== undefined) found.present = statusOf(present)
  await attempt(isThere ? `cannot write ${path}` : `cannot create the directory ${dirname(path)}`, () =>
    fs.access(directory.path, constants.W_OK | constants.X_OK),
  )
  await lookAtDraft(draftPathOf(path), fs, logger)
}

async function lookAtMount(path: string, found: Found, { fs }: PreviewContext): Promise<void> {
  if (found.present !== undefined && (await isMountPoint(path, fs)))
    throw systemRefusal(`cannot replace ${path}`, 'EBUSY')
}

async function nearestDirectory(
  path: string,
  fs: PreviewContext['fs'],
): Promise<{ readonly path: string; readonly status: Stats }> {
  const status = await existingDirectory(path, fs)
  if (status !== undefined) return { path, status }
  const parent = dirname(path)
  if (parent === path) throw systemRefusal(`cannot use the directory ${path}`, 'ENOENT')
  return await nearestDirectory(parent, fs)
}

async function lookAtDraft(
  draftPath: string,
  fs: PreviewContext['fs'],
  logger: PreviewContext['logger'],
): Promise<void> {
  const draft = await attempt(`cannot check ${draftPath}`, () => unlessMissing(fs.lstat(draftPath)))
  if (draft === undefined) return
  refuseInDraftsPlace(draft, draftPath)
  logger.warn(`${draftPath} exists: another writer is active, or was killed and left it; a run waits for it`)
}

/** rename(2) refuses to replace a mount point, which `subPath` makes of a file. proc(5): the fifth field, blanks as octal. */
async function isMountPoint(path: string, fs: PreviewContext['fs']): Promise<boolean> {
  try {
    const table = await fs.readFile('/proc/self/mountinfo', 'utf8')
    return table
      .split('\n')
      .map((line) => line.split(' ')[4]?.replace(/\\([0-7]{3})/g, (_, octal: string) => character(octal)))
      .includes(path)
  } catch {
    // Only Linux has it.
    return false
  }
}

function character(octal: string): string {
  return String.fromCharCode(Number.parseInt(octal, 8))
}

function statusOf({ mode, uid, gid }: Stats): FileStatus {
  return { mode: mode & 0o7777, uid, gid }
}
