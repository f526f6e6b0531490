/** The results of a bench run: docs/lab/run.json, from which the page's tables are made. */
import type { Sizes } from '../build/sizes.ts'
import { ratios, summarize, type Summary } from './statistics.ts'
import type { Scheme, ServerKind } from './servers.ts'
import type { Key, SubjectName } from './subjects.ts'

/** For one subject, in the order of the rounds. */
export interface Samples {
  /** One sample in this many rounds, starting with the first. */
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
  /** Bytes of TCP payload, including TLS. */
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
  /** The most memory charged to a container of its own, in MiB; empty if no such group was available. */
  readonly containerMiB: Readonly<Partial<Record<SubjectName, number>>>
  readonly wire: readonly WireResult[]
  readonly sizes: readonly FileSize[]
}

export function summaryOf(samples: Samples, quantity: Quantity): Summary {
  return summarize(samples[quantity])
}

/** For the rounds in which both ran; undefined if the base was not measured. */
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
