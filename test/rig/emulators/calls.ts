/** What a test sees of the calls to a server, and what it lets happen before and after one: waiting, an answer, a cut. */
import type { EmulatorRequest, EmulatorResponse, Fate } from './http.ts'

export interface Call {
  /** From 1, in the order of arrival. */
  readonly number: number
  /** As IAM names it: `iam:CreateRole`. */
  readonly action: string
  readonly request: EmulatorRequest
}

export interface Calls {
  /** They hold secrets: count and compare them, print none. */
  readonly calls: readonly Call[]
  /** Awaited before the server does anything. What it gives is the outcome, and the server never hears of the call. */
  before: ((call: Call) => Promise<Fate | undefined> | Fate | undefined) | undefined
  /** Awaited when the server has done it. What it gives stands for the server's answer. */
  after: ((call: Call, answer: EmulatorResponse) => Promise<Fate | undefined> | Fate | undefined) | undefined
  /** @param action without it, all calls are counted */
  count(action?: string): number
  handle(request: EmulatorRequest): Promise<Fate>
}

export function watchCalls(
  actionOf: (request: EmulatorRequest) => string,
  handler: (call: Call) => EmulatorResponse | Promise<EmulatorResponse>,
): Calls {
  const calls: Call[] = []
  const watched: Calls = {
    calls,
    before: undefined,
    after: undefined,
    count: (action) => calls.filter((call) => action === undefined || call.action === action).length,
    async handle(request) {
      const call = { number: calls.length + 1, action: actionOf(request), request }
      calls.push(call)
      const early = await watched.before?.(call)
      if (early !== undefined) return early
      const answer = await handler(call)
      return (await watched.after?.(call, answer)) ?? answer
    },
  }
  return watched
}
