/** Kubernetes shows this file's text in the pod's status: https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/ */
import type { Runtime } from './runtime.ts'

const MAX_BYTES = 4096

/** Writes to an existing regular file only; a failure is not worth a second message. */
export async function writeTerminationLog(fs: Runtime['fs'], path: string, text: string): Promise<void> {
  try {
    if (!(await fs.stat(path)).isFile()) return
    const file = await fs.open(path, 'r+')
    try {
      await file.truncate(0)
      await file.writeFile(cut(text))
    } finally {
      await file.close()
    }
  } catch {
    // Outside a cluster there is no such file.
  }
}

/** At most 4096 bytes, without half a character at the end. */
function cut(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.byteLength <= MAX_BYTES) return text
  return bytes
    .subarray(0, MAX_BYTES)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')
}
