/** When credentials are renewed, and how long a failed renewal waits: pure, for the commands that keep them fresh. */

/** Of credentials or of a certificate: epoch milliseconds, both by the clock of this machine. */
export interface Lifetime {
  readonly obtainedAtMs: number
  readonly expiresAtMs: number
}

const MINUTE_MS = 60_000

/** botocore renews when 15 minutes are left, the other SDKs when 5 are: what they are given must have more than that. */
const AHEAD_MS = 20 * MINUTE_MS

/** A life that a wrong clock makes next to nothing must not become a busy loop. */
const LEAST_MS = 10_000

/**
 * A random moment in the second third of the life, so that those who began in one minute do not come back in one. Below an
 * hour the last third is shorter than AHEAD_MS, and the whole window moves forward; below half an hour it would reach the
 * beginning, so it stops at a sixth to a third of the life.
 * @param random a number in [0, 1)
 */
export function renewalAt({ obtainedAtMs, expiresAtMs }: Lifetime, random: number): number {
  const lifeMs = finite(expiresAtMs - obtainedAtMs)
  const latestMs = Math.max(lifeMs / 3, Math.min((lifeMs * 2) / 3, lifeMs - AHEAD_MS))
  const earliestMs = latestMs / 2
  return obtainedAtMs + Math.max(LEAST_MS, earliestMs + random * (latestMs - earliestMs))
}

/** A life that is no number counts as none, since a sleep of NaN ends at once. */
function finite(ms: number): number {
  return Number.isFinite(ms) ? ms : 0
}

const FIRST_CEILING_MS = MINUTE_MS
/** For what has nothing that works, at first. */
const SHORT_CEILING_MS = MINUTE_MS
/** The same for what has failed for long: 2,000 pods that ask each minute are 100 requests a second for nobody. */
const PATIENT_CEILING_MS = 5 * MINUTE_MS
const PATIENT_FROM = 10
const LONG_CEILING_MS = 15 * MINUTE_MS
const SHARE_OF_LIFE = 1 / 2

/**
 * The pause after a run that failed, its own retries and deadline behind it: full jitter below a ceiling that doubles, up
 * to a share of the life that is left. While apps still have what works there is time; near its end and after it a minute
 * is most, or five where that went on for long.
 *
 * What the server asked to wait comes before that. While there is a life to save it counts up to the same share of it, for
 * 15 minutes of patience could outlast what apps have; afterwards up to five minutes.
 * @param failures in a row, from 1
 * @param askedMs by the server
 */
export function renewalPauseMs(failures: number, lifeLeftMs: number, random: number, askedMs = 0): number {
  const lifeMs = finite(lifeLeftMs)
  const leastMs = Math.min(askedMs, lifeMs > 0 ? ceilingOf(lifeMs, SHORT_CEILING_MS) : PATIENT_CEILING_MS)
  const shortMs = failures > PATIENT_FROM ? PATIENT_CEILING_MS : SHORT_CEILING_MS
  const greatestMs = ceilingOf(lifeMs - leastMs, shortMs)
  return leastMs + Math.max(1000, random * Math.min(greatestMs, FIRST_CEILING_MS * 2 ** (failures - 1)))
}

/** @param shortMs the least, or the last minutes of a life would be full of runs */
function ceilingOf(lifeMs: number, shortMs: number): number {
  return Math.max(shortMs, Math.min(LONG_CEILING_MS, lifeMs * SHARE_OF_LIFE))
}
