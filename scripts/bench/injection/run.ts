/** Rounds in which all subjects take turns, each round starting with another one. */
import { readFileSync } from 'node:fs'
import { quantile } from '../statistics.ts'
import type { Lab, Subject } from './lab.ts'
import { load } from './load.ts'
import { SUBJECTS, type Run, type Samples, type SubjectName } from './results.ts'

export interface Counts {
  readonly rounds: number
  /** Pods of each subject in each round, one at a time and several at once. */
  readonly one: number
  readonly several: number
}

export const AT_ONCE = 8
/** Not measured: another process had the processors before. */
const WARM_UP = 8

interface Rounds {
  readonly latenciesMs: number[][]
  readonly perSecond: number[]
  readonly cpuMs: number[]
  readonly webhookCpuMs: number[]
}

export async function runRounds(lab: Lab, counts: Counts, tell: (text: string) => void): Promise<Run> {
  const found = new Map(SUBJECTS.map((name) => [name, noRounds()]))
  for (const name of SUBJECTS) await load(lab.subjects[name].target, counts.several, AT_ONCE)
  for (let round = 0; round < counts.rounds; round += 1) {
    const order = SUBJECTS.map((_name, index) => SUBJECTS[(index + round) % SUBJECTS.length] ?? 'none')
    for (const name of order) await oneAtATime(lab.subjects[name], counts.one, found.get(name))
    for (const name of order) await severalAtOnce(lab.subjects[name], counts.several, found.get(name))
    tell(`${lab.version}, round ${round + 1} of ${counts.rounds}`)
  }
  const samples = Object.fromEntries([...found].map(([name, rounds]) => [name, samplesOf(rounds)]))
  return { version: lab.version, samples: samples as Record<SubjectName, Samples> }
}

function noRounds(): Rounds {
  return { latenciesMs: [], perSecond: [], cpuMs: [], webhookCpuMs: [] }
}

async function oneAtATime({ target }: Subject, pods: number, rounds = noRounds()): Promise<void> {
  await load(target, WARM_UP, 1)
  rounds.latenciesMs.push([...(await load(target, pods, 1)).latenciesMs])
}

async function severalAtOnce(subject: Subject, pods: number, rounds = noRounds()): Promise<void> {
  const { target, apiServer, webhook } = subject
  await load(target, WARM_UP, AT_ONCE)
  const before = [cpuMs(apiServer), webhook === undefined ? 0 : cpuMs(webhook)] as const
  const { seconds } = await load(target, pods, AT_ONCE)
  const own = (webhook === undefined ? 0 : cpuMs(webhook)) - before[1]
  rounds.perSecond.push(pods / seconds)
  rounds.webhookCpuMs.push(own / pods)
  rounds.cpuMs.push((cpuMs(apiServer) - before[0] + own) / pods)
}

function samplesOf({ latenciesMs, perSecond, cpuMs, webhookCpuMs }: Rounds): Samples {
  const rounded = (value: number): number => Math.round(value * 1000) / 1000
  return {
    medianMs: latenciesMs.map((one) => rounded(quantile(one, 0.5))),
    p99Ms: rounded(quantile(latenciesMs.flat(), 0.99)),
    perSecond: perSecond.map(rounded),
    cpuMs: cpuMs.map(rounded),
    webhookCpuMs: webhookCpuMs.map(rounded),
  }
}

/** Of a hundredth of a second, whatever the kernel's own clock: proc_pid_stat(5), fields 14 and 15. */
const TICK_MS = 10

function cpuMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}
