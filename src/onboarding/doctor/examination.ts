/** Runs checks one after the other, each in its own time, and keeps what they say. */
import { IamRaError } from '../../errors.ts'
import type { Clock } from '../../run/runtime.ts'
import { seconds } from '../../text/time.ts'
import { failed, unknown, type Finding, type Group, type Line } from './finding.ts'

interface Looking<T> {
  /** @throws IamRaError */
  readonly read: () => Promise<T>
  /** Pure. Absent if reading it is all. */
  readonly judge?: (facts: T) => readonly Finding[]
  /** Whether a 403 is a fault: otherwise it says that this operator may not look. */
  readonly deniedIsFault?: boolean
}

export interface Examination {
  readonly lines: readonly Line[]
  say(group: Group, check: string, findings: readonly Finding[]): void
  /** @returns what was read; undefined if it could not be read, which is then said */
  look<T>(group: Group, check: string, looking: Looking<T>): Promise<T | undefined>
  hasFailed(group: Group): boolean
}

interface Place {
  readonly clock: Pick<Clock, 'sleep'>
  /** Aborted with an IamRaError. */
  readonly interrupt: AbortSignal
  onLine(line: Line): void
}

/** For one check with all that it reads. */
export const BOUND_MS = 20_000

export function createExamination({ clock, interrupt, onLine }: Place): Examination {
  const lines: Line[] = []
  const say = (group: Group, check: string, findings: readonly Finding[]): void => {
    for (const finding of findings) {
      const line = { group, check, ...finding }
      lines.push(line)
      onLine(line)
    }
  }
  return {
    lines,
    say,
    async look(group, check, { read, judge = () => [], deniedIsFault = false }) {
      interrupt.throwIfAborted()
      let facts
      try {
        facts = await inTime(read, clock)
      } catch (error) {
        interrupt.throwIfAborted()
        say(group, check, [unreadable(error, deniedIsFault)])
        return undefined
      }
      say(group, check, judge(facts))
      return facts
    },
    hasFailed: (group) => lines.some((line) => line.group === group && line.state === 'failed'),
  }
}

async function inTime<T>(read: () => Promise<T>, clock: Pick<Clock, 'sleep'>): Promise<T> {
  const ended = new AbortController()
  const tooLate = clock.sleep(BOUND_MS, ended.signal).then(() => {
    throw new IamRaError('TIMEOUT', 'internal', `there was no complete answer within ${seconds(BOUND_MS)}`, {
      hint: 'run it again; if this persists, check the network and proxies between here and the server',
    })
  })
  // It is rejected once the work is done.
  tooLate.catch(() => undefined)
  try {
    return await Promise.race([read(), tooLate])
  } finally {
    ended.abort()
  }
}

/** @throws what is no finding: a bug */
function unreadable(error: unknown, deniedIsFault: boolean): Finding {
  if (!(error instanceof IamRaError) || error.code === 'INTERNAL' || error.code === 'INTERRUPTED') throw error
  const { message, problems, hint = 'run it again' } = error
  const sentence = [message, ...problems].join('; ')
  return isDenied(error) && !deniedIsFault ? unknown(sentence, hint) : failed(sentence, hint)
}

function isDenied({ code, status, said }: IamRaError): boolean {
  return code === 'REFUSED' && (status === 403 || said.includes('Forbidden'))
}
