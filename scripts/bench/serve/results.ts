/** What a run of `npm run bench:serve` found: docs/lab/serve.json, from which the page's tables are made. */
import type { LoadResult, Mode } from './load.ts'
import type { Memory } from '../../../test/rig/processes/memory.ts'

export const QUESTIONS = ['container', 'imds', 'session', 'unauthorized'] as const
export type QuestionName = (typeof QUESTIONS)[number]

/** In the order in which a process comes through them. */
export const STATES = ['start', 'ready', 'loaded', 'idle', 'renewed', 'idleAgain'] as const
/**
 * Listening, with the first renewal not yet begun; the first credentials there; right after the requests and idle after
 * them; right after the renewals and idle after them.
 */
export type State = (typeof STATES)[number]

export const OTHERS = ['compiler', 'renew', 'node'] as const
/** `serve` with JavaScriptCore's compiler, the executable's `renew`, and `serve` from the sources by Node. */
export type OtherName = (typeof OTHERS)[number]

/** One renewal with its process, looked at every few milliseconds. */
export interface ChildSample {
  /** MiB, of the child's resident set. */
  readonly peak: number
  /** MiB, the greatest sum of both processes' shares. */
  readonly together: number
  /** MiB, the greatest sum of what is of no file in these. */
  readonly anonymousTogether: number
}

export type KeptMode = Exclude<Mode, 'new'>

export interface OtherResult {
  readonly idle: Memory
  /** Of the container endpoint; absent where nothing is served. */
  readonly medianMs?: Readonly<Record<KeptMode, number>>
}

export interface Results {
  /** `YYYY-MM-DD` */
  readonly date: string
  readonly machine: Readonly<Record<string, string>>
  readonly requests: Readonly<Record<QuestionName | 'floor', Readonly<Record<Mode, LoadResult>>>>
  readonly memory: Readonly<Record<State, Memory>>
  /** How long idle is waited for, and the resident set at each second of it, MiB. */
  readonly idle: { readonly seconds: number; readonly rss: readonly number[] }
  readonly children: readonly ChildSample[]
  /** One for each renewal: the resident set after it in MiB, and from the signal until credentials were there in ms. */
  readonly renewals: { readonly rss: readonly number[]; readonly ms: readonly number[] }
  readonly others: Readonly<Record<OtherName, OtherResult>>
}
