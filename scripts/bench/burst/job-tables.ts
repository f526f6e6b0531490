/** The tables on jobs in docs/large-jobs.md: what is run, and the resulting rows. */
import { retry } from '../../../src/run/retry.ts'
import {
  deadlineSeconds,
  leastMs,
  runJob,
  SEED,
  startSpreadSeconds,
  type Job,
  type JobOutcome,
} from './job.ts'
import { markdownTable } from '../../generated.ts'
import { perSuccess, times } from './figures.ts'
import { fullJitter, HELPER } from './policies.ts'
import { limited, queueing } from './servers.ts'

export type Tell = (line: string) => void

/** kube-scheduler's default rate of calls: clientConnection.qps. */
const RAMP_PER_SECOND = 50
const SPREAD_DEADLINE_MS = 120_000
const HOUR_MS = 3_600_000

/** With few pods the last one is a matter of luck: of five seeds, the run with the median time. */
async function outcome(tell: Tell, title: string, job: Job): Promise<JobOutcome> {
  const seeds = job.pods > 1000 ? [SEED] : [0, 1, 2, 3, 4].map((more) => SEED + more)
  const runs: JobOutcome[] = []
  for (const seed of seeds) runs.push(await runJob({ ...job, seed }))
  runs.sort((a, b) => a.failed - b.failed || a.lastMs - b.lastMs)
  const done = runs[Math.floor(runs.length / 2)]
  if (done === undefined) throw new RangeError('no seed, no run')
  tell(`${job.pods} pods, ${title}: ${done.requests} requests of CreateSession, ${done.failed} pods failed`)
  return done
}

function cells({ pods }: Job, done: JobOutcome): string[] {
  return [
    done.succeeded === 0 ? '–' : `${Math.round(done.lastMs / 1000)} s`,
    done.succeeded < pods ? '–' : times(done.lastMs / done.leastMs),
    perSuccess(done.requests, done.succeeded),
    perSuccess(done.logins, done.succeeded),
    String(done.failed),
  ]
}

const COLUMNS = ['last pod', '× minimum', 'requests per success', 'logins per success', 'failed']

/** Rows for a job of this many pods, by how they start and retry. */
export function burstJobs(pods: number): readonly (readonly [title: string, job: Job])[] {
  const deadlineMs = deadlineSeconds(pods) * 1000
  const spreadMs = startSpreadSeconds(pods) * 1000
  const atOnce = { pods, policy: retry, deadlineMs }
  const ramp = (pod: number): number => (pod / RAMP_PER_SECOND) * 1000
  const spread = {
    ...atOnce,
    deadlineMs: SPREAD_DEADLINE_MS,
    startMs: (_: number, r: number) => r * spreadMs,
  }
  const helper = { ...atOnce, policy: HELPER, deadlineMs: 24 * HOUR_MS }
  return [
    ["policy of AWS's helper", helper],
    ["policy of AWS's helper, restarted by the kubelet", { ...helper, restarts: true }],
    ['START_SPREAD', spread],
    [
      `START_SPREAD, ${RAMP_PER_SECOND} pods scheduled a second`,
      { ...spread, startMs: (pod, r) => ramp(pod) + r * spreadMs },
    ],
    ['all at once', atOnce],
    ['all at once, with Retry-After', { ...atOnce, tellsWhen: true }],
    [`${RAMP_PER_SECOND} pods scheduled a second`, { ...atOnce, startMs: ramp }],
  ]
}

export async function burstTable(tell: Tell, sizes: readonly number[]): Promise<string> {
  const rows: string[][] = []
  for (const pods of sizes) {
    for (const [title, job] of burstJobs(pods)) {
      rows.push([pods.toLocaleString('en'), title, ...cells(job, await outcome(tell, title, job))])
    }
  }
  return markdownTable(['pods', 'how', ...COLUMNS], rows)
}

/** Without START_SPREAD: the benefit and cost of a ceiling on the pauses. */
export async function ceilingTable(tell: Tell, sizes: readonly number[]): Promise<string> {
  const rows: string[][] = []
  for (const pods of sizes) {
    const sizedMs = deadlineSeconds(pods) * 1000
    const ways: readonly (readonly [string, Job])[] = [
      ...[15, 20, 60, 300].map(
        (s) => [`${s} s`, { pods, policy: fullJitter(s * 1000), deadlineMs: 24 * HOUR_MS }] as const,
      ),
      ['ours, DEADLINE sized', { pods, policy: retry, deadlineMs: sizedMs }],
      ['ours, DEADLINE of an hour', { pods, policy: retry, deadlineMs: HOUR_MS }],
    ]
    for (const [title, job] of ways) {
      const [last = '', ratio = '', requests = ''] = cells(job, await outcome(tell, `ceiling ${title}`, job))
      rows.push([pods.toLocaleString('en'), title, last, ratio, requests])
    }
  }
  return markdownTable(['pods', 'longest pause', ...COLUMNS.slice(0, 3)], rows)
}

/** A deadline too short for all pods: how many succeed within it, and how many the limit would have allowed. */
export async function deadlineTable(tell: Tell): Promise<string> {
  const rows: string[][] = []
  for (const [pods, deadlineS] of [
    [1000, 60],
    [1000, 100],
    [1000, 110],
    [10_000, 1000],
    [10_000, 1050],
  ] as const) {
    const done = await outcome(tell, `DEADLINE ${deadlineS} s`, {
      pods,
      policy: retry,
      deadlineMs: deadlineS * 1000,
    })
    const allowed = Math.min(pods, Math.floor((deadlineS * 1000 * pods) / leastMs(pods)))
    const [all, through, succeeded] = [pods, allowed, done.succeeded].map((count) =>
      count.toLocaleString('en'),
    )
    rows.push([
      all ?? '',
      `${deadlineS} s`,
      through ?? '',
      succeeded ?? '',
      perSuccess(done.requests, done.succeeded),
    ])
  }
  return markdownTable(
    ['pods', 'DEADLINE', 'allowed by the limit', 'succeeded', 'requests per success'],
    rows,
  )
}

/** Vault as the bottleneck: a queue, or a quota of its own. */
export async function vaultTable(tell: Tell, pods: number): Promise<string> {
  const atOnce = { pods, policy: retry, deadlineMs: deadlineSeconds(pods) * 1000 }
  const spreadMs = startSpreadSeconds(pods) * 1000
  const spread = {
    ...atOnce,
    deadlineMs: SPREAD_DEADLINE_MS,
    startMs: (_: number, r: number) => r * spreadMs,
  }
  const quota = limited({ perSecond: 100, burst: 100, tellsWhen: true })
  const rows: string[][] = []
  for (const [title, job] of [
    ['quota of 100/s', { ...atOnce, vault: quota }],
    ['100/s, drops abandoned requests', { ...atOnce, vault: queueing(100, 'dropped') }],
    ['400/s, processes abandoned requests', { ...atOnce, vault: queueing(400, 'worked on') }],
    ['100/s, processes abandoned requests', { ...atOnce, vault: queueing(100, 'worked on') }],
    ['the same, START_SPREAD', { ...spread, vault: queueing(100, 'worked on') }],
  ] as const satisfies readonly (readonly [string, Job])[]) {
    rows.push([title, ...cells(job, await outcome(tell, `Vault: ${title}`, job))])
  }
  return markdownTable(['Vault', ...COLUMNS], rows)
}

/** Pods that wait longer than their certificate is valid. */
export async function certificateTable(tell: Tell, pods: number): Promise<string> {
  const rows: string[][] = []
  for (const minutes of [60, 10, 5]) {
    const job: Job = {
      pods,
      policy: retry,
      deadlineMs: deadlineSeconds(pods) * 1000,
      certificateMs: minutes * 60_000,
    }
    rows.push([`${minutes} min`, ...cells(job, await outcome(tell, `certificates of ${minutes} min`, job))])
  }
  return markdownTable(['certificate', ...COLUMNS], rows)
}
