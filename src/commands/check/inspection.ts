/** Runs a check's steps one by one: each with its own time, its failure kept, its warnings gathered. */
import { IamRaError } from '../../errors.ts'
import { serverDateMs } from '../../net/http.ts'
import type { Logger } from '../../run/log.ts'
import type { PipelineContext } from '../../sources/pipeline.ts'
import type { Bounds } from '../../run/deadline.ts'
import type { Runtime } from '../../run/runtime.ts'
import { spanText } from './instant.ts'
import type { CheckStep, Fact, Facts, StepName } from './report.ts'

/** What a step is given, and where it notes what it does. Facts noted before a failure are kept. */
export interface StepContext extends PipelineContext {
  sent(facts: Facts): void
  found(facts: Facts): void
  /** What a run has for the wait for a certificate, which is longer than a step's retries go on. */
  readonly runMs: number
  /** Whether the step has warned so far. */
  hasWarned(): boolean
}

export interface StepOptions {
  /** What is missing for the step proper: it is then skipped, unless the little that is done instead fails. */
  readonly lacks?: string
  /** Default STEP_MS, and never more than DEADLINE. */
  readonly limitMs?: number
}

export interface Inspection {
  readonly steps: readonly CheckStep[]
  /** @returns what the work brings; undefined where it failed. @throws what no step stands for: a signal, a bug */
  run<T>(
    name: StepName,
    work: (step: StepContext) => Promise<T>,
    options?: StepOptions,
  ): Promise<T | undefined>
  /** A step of which nothing can be done. */
  skip(name: StepName, lacks: string): void
  add(step: CheckStep): void
}

/** Retries go on for so long: a server that is down is not waited for as in a run, since the other steps wait too. */
const STEP_MS = 10_000

/** A smaller difference may be the Date header's own, which has whole seconds. */
const SKEW_WORTH_SHOWING_MS = 5000

export function createInspection(
  runtime: Runtime,
  logger: Logger,
  deadlineMs: number,
  interrupt: AbortSignal,
  onStep: (step: CheckStep) => void,
): Inspection {
  const steps: CheckStep[] = []
  // Of the step at work: a session that an earlier one made warns in the one that ends it.
  let warnings: string[] = []
  const gathering: Logger = { ...logger, warn: (message) => void warnings.push(message) }
  const add = (step: CheckStep): void => {
    steps.push(step)
    onStep(step)
  }
  return {
    steps,
    add,
    skip: (name, lacks) => add({ name, state: 'skipped', lacks, sent: {}, found: {}, warnings: [] }),
    async run(name, work, { lacks, limitMs = STEP_MS } = {}) {
      const watch = watchClock(runtime)
      const bounds = boundsOf(Math.min(limitMs, deadlineMs), runtime, interrupt)
      const sent: Record<string, Fact | undefined> = {}
      const found: Record<string, Fact | undefined> = {}
      warnings = []
      const context: StepContext = {
        runtime: watch.runtime,
        bounds,
        logger: gathering,
        runMs: deadlineMs,
        sent: (facts) => void Object.assign(sent, facts),
        found: (facts) => void Object.assign(found, facts),
        hasWarned: () => warnings.length > 0,
      }
      const done = (): CheckStep => ({
        name,
        state: lacks === undefined ? 'ok' : 'skipped',
        ...(lacks === undefined ? {} : { lacks }),
        sent,
        found: { ...found, clock: skewText(watch.skewMs()) },
        warnings,
      })
      try {
        const result = await work(context)
        add(done())
        return result
      } catch (error) {
        if (!(error instanceof IamRaError) || error.code === 'INTERRUPTED' || error.code === 'INTERNAL')
          throw error
        add({ ...done(), state: 'failed', error: withoutDeadline(error) })
        return undefined
      }
    },
  }
}

/**
 * Each attempt and all retries end in this time, but nothing is cut off when it is over: a Vault session is used in later
 * steps too, by the bounds of its login.
 */
function boundsOf(limitMs: number, { clock }: Runtime, interrupt: AbortSignal): Bounds {
  const startMs = clock.elapsed()
  return {
    signal: interrupt,
    deadlineMs: limitMs,
    remainingMs: () => limitMs - (clock.elapsed() - startMs),
  }
}

/** The step's own limit is no news: what stood in the way until then is. */
function withoutDeadline(error: IamRaError): IamRaError {
  const { cause } = error
  return error.code === 'DEADLINE' && cause instanceof IamRaError && cause.code !== 'DEADLINE' ? cause : error
}

/** The runtime, and how far its clock is ahead of the server that answered last. */
function watchClock(runtime: Runtime): { readonly runtime: Runtime; skewMs(): number | undefined } {
  let skewMs: number | undefined
  return {
    skewMs: () => skewMs,
    runtime: {
      ...runtime,
      http: (options) => {
        const client = runtime.http(options)
        return {
          async request(request) {
            const answer = await client.request(request)
            const dateMs = serverDateMs(answer)
            skewMs = dateMs === undefined ? undefined : runtime.clock.now() - dateMs
            return answer
          },
          close: () => client.close(),
        }
      },
    },
  }
}

function skewText(skewMs: number | undefined): string | undefined {
  if (skewMs === undefined || Math.abs(skewMs) < SKEW_WORTH_SHOWING_MS) return undefined
  return `this machine's is ${spanText(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} the server's`
}
