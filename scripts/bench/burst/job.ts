/** A job's pods, all requesting credentials at once: how long it takes them, and the cost for the servers. */
import { seededRandom, type Delay } from '../../../test/rig/chance.ts'
import { obtain, type Counts, type World } from './pod.ts'
import type { Policy } from './policies.ts'
import { limited, queueing, type Server } from './servers.ts'
import { virtualClock } from '../../../test/rig/virtual-clock.ts'

export const SEED = 20261121
export const PER_SECOND = 10
export const BURST = 10
/** One way, including connection and TLS. */
export const AWS_DELAY: Delay = { medianMs: 30, sigma: 0.5 }
export const VAULT_DELAY: Delay = { medianMs: 2, sigma: 0.5 }
/** Fast enough not to be a bottleneck. */
export const VAULT_PER_SECOND = 1000
/** The lifetime set by the PKI role in docs/vault.md. */
export const CERTIFICATE_MS = 3_600_000

export interface Job {
  readonly pods: number
  readonly policy: Policy
  readonly deadlineMs: number
  /** When a pod starts, from its number and a random number. */
  readonly startMs?: (pod: number, random: number) => number
  readonly tellsWhen?: boolean
  readonly vault?: Server
  readonly certificateMs?: number
  /** Whether the kubelet restarts a failed container: after 10 s, doubling each time, up to 300 s. */
  readonly restarts?: boolean
  readonly seed?: number
}

export interface JobOutcome {
  readonly succeeded: number
  readonly failed: number
  /** When the last successful pod had its credentials. */
  readonly lastMs: number
  /** When the limit alone would have let the last of all pods through. */
  readonly leastMs: number
  /** CreateSession requests, including those of pods that fail. */
  readonly requests: number
  readonly logins: number
}

export async function runJob(job: Job): Promise<JobOutcome> {
  const clock = virtualClock()
  const random = seededRandom(job.seed ?? SEED)
  const aws = limited({ perSecond: PER_SECOND, burst: BURST, tellsWhen: job.tellsWhen ?? false })
  const world: World = {
    clock,
    random,
    aws,
    awsDelay: AWS_DELAY,
    vault: job.vault ?? queueing(VAULT_PER_SECOND, 'dropped'),
    vaultDelay: VAULT_DELAY,
    certificateMs: job.certificateMs ?? CERTIFICATE_MS,
  }
  const counts: Counts = { logins: 0 }
  let succeeded = 0
  let lastMs = 0
  const pod = async (number: number): Promise<void> => {
    await clock.sleep(job.startMs?.(number, random()) ?? 0)
    for (let restart = 0; ; restart += 1) {
      if (await obtain(world, job.policy, job.deadlineMs, counts)) break
      if (job.restarts !== true) return
      await clock.sleep(Math.min(300_000, 10_000 * 2 ** restart))
    }
    succeeded += 1
    lastMs = clock.elapsed()
  }
  const pods = Promise.all(Array.from({ length: job.pods }, (_, number) => pod(number)))
  await clock.run()
  await pods
  return {
    succeeded,
    failed: job.pods - succeeded,
    lastMs,
    leastMs: leastMs(job.pods),
    requests: aws.requests,
    logins: counts.logins,
  }
}

export function leastMs(pods: number): number {
  return (pods / PER_SECOND) * 1000
}

/** Whole seconds, as in the setting: docs/large-jobs.md gives this formula to operators. */
export function startSpreadSeconds(pods: number): number {
  return Math.floor((1.05 * pods) / PER_SECOND)
}

/** For pods that start at once without START_SPREAD. */
export function deadlineSeconds(pods: number): number {
  return Math.ceil((1.25 * pods) / PER_SECOND) + 60
}
