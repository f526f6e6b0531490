/** What a run of the bench found: docs/lab/run.json, from which the page's tables are made. */
import type { Sizes } from '../build/sizes.ts'
import { ratios, summarize, type Summary } from './statistics.ts'
import type { Scheme, ServerKind } from './servers.ts'
import type { Key, SubjectName } from './subjects.ts'

/** Of one subject, in the order of the rounds. */
export interface Samples {
  /** One sample in so many rounds, from the first on. */
  readonly every: number
  readonly wallMs: readonly number[]
  readonly cpuMs: readonly number[]
  readonly peakMiB: readonly number[]
  readonly readMB: readonly number[]
}

export type Quantity = Exclude<keyof Samples, 'every'>

export type Eviction = 'drop_caches' | 'posix_fadvise'

export type ScenarioName = 'job' | 'start' | 'https' | 'rsa' | 'cold'

export interface ScenarioResult {
  readonly scheme: Scheme
  readonly key: Key
  readonly samples: Readonly<Partial<Record<SubjectName, Samples>>>
}

export interface Traffic {
  readonly connections: number
  /** Bytes of TCP payload, TLS among it. */
  readonly sent: number
  readonly received: number
}

export interface WireResult {
  readonly subject: SubjectName
  readonly scheme: Scheme
  readonly vault: Traffic
  readonly aws: Traffic
}

export interface FileSize extends Sizes {
  readonly what: string
}

export interface Results {
  /** `YYYY-MM-DD` */
  readonly date: string
  readonly servers: ServerKind
  readonly machine: Readonly<Record<string, string>>
  readonly eviction: Eviction
  readonly scenarios: Readonly<Record<ScenarioName, ScenarioResult>>
  /** MiB that a container of its own was charged with at most; empty where there was no such group to be had. */
  readonly containerMiB: Readonly<Partial<Record<SubjectName, number>>>
  readonly wire: readonly WireResult[]
  readonly sizes: readonly FileSize[]
}

export function summaryOf(samples: Samples, quantity: Quantity): Summary {
  return summarize(samples[quantity])
}

/** By the rounds in which both ran; undefined where the base was not measured. */
export function timesBase(
  samples: Samples,
  base: Samples | undefined,
  quantity: Quantity,
): Summary | undefined {
  if (base === undefined) return undefined
  const rounds = samples[quantity].map((_sample, index) => index * samples.every)
  return ratios(
    samples[quantity],
    rounds.map((round) => base[quantity][round / base.every] ?? Number.NaN),
  )
}
