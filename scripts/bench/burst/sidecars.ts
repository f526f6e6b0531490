/** Sidecars that renew, for hours of virtual time: how many renew in one minute, and the aftermath of an outage. */
import { renewalAt, renewalPauseMs } from '../../../src/renewal/schedule.ts'
import { retry } from '../../../src/run/retry.ts'
import { seededRandom } from '../../../test/rig/chance.ts'
import { AWS_DELAY, BURST, CERTIFICATE_MS, SEED, VAULT_DELAY, VAULT_PER_SECOND } from './job.ts'
import { obtain, type World } from './pod.ts'
import { limited, queueing } from './servers.ts'
import { virtualClock } from '../../../test/rig/virtual-clock.ts'

export interface Sidecars {
  readonly count: number
  /** All start within it, each at a random moment. */
  readonly startWithinMs: number
  readonly lifeMs: number
  readonly perSecond: number
  readonly untilMs: number
  /** When AWS does not answer. */
  readonly down?: readonly [fromMs: number, untilMs: number]
}

export interface SidecarsOutcome {
  /** When the last one had its first credentials. */
  readonly readyMs: number
  /** Renewals begun, by the minute. */
  readonly minutes: readonly number[]
  readonly renewals: number
  /** CreateSession requests, including those for the first credentials. */
  readonly requests: number
  readonly answered: number
  /** How many sidecars had expired credentials at some time. */
  readonly died: number
  /** When, after that, the last one had valid credentials again. */
  readonly revivedMs: number
  /** The shortest lifetime left when a renewal succeeded. */
  readonly leastLeftMs: number
}

/** A first run waits its turn behind all others; a renewal has the default. */
const FIRST_DEADLINE_MS = 1_310_000
const DEADLINE_MS = 60_000

export async function runSidecars(given: Sidecars): Promise<SidecarsOutcome> {
  const clock = virtualClock()
  const random = seededRandom(SEED)
  const aws = limited({
    perSecond: given.perSecond,
    burst: BURST,
    ...(given.down === undefined ? {} : { down: given.down }),
  })
  const world: World = {
    clock,
    random,
    aws,
    awsDelay: AWS_DELAY,
    vault: queueing(VAULT_PER_SECOND, 'dropped'),
    vaultDelay: VAULT_DELAY,
    certificateMs: CERTIFICATE_MS,
  }
  const counts = { logins: 0 }
  const minutes: number[] = []
  let [readyMs, renewals, died, revivedMs] = [0, 0, 0, 0]
  let leastLeftMs = Number.POSITIVE_INFINITY

  const renew = async (expiresAtMs: number): Promise<void> => {
    for (let failures = 0; ;) {
      const minute = Math.floor(clock.elapsed() / 60_000)
      minutes[minute] = (minutes[minute] ?? 0) + 1
      if (await obtain(world, retry, DEADLINE_MS, counts)) break
      failures += 1
      await clock.sleep(renewalPauseMs(failures, expiresAtMs - clock.now(), random()))
    }
    renewals += 1
    leastLeftMs = Math.min(leastLeftMs, expiresAtMs - clock.now())
    if (clock.now() < expiresAtMs) return
    died += 1
    revivedMs = clock.elapsed()
  }
  const sidecar = async (): Promise<void> => {
    await clock.sleep(random() * given.startWithinMs)
    while (!(await obtain(world, retry, FIRST_DEADLINE_MS, counts))) await clock.sleep(10_000)
    readyMs = clock.elapsed()
    for (;;) {
      const obtainedAtMs = clock.now()
      const expiresAtMs = obtainedAtMs + given.lifeMs
      const atMs = renewalAt({ obtainedAtMs, expiresAtMs }, random())
      if (atMs >= given.untilMs) return
      await clock.sleep(atMs - obtainedAtMs)
      await renew(expiresAtMs)
    }
  }
  const all = Promise.all(Array.from({ length: given.count }, sidecar))
  await clock.run()
  await all
  return {
    readyMs,
    minutes: Array.from(minutes, (count: number | undefined) => count ?? 0),
    renewals,
    requests: aws.requests,
    answered: aws.answered,
    died,
    revivedMs,
    leastLeftMs,
  }
}
