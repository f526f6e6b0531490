/** What goes wrong on a socket, or in a handler, after listening began: said, and nothing ends for it. */
import { asIamRaError, codeOf } from '../../errors.ts'
import type { Logger } from '../../run/log.ts'
import type { Clock } from '../../run/runtime.ts'

/** A sender may bring one about with each connection. */
const REPEAT_MS = 60_000

const SYSTEM_CODES: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  EMFILE: ['this process has too many files open', 'raise its limit of open files (ulimit -n)'],
  ENFILE: ['this node has too many files open', 'see what holds them, or raise fs.file-max of the node'],
}

/** Says the same error once a minute at most. */
export function listenerErrors(logger: Logger, clock: Pick<Clock, 'elapsed'>): (error: unknown) => void {
  const saidAtMs = new Map<string, number>()
  const isDue = (what: string): boolean => {
    const lastMs = saidAtMs.get(what)
    if (lastMs !== undefined && clock.elapsed() - lastMs < REPEAT_MS) return false
    saidAtMs.set(what, clock.elapsed())
    return true
  }
  return (error) => {
    const code = systemCode(error)
    if (code === undefined) {
      const bug = asIamRaError(error)
      if (isDue(bug.message)) logger.error(bug)
    } else if (isDue(code)) {
      const [why, hint] = SYSTEM_CODES[code] ?? [code]
      logger.warn(`a connection could not be accepted: ${why}`, { code, hint })
    }
  }
}

/** Such as EMFILE. A handler answers from memory: what it throws has no code, or Node's own such as ERR_INVALID_CHAR. */
function systemCode(error: unknown): string | undefined {
  const code = codeOf(error)
  return code !== undefined && /^E[A-Z\d]+$/.test(code) ? code : undefined
}
