/** Runs a check's steps one by one, each with its own time limit; keeps failures and warnings. */
import { IamRaError } from '../errors.ts'
import { serverDateMs } from '../net/http.ts'
import type { Logger } from '../run/log.ts'
import type { Bounds } from '../run/deadline.ts'
import type { Runtime } from '../run/runtime.ts'
import type { Fact, StepContext, StepDescription, Watch } from '../run/watch.ts'
import { spanText } from './instant.ts'
import type { CheckStep } from './step.ts'

export interface Inspection {
  readonly steps: readonly CheckStep[]
  add(step: CheckStep): void
  /** @returns the result, undefined if a step failed. @throws what is no step's failure: a signal, a bug */
  follow<T>(way: (watch: Watch) => Promise<T>): Promise<T | undefined>
}

/** How long retries go on: shorter than in a run, since the other steps are waiting. */
const STEP_MS = 10_000

/** A smaller difference may come from the Date header, which has whole seconds. */
const SKEW_WORTH_SHOWING_MS = 5000

export function createInspection(
  runtime: Runtime,
  logger: Logger,
  deadlineMs: number,
  interrupt: AbortSignal,
  onStep: (step: CheckStep) => void,
): Inspection {
  const steps: CheckStep[] = []
  // Warnings of the current step; a session created earlier may warn in the step that ends it.
  let warnings: string[] = []
  const gathering: Logger = { ...logger, warn: (message) => void warnings.push(message) }
  const add = (step: CheckStep): void => {
    steps.push(step)
    onStep(step)
  }
  async function perform<T>(
    { name, title, how, sent = {}, isLong }: StepDescription,
    work: (step: StepContext) => Promise<T>,
    lacks?: string,
  ): Promise<T> {
    const watch = watchClock(runtime)
    const limitMs = isLong === true ? deadlineMs : Math.min(STEP_MS, deadlineMs)
    const found: Record<string, Fact | undefined> = {}
    warnings = []
    const done = (): CheckStep => ({
      ...{ name, title, how, sent, warnings },
      state: lacks === undefined ? 'ok' : 'skipped',
      ...(lacks === undefined ? {} : { lacks }),
      found: { ...found, clock: skewText(watch.skewMs()) },
    })
    try {
      const result = await work({
        runtime: watch.runtime,
        bounds: boundsOf(limitMs, runtime, interrupt),
        logger: gathering,
        runMs: () => deadlineMs,
        found: (facts) => void Object.assign(found, facts),
        hasWarned: () => warnings.length > 0,
      })
      add(done())
      return result
    } catch (error) {
      if (isFinding(error)) add({ ...done(), state: 'failed', error: withoutDeadline(error) })
      throw error
    }
  }
  // One step after the other: each has its own time and its own warnings, whatever runs beside what in a run.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn: typeof perform = (...asked) => {
    const turn = last.then(() => perform(...asked))
    last = turn.catch(() => undefined)
    return turn
  }
  const watch: Watch = {
    step: (step, work) => inTurn(step, work),
    look: ({ step, work = () => Promise.resolve(), lacks }) => inTurn(step, work, lacks),
  }
  return {
    steps,
    add,
    async follow(way) {
      try {
        return await way(watch)
      } catch (error) {
        if (!isFinding(error)) throw error
        return undefined
      }
    },
  }
}

function isFinding(error: unknown): error is IamRaError {
  return error instanceof IamRaError && error.code !== 'INTERRUPTED' && error.code !== 'INTERNAL'
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

/** The step's own limit says nothing; what failed until then does. */
function withoutDeadline(error: IamRaError): IamRaError {
  const { cause } = error
  return error.code === 'DEADLINE' && cause instanceof IamRaError && cause.code !== 'DEADLINE' ? cause : error
}

/** The runtime, and how far its clock is ahead of the last server that answered. */
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
