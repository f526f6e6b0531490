/**
 * Moments by both clocks of a machine. The wall clock may be set while the other runs on, and the other, as timers do, may
 * stand still while the machine is suspended: what is waited for has come once either says so.
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

/** The present one. */
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

/** Milliseconds until the first clock comes to it; zero or less from then on. */
export function untilMs({ epochMs, elapsedMs }: Moment, clock: Clock): number {
  return Math.min(epochMs - clock.now(), elapsedMs - clock.elapsed())
}

/** NTP corrects by less without a jump; ends of credentials that are off by less harm nobody. */
const LEAST_JUMP_MS = 60_000

export interface JumpWatch {
  /** Milliseconds that the wall clock went ahead of the other since the last look, negative where it fell behind; 0 for what is no jump. */
  jumpedMs(): number
}

export function createJumpWatch(clock: Clock): JumpWatch {
  let offsetMs = clock.now() - clock.elapsed()
  return {
    jumpedMs: () => {
      const beforeMs = offsetMs
      // Each time anew: a clock that is slewed drifts by more than a minute in days.
      offsetMs = clock.now() - clock.elapsed()
      const jumpMs = offsetMs - beforeMs
      return Math.abs(jumpMs) > LEAST_JUMP_MS ? jumpMs : 0
    },
  }
}
