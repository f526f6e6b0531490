/**
 * What the kubelet mounts from memory, such as tokens and Secrets, read in this thread: handing over to others takes longer
 * than reading. For nothing else: a volume that hangs would hold up the deadline and SIGTERM.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import type { InputFiles } from './input-file.ts'

export const memoryFiles: InputFiles = {
  stat: (path) => Promise.resolve(statSync(path)),
  open(path, flags) {
    const descriptor = openSync(path, flags)
    return Promise.resolve({
      stat: () => Promise.resolve(fstatSync(descriptor)),
      read: (buffer: Buffer, offset: number, length: number, position: null) =>
        Promise.resolve({ bytesRead: readSync(descriptor, buffer, offset, length, position) }),
      close() {
        closeSync(descriptor)
        return Promise.resolve()
      },
    })
  },
}
