/** A rehearsal in which the node's clock is not the servers': what the run reads is off, and answers carry the true time. */
import { main } from '../../src/aws-iam-ra.ts'
import type { HttpAnswer } from '../../src/net/http.ts'
import type { Clock } from '../../src/run/runtime.ts'
import { rehearse, type Rehearsal } from '../support/rehearsal.ts'

export interface Skewed extends Rehearsal {
  /** What the node's clock is ahead of the servers', in milliseconds; may be changed while the run waits. */
  offsetMs: number
  run(): Promise<Ended>
}

export interface Ended {
  readonly code: number
  /** The warnings and the error, or the line of success, of a run with nothing else to say. */
  readonly stderr: string
}

/** Runs with a stage that is closed at the end, whatever happens. */
export async function withSkew(
  offsetMs: number,
  test: (skewed: Skewed) => Promise<void>,
  options?: Parameters<typeof rehearse>[0],
): Promise<void> {
  const rehearsal = await rehearse(options)
  const clock: Clock = {
    ...rehearsal.clock,
    now: () => rehearsal.clock.now() + skewed.offsetMs,
  }
  const run = async (): Promise<Ended> => {
    let stderr = ''
    const runtime = {
      ...rehearsal.runtime,
      clock,
      http: (given: Parameters<typeof rehearsal.runtime.http>[0]) => {
        const client = rehearsal.runtime.http(given)
        return {
          close: () => client.close(),
          request: async (asked: Parameters<typeof client.request>[0]) =>
            dated(await client.request(asked), rehearsal.clock.now()),
        }
      },
      stderr: (text: string) => void (stderr += text),
    }
    const code = await main(runtime, new AbortController().signal)
    return { code, stderr }
  }
  const skewed: Skewed = Object.assign(rehearsal, { offsetMs, run })
  try {
    await test(skewed)
  } finally {
    await rehearsal.close()
  }
}

/** As every server does: RFC 9110, section 6.6.1. */
function dated(answer: HttpAnswer, nowMs: number): HttpAnswer {
  const date = new Date(nowMs).toUTCString()
  return {
    ...answer,
    header: (name) => answer.header(name) ?? (name.toLowerCase() === 'date' ? date : undefined),
  }
}

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
