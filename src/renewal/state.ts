/** The state between renewals, and how each event changes it: pure, because every event carries its moment. */
import type { Obtained } from '../credentials.ts'
import type { IamRaError } from '../errors.ts'
import { earlier, later, type Moment } from './moment.ts'
import { renewalAt } from './schedule.ts'

/** Credentials with the times computed when they arrived, before a slow or failing store could shift them. */
export interface Held {
  readonly obtained: Obtained
  readonly obtainedAtMs: number
  readonly lifeMs: number
  readonly renewAt: Moment
  readonly endsAt: Moment
}

export interface State {
  readonly inUse: Held | undefined
  /** The starting point of the next run: in use, or still to be stored. */
  readonly latest: Held | undefined
  /** When the next run is due; undefined before the start. */
  readonly due: Moment | undefined
  /** Whether a run was requested and has not begun. */
  readonly isAsked: boolean
  /** When the latest run finished, by the monotonic clock. */
  readonly endedMs: number
  readonly succeeded: number
  readonly failed: number
  readonly failedInARow: number
  /** Why the latest run failed; undefined once one succeeds. */
  readonly failure: IamRaError | undefined
}

export type Event =
  | { readonly kind: 'start'; readonly firstAt: Moment }
  | { readonly kind: 'ask' }
  | { readonly kind: 'look'; readonly at: Moment }
  | { readonly kind: 'begin' }
  | { readonly kind: 'hold'; readonly held: Held }
  /** The credentials held were stored. */
  | { readonly kind: 'succeed'; readonly at: Moment }
  | { readonly kind: 'fail'; readonly failure: IamRaError; readonly pauseMs: number; readonly at: Moment }
  /** The wall clock was set. Expiry times were computed before the jump, and Vault leases have no other clock. */
  | { readonly kind: 'jump'; readonly comeBackAt: Moment }

export const INITIAL: State = {
  inUse: undefined,
  latest: undefined,
  due: undefined,
  isAsked: false,
  endedMs: Number.NEGATIVE_INFINITY,
  succeeded: 0,
  failed: 0,
  failedInARow: 0,
  failure: undefined,
}

/** An app that requests renewals in a loop must not use up the account's ten sessions a second. */
const ASKED_GAP_MS = 1000

export function step(state: State, event: Event): State {
  switch (event.kind) {
    case 'start':
      return { ...state, due: event.firstAt }
    case 'ask':
      return { ...state, isAsked: true }
    case 'look': {
      if (!state.isAsked) return state
      const pauseMs = Math.max(0, state.endedMs + ASKED_GAP_MS - event.at.elapsedMs)
      return { ...state, due: advanced(state, later(event.at, pauseMs)) }
    }
    case 'begin':
      return { ...state, isAsked: false }
    case 'hold':
      return { ...state, latest: event.held }
    case 'succeed':
      return {
        ...state,
        inUse: state.latest,
        due: state.latest?.renewAt,
        endedMs: event.at.elapsedMs,
        succeeded: state.succeeded + 1,
        failedInARow: 0,
        failure: undefined,
      }
    case 'fail':
      return {
        ...state,
        due: later(event.at, event.pauseMs),
        endedMs: event.at.elapsedMs,
        failed: state.failed + 1,
        failedInARow: state.failedInARow + 1,
        failure: event.failure,
      }
    case 'jump':
      return { ...state, latest: state.inUse, due: advanced(state, event.comeBackAt) }
  }
}

function advanced({ due }: State, moment: Moment): Moment {
  return due === undefined ? moment : earlier(due, moment)
}

/** @param random a number in [0, 1) */
export function hold(obtained: Obtained, at: Moment, random: number): Held {
  const { expiresAtMs } = obtained.credentials
  const obtainedAtMs = at.epochMs
  const lifeMs = expiresAtMs - obtainedAtMs
  const renewInMs = renewalAt({ obtainedAtMs, expiresAtMs }, random) - obtainedAtMs
  return { obtained, obtainedAtMs, lifeMs, renewAt: later(at, renewInMs), endsAt: later(at, lifeMs) }
}
