/** The tables on renewals in docs/large-jobs.md. */
import { renewalAt } from '../../../src/renewal/schedule.ts'
import { PER_SECOND } from './job.ts'
import type { Tell } from './job-tables.ts'
import { markdownTable } from '../../generated.ts'
import { perSuccess } from './figures.ts'
import { runSidecars, type Sidecars, type SidecarsOutcome } from './sidecars.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** For the schedule alone: when in its lifetime a credential is renewed. */
export function scheduleTable(): string {
  const rows = [15, 20, 30, 45, 60, 120, 360, 720].map((minutes) => {
    const life = { obtainedAtMs: 0, expiresAtMs: minutes * MINUTE_MS }
    const [first, last] = [renewalAt(life, 0) / MINUTE_MS, renewalAt(life, 1) / MINUTE_MS]
    const perHour = (60 / ((first + last) / 2)).toFixed(1)
    return [minutes, `${inMinutes(first)} to ${inMinutes(last)}`, inMinutes(minutes - last), perHour].map(
      String,
    )
  })
  return markdownTable(['life, min', 'renewed after, min', 'least left, min', 'renewals an hour'], rows)
}

function inMinutes(minutes: number): string {
  return String(Number(minutes.toFixed(1)))
}

const CROWD = { count: 10_000, startWithinMs: MINUTE_MS, lifeMs: HOUR_MS, untilMs: 4 * HOUR_MS }
const DOWN_FROM_MS = 2 * HOUR_MS

/**
 * 10,000 that start within a minute: with a quota that lets all of them through in that time, with the default quota,
 * and after an outage.
 */
export async function renewalTable(tell: Tell): Promise<string> {
  const rows: string[][] = []
  for (const [title, sidecars] of [
    ['200/s', { ...CROWD, perSecond: 200 }],
    [`${PER_SECOND}/s`, { ...CROWD, perSecond: PER_SECOND }],
    [
      `${PER_SECOND}/s, AWS down for 15 min`,
      { ...CROWD, perSecond: PER_SECOND, down: [DOWN_FROM_MS, DOWN_FROM_MS + 15 * MINUTE_MS] },
    ],
  ] as const satisfies readonly (readonly [string, Sidecars])[]) {
    const done = await runSidecars(sidecars)
    tell(`${CROWD.count} sidecars at ${title}: ${done.renewals} renewals, ${done.requests} requests`)
    rows.push([title, ...renewalCells(done)])
  }
  return markdownTable(
    [
      'limit',
      'all ready after',
      'most in a minute, by the hour',
      'requests per success',
      'credentials expired',
    ],
    rows,
  )
}

function renewalCells(done: SidecarsOutcome): string[] {
  const hours = [0, 1, 2, 3].map((hour) =>
    String(Math.max(0, ...done.minutes.slice(60 * hour, 60 * (hour + 1)))),
  )
  return [
    `${Math.round(done.readyMs / 1000)} s`,
    hours.join(', '),
    perSuccess(done.requests, done.answered),
    done.died === 0 ? '0' : `${done.died}, the last valid again at ${clockTime(done.revivedMs)}`,
  ]
}

function clockTime(ms: number): string {
  const minutes = Math.ceil(ms / MINUTE_MS)
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`
}
