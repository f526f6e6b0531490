/** When credentials are renewed, and how long to wait after a failed renewal: pure, for the commands that keep them fresh. */

/** Of credentials or a certificate: epoch milliseconds, both by this machine's clock. */
export interface Lifetime {
  readonly obtainedAtMs: number
  readonly expiresAtMs: number
}

const MINUTE_MS = 60_000

/** botocore renews when 15 minutes are left, the other SDKs when 5 are: the credentials they get must have more than that. */
const AHEAD_MS = 20 * MINUTE_MS

/** A wrong clock can shrink a lifetime to almost nothing, which must not become a busy loop. */
const LEAST_MS = 10_000

/**
 * Random point in the second third of the lifetime, so pods that start together renew apart. Below an hour the last
 * third is shorter than AHEAD_MS, and the whole window moves forward; below half an hour it would reach the beginning,
 * so it stops at a sixth to a third of the lifetime.
 * @param random a number in [0, 1)
 */
export function renewalAt({ obtainedAtMs, expiresAtMs }: Lifetime, random: number): number {
  const lifeMs = finite(expiresAtMs - obtainedAtMs)
  const latestMs = Math.max(lifeMs / 3, Math.min((lifeMs * 2) / 3, lifeMs - AHEAD_MS))
  const earliestMs = latestMs / 2
  return obtainedAtMs + Math.max(LEAST_MS, earliestMs + random * (latestMs - earliestMs))
}

/** A lifetime that is not a number counts as zero, since a sleep of NaN ends at once. */
function finite(ms: number): number {
  return Number.isFinite(ms) ? ms : 0
}

const FIRST_CEILING_MS = MINUTE_MS
/** If no credentials are valid, at first. */
const SHORT_CEILING_MS = MINUTE_MS
/** The same after many failures: 2,000 pods that ask every minute are 100 requests a second for nothing. */
const PATIENT_CEILING_MS = 5 * MINUTE_MS
const PATIENT_FROM = 10
const LONG_CEILING_MS = 15 * MINUTE_MS
const SHARE_OF_LIFE = 1 / 2

/**
 * The pause after a failed run, which has used up its own retries and deadline: full jitter below a ceiling that
 * doubles, up to a share of the lifetime left. While apps still have valid credentials there is time; shortly before
 * they expire, and afterwards, the limit is one minute, or five after many failures.
 *
 * The wait requested by the server comes first. While credentials are valid, it is capped at the same share of their
 * lifetime, because 15 minutes of patience could outlast them; afterwards at five minutes.
 * @param failures in a row, from 1
 * @param askedMs the wait requested by the server
 */
export function renewalPauseMs(failures: number, lifeLeftMs: number, random: number, askedMs = 0): number {
  const lifeMs = finite(lifeLeftMs)
  const leastMs = Math.min(askedMs, lifeMs > 0 ? ceilingOf(lifeMs, SHORT_CEILING_MS) : PATIENT_CEILING_MS)
  const shortMs = failures > PATIENT_FROM ? PATIENT_CEILING_MS : SHORT_CEILING_MS
  const greatestMs = ceilingOf(lifeMs - leastMs, shortMs)
  return leastMs + Math.max(1000, random * Math.min(greatestMs, FIRST_CEILING_MS * 2 ** (failures - 1)))
}

/** @param shortMs the minimum; without it the last minutes of a lifetime would be full of runs */
function ceilingOf(lifeMs: number, shortMs: number): number {
  return Math.max(shortMs, Math.min(LONG_CEILING_MS, lifeMs * SHARE_OF_LIFE))
}
