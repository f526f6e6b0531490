/** The results of the injection bench: docs/lab/injection.json. */

export const SUBJECTS = [
  'none',
  'policies asks',
  'webhook asks',
  'usual asks',
  'policies plain',
  'webhook plain',
  'usual plain',
] as const
/** What the API server has, and whether the pod asks. The usual webhook has no match conditions. */
export type SubjectName = (typeof SUBJECTS)[number]

export interface Samples {
  /** Of pods one at a time: a median for each round, in their order. */
  readonly medianMs: readonly number[]
  /** Of all rounds together. */
  readonly p99Ms: number
  /** With several at once, for each round. */
  readonly perSecond: readonly number[]
  /** For each pod, of the API server and the webhook, for each round. */
  readonly cpuMs: readonly number[]
  /** The webhook's part of it. */
  readonly webhookCpuMs: readonly number[]
}

export interface Run {
  /** Of the API server, such as 1.37.2. */
  readonly version: string
  readonly samples: Readonly<Record<SubjectName, Samples>>
}

export interface Results {
  readonly date: string
  readonly machine: Readonly<Record<string, string>>
  readonly runs: readonly Run[]
}
