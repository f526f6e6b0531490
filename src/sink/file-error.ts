/** Explains the operating system's errors so that a pod's author knows what to change. */
import { codeOf, IamRaError } from '../errors.ts'

const REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ENOSPC: ['no space is left on its volume', 'raise sizeLimit of the emptyDir, or free space on the node'],
  EDQUOT: [
    'the quota of its volume is exhausted',
    'raise sizeLimit of the emptyDir, or free space on the node',
  ],
  EROFS: [
    'its file system is read-only',
    'mount an emptyDir there: with readOnlyRootFilesystem only mounted volumes can be written',
  ],
  EACCES: [
    'permission denied',
    "set the pod's securityContext.fsGroup, or set runAsUser to the owner of the directory",
  ],
  EPERM: [
    'not permitted',
    "set the pod's securityContext.fsGroup, or set runAsUser to the owner of the directory",
  ],
  ENOENT: ['no such file or directory', 'mount a volume at its directory, or name another path'],
  ENOTDIR: ['a part of its path is not a directory', 'correct the path in the setting'],
  ELOOP: ['a symbolic link is in its place', 'give the path of the file itself, in a mounted directory'],
  EISDIR: ['a directory is in its place', 'mount the volume at the directory that is to hold the file'],
  ENOTEMPTY: ['a directory is in its place', 'mount the volume at the directory that is to hold the file'],
  EBUSY: [
    'it is a mount of its own and cannot be replaced',
    'mount the whole directory, not the file by subPath',
  ],
  EXDEV: [
    'it is a mount of its own and cannot be replaced',
    'mount the whole directory, not the file by subPath',
  ],
  ENAMETOOLONG: ['the name is too long', 'choose a shorter path'],
  EFBIG: [
    'it exceeds the limit on the size of a file',
    'raise the limit (ulimit -f) that the container runtime or the image sets',
  ],
  EMFILE: [
    'too many files are open',
    'raise the limit (ulimit -n) that the container runtime or the image sets',
  ],
  ENFILE: ['too many files are open on the node', 'check what else runs on the node'],
  EIO: ['the device reports an input/output error', 'check the health of the node and its storage'],
}

/** A refusal of our own. @param message as IamRaError expects it */
export function refused(message: string, hint: string): IamRaError {
  return new IamRaError('FILE', 'sink', message, { hint })
}

/**
 * Runs one or more system calls.
 * @param action what fails, beginning with `cannot`
 * @throws IamRaError stage sink, code FILE, for an error of the operating system; other errors as they are
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

/** The operating system's error or, if no call was made, the error that it would give with this code. */
export function systemRefusal(action: string, code: string, cause?: unknown): IamRaError {
  const [reason, hint] = REASONS[code] ?? [
    `the operating system says ${code}`,
    "look this code up for the volume's file system, and check its mount options",
  ]
  const who = code === 'EACCES' || code === 'EPERM' ? ` for uid ${process.getuid?.() ?? 'unknown'}` : ''
  return new IamRaError('FILE', 'sink', `${action}: ${reason}${who}`, { cause, hint })
}

/** `ENOENT` and the like; undefined if it is not an error of the operating system. */
export function errorNumber(error: unknown): string | undefined {
  const code = codeOf(error)
  return code !== undefined && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}
