/** The members that a step has in JSON. They are only ever added. */
import type { IamRaError } from '../errors.ts'
import type { Fact, Facts } from '../run/watch.ts'
import { timestamp } from '../text/time.ts'
import type { CheckStep } from './step.ts'

/** JSON leaves out undefined members. */
export function stepMembers({ name, state, lacks, given, sent, found, warnings, error }: CheckStep): object {
  return {
    name,
    state,
    lacks,
    settings: given?.map((one) => ({ name: one.name, origin: one.origin, text: one.text })),
    sent: plain(sent),
    found: plain(found),
    warnings,
    error: error === undefined ? undefined : errorMembers(error),
  }
}

function plain(facts: Facts): Readonly<Record<string, Fact | undefined>> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, fact]) => [
      name,
      fact instanceof Date ? timestamp(fact.getTime()) : fact,
    ]),
  )
}

function errorMembers({ stage, code, message, hint, problems }: IamRaError): object {
  return { stage, code, message, hint, problems: problems.length === 0 ? undefined : problems }
}
