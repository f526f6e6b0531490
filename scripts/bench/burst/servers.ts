/** The servers that everyone calls at once: they judge a request when it arrives, not when it was sent. */

/** The outcome of a request: answered after a while, or refused at once. */
export type Verdict =
  | { readonly kind: 'answered'; readonly afterMs: number }
  | { readonly kind: 'throttled'; readonly retryAfterMs?: number }
  | { readonly kind: 'down' }

export interface Server {
  readonly requests: number
  readonly answered: number
  /**
   * @param nowMs when the request arrives, not earlier than the one before it
   * @param patienceMs how long its sender still waits
   */
  arrive(nowMs: number, patienceMs: number): Verdict
}

/** A token bucket, empty at the beginning: the refill per second and the maximum that can be saved up. */
export interface Limit {
  readonly perSecond: number
  readonly burst: number
  /** Whether a refusal says when the next token comes, in whole seconds as in the header. */
  readonly tellsWhen?: boolean
  /** The period in which it answers every request with 503. */
  readonly down?: readonly [fromMs: number, untilMs: number]
}

export function limited({ perSecond, burst, tellsWhen = false, down }: Limit): Server {
  let tokens = 0
  let filledMs = 0
  let requests = 0
  let answered = 0
  return {
    get requests() {
      return requests
    },
    get answered() {
      return answered
    },
    arrive(nowMs) {
      requests += 1
      tokens = Math.min(burst, tokens + ((nowMs - filledMs) / 1000) * perSecond)
      filledMs = nowMs
      if (down !== undefined && nowMs >= down[0] && nowMs < down[1]) return { kind: 'down' }
      // A token short of one only by rounding counts as one.
      if (tokens < 1 - 1e-9) {
        return tellsWhen
          ? { kind: 'throttled', retryAfterMs: Math.ceil((1 - tokens) / perSecond) * 1000 }
          : { kind: 'throttled' }
      }
      tokens -= 1
      answered += 1
      return { kind: 'answered', afterMs: 0 }
    },
  }
}

/**
 * One after the other, each for the same time.
 * @param gone what happens to requests whose senders have given up: `worked on` is the worst that a server can do
 */
export function queueing(perSecond: number, gone: 'dropped' | 'worked on'): Server {
  let freeMs = 0
  let requests = 0
  let answered = 0
  return {
    get requests() {
      return requests
    },
    get answered() {
      return answered
    },
    arrive(nowMs, patienceMs) {
      requests += 1
      const beginsMs = Math.max(freeMs, nowMs)
      const endsMs = beginsMs + 1000 / perSecond
      if (beginsMs < nowMs + patienceMs || gone === 'worked on') freeMs = endsMs
      if (endsMs <= nowMs + patienceMs) answered += 1
      return { kind: 'answered', afterMs: endsMs - nowMs }
    },
  }
}
