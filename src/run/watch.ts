/** A run, step by step, before a watcher that a command brings: sources and sinks say what they do, and once only. */
import { IamRaError, type Stage } from '../errors.ts'
import type { Logger } from './log.ts'
import type { RetryContext } from './retry.ts'
import type { Runtime } from './runtime.ts'

export interface RunContext extends RetryContext {
  readonly runtime: Runtime
  readonly logger: Logger
}

/** A Date if it is a moment. Never a token, a key or a credential. */
export type Fact = string | number | boolean | Date | readonly string[]

/** By names such as `common_name`; what there is none of is undefined. */
export type Facts = Readonly<Record<string, Fact | undefined>>

export interface StepDescription {
  /** `check --json` shows it, so that a name never changes its meaning. */
  readonly name: string
  /** What `check` calls it in its text. */
  readonly title: string
  readonly stage: Stage
  /** Whether it asks no server. */
  readonly how: 'reads' | 'sends'
  /** What is sent to a server, or which file is read. */
  readonly sent?: Facts
  /** That it may take all the time of a run, whatever watches it. */
  readonly isLong?: true
}

/** What a step is given. */
export interface StepContext extends RunContext {
  /** What a run has left for a wait that no server answers; more than `bounds` if these are of the step alone. */
  runMs(): number
  /** Facts that are noted before a failure are kept. */
  found(facts: Facts): void
  /** Whether the step has warned so far; false if nobody keeps its facts. */
  hasWarned(): boolean
}

/** What can be looked at by itself. */
export interface Look {
  readonly step: StepDescription
  /** What is missing for the step proper, of which this is the little that can be done all the same. */
  readonly lacks?: string
  /** Absent if nothing can be done. */
  readonly work?: (step: StepContext) => Promise<void>
}

export interface Watch {
  /** Begins the work before it returns, unless the watcher takes one step after the other. @throws what the work throws */
  step<T>(step: StepDescription, work: (step: StepContext) => Promise<T>): Promise<T>
  /** A look ahead, for a watcher that shows each step: the next step finds the same. @throws what it finds */
  look(look: Look): Promise<void>
}

/** Goes on its way as fast as it can; all that it watches is which stage the deadline ends. */
export function watchStages(context: RunContext): Watch {
  const given: StepContext = {
    ...context,
    runMs: () => context.bounds.remainingMs(),
    found: () => undefined,
    hasWarned: () => false,
  }
  return {
    step: ({ stage }, work) => inStage(stage, () => work(given)),
    look: () => Promise.resolve(),
  }
}

/** The deadline does not know which step it ends. */
export async function inStage<T>(stage: Stage, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof IamRaError) || error.code !== 'DEADLINE' || error.stage === stage) throw error
    throw new IamRaError('DEADLINE', stage, error.message, { cause: error, hint: error.hint })
  }
}
