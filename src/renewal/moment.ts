/**
 * Moments by both clocks of a machine. The wall clock may be set while the monotonic clock runs on, and that one, like
 * timers, may stop while the machine is suspended: a moment has come as soon as either says so.
 */
import type { Clock } from '../run/runtime.ts'

export interface Moment {
  readonly epochMs: number
  /** By `Clock.elapsed`. */
  readonly elapsedMs: number
}

export function momentIn(ms: number, clock: Clock): Moment {
  return later(momentOf(clock), ms)
}

/** The present moment. */
export function momentOf(clock: Clock): Moment {
  return { epochMs: clock.now(), elapsedMs: clock.elapsed() }
}

export function later({ epochMs, elapsedMs }: Moment, ms: number): Moment {
  return { epochMs: epochMs + ms, elapsedMs: elapsedMs + ms }
}

export function earlier(one: Moment, other: Moment): Moment {
  return {
    epochMs: Math.min(one.epochMs, other.epochMs),
    elapsedMs: Math.min(one.elapsedMs, other.elapsedMs),
  }
}

/** Milliseconds until the first clock reaches it; zero or less from then on. */
export function untilMs({ epochMs, elapsedMs }: Moment, clock: Clock): number {
  return Math.min(epochMs - clock.now(), elapsedMs - clock.elapsed())
}

/** NTP corrects less than this without a jump, and an expiry that is off by less harms nobody. */
const LEAST_JUMP_MS = 60_000

export interface JumpWatch {
  /**
   * Milliseconds by which the wall clock has moved ahead of the monotonic clock since the last call; negative if it
   * fell behind, 0 if there was no jump.
   */
  jumpedMs(): number
}

export function createJumpWatch(clock: Clock): JumpWatch {
  let offsetMs = clock.now() - clock.elapsed()
  return {
    jumpedMs: () => {
      const beforeMs = offsetMs
      // Reset each time: a clock that is slewed drifts by more than a minute in days.
      offsetMs = clock.now() - clock.elapsed()
      const jumpMs = offsetMs - beforeMs
      return Math.abs(jumpMs) > LEAST_JUMP_MS ? jumpMs : 0
    },
  }
}
