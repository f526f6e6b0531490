/** A step of a plan for AWS: what is shown of it, and how it is done. Doing it twice is doing it once. */
import type { Plan, Shown } from '../plan/step.ts'

export interface AwsStep {
  readonly shown: Shown
  /** @returns what was done, as a line @throws IamRaError */
  readonly apply: () => Promise<string>
}

export type AwsPlan = Plan<AwsStep>
