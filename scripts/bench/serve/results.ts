/** The results of `npm run bench:serve`: docs/lab/serve.json, from which the page's tables are made. */
import type { LoadResult, Mode } from './load.ts'
import type { Memory } from '../../../test/rig/processes/memory.ts'

export const QUESTIONS = ['container', 'imds', 'session', 'unauthorized'] as const
export type QuestionName = (typeof QUESTIONS)[number]

/** In the order in which a process goes through them. */
export const STATES = ['start', 'ready', 'loaded', 'idle', 'renewed', 'idleAgain'] as const
/**
 * Listening before the first renewal; with the first credentials; right after the requests, and idle after them; right
 * after the renewals, and idle after them.
 */
export type State = (typeof STATES)[number]

export const OTHERS = ['compiler', 'renew', 'node'] as const
/** `serve` with JavaScriptCore's compiler, the executable's `renew`, and `serve` run from the sources by Node. */
export type OtherName = (typeof OTHERS)[number]

/** One renewal with its process, sampled every few milliseconds. */
export interface ChildSample {
  /** MiB, the child's resident set. */
  readonly peak: number
  /** MiB, the largest sum of both processes' proportional shares. */
  readonly together: number
  /** MiB, the largest sum of the anonymous part of these. */
  readonly anonymousTogether: number
}

export type KeptMode = Exclude<Mode, 'new'>

export interface OtherResult {
  readonly idle: Memory
  /** For the container endpoint; absent if nothing is served. */
  readonly medianMs?: Readonly<Record<KeptMode, number>>
}

export interface Results {
  /** `YYYY-MM-DD` */
  readonly date: string
  readonly machine: Readonly<Record<string, string>>
  readonly requests: Readonly<Record<QuestionName | 'floor', Readonly<Record<Mode, LoadResult>>>>
  readonly memory: Readonly<Record<State, Memory>>
  /** How long the idle process was observed, and the resident set at each second of it, MiB. */
  readonly idle: { readonly seconds: number; readonly rss: readonly number[] }
  readonly children: readonly ChildSample[]
  /**
   * For each renewal: the resident set after it in MiB, and the time from the signal until there were new credentials
   * in ms.
   */
  readonly renewals: { readonly rss: readonly number[]; readonly ms: readonly number[] }
  readonly others: Readonly<Record<OtherName, OtherResult>>
}
