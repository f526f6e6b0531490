/** What the operating system refuses, said so that a pod's author knows what to change. */
import { codeOf, IamRaError } from '../errors.ts'

const REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOSPC: ['no space is left on its volume', 'raise sizeLimit of the emptyDir, or free space on the node'],
  EDQUOT: [
    'the quota of its volume is used up',
    'raise sizeLimit of the emptyDir, or free space on the node',
  ],
  EROFS: [
    'its file system is read-only',
    'mount an emptyDir there: with readOnlyRootFilesystem only mounted volumes can be written',
  ],
  EACCES: [
    'permission denied',
    'set securityContext.fsGroup of the pod, or runAsUser to the owner of the folder',
  ],
  EPERM: ['not permitted', 'set securityContext.fsGroup of the pod, or runAsUser to the owner of the folder'],
  ENOENT: ['no such file or folder', 'mount a volume at its folder, or name another path'],
  ENOTDIR: ['a part of its path is not a folder', 'correct the path in the setting that names it'],
  ELOOP: ['a symbolic link stands in its place', 'give the path of the file itself, in a mounted folder'],
  EISDIR: ['a folder stands in its place', 'mount the volume at the folder that is to hold the file'],
  ENOTEMPTY: ['a folder stands in its place', 'mount the volume at the folder that is to hold the file'],
  EBUSY: [
    'it is a mount of its own and cannot be replaced',
    'mount the whole folder, not the file by subPath',
  ],
  EXDEV: [
    'it is a mount of its own and cannot be replaced',
    'mount the whole folder, not the file by subPath',
  ],
  ENAMETOOLONG: ['the name is too long', 'choose a shorter path'],
  EFBIG: [
    'it is beyond the limit on the size of a file',
    'raise the limit (ulimit -f) that the container runtime or the image sets',
  ],
  EMFILE: [
    'too many files are open',
    'raise the limit (ulimit -n) that the container runtime or the image sets',
  ],
  ENFILE: ['too many files are open on the node', 'look at what else runs on the node'],
  EIO: ['the device reports an input/output error', 'look at the health of the node and its storage'],
}

/** A refusal of our own. @param message as IamRaError wants it */
export function refused(message: string, hint: string): IamRaError {
  return new IamRaError('FILE', 'sink', message, { hint })
}

/**
 * Runs a system call or several.
 * @param action what fails, beginning with `cannot`
 * @throws IamRaError stage sink, code FILE, for an error of the operating system; others as they are
 */
export async function attempt<T>(action: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    const code = errorNumber(error)
    if (code === undefined) throw error
    throw systemRefusal(action, code, error)
  }
}

/** What the operating system says or, where a call was not made, would say with this word. */
export function systemRefusal(action: string, code: string, cause?: unknown): IamRaError {
  const [reason, hint] = REASONS[code] ?? [
    `the operating system says ${code}`,
    'look up that word for the file system of the volume, and what is special about its mount',
  ]
  const who = code === 'EACCES' || code === 'EPERM' ? ` for uid ${process.getuid?.() ?? 'unknown'}` : ''
  return new IamRaError('FILE', 'sink', `${action}: ${reason}${who}`, { cause, hint })
}

/** `ENOENT` and the like; undefined for what is no error of the operating system. */
export function errorNumber(error: unknown): string | undefined {
  const code = codeOf(error)
  return code !== undefined && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}
