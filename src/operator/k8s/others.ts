/** Bindings that only a role's tags name: anyone who may tag could have added them, so letting them in takes a separate yes. */
import { IamRaError } from '../../errors.ts'
import type { Binding } from '../../onboarding/aws/bindings.ts'
import type { BoundRole } from '../../onboarding/aws/installation.ts'
import { commonName } from '../../onboarding/names.ts'
import type { ChangeFlags } from '../change.ts'
import type { OperatorContext } from '../context.ts'

export interface OthersFlags extends ChangeFlags {
  readonly 'settle-others'?: boolean
}

/**
 * Asks on a terminal, and only there. --yes answers the question about what this run was told to do, and not this one.
 * @param place the workload that is onboarded, which is nobody else's
 * @throws IamRaError for Ctrl-C
 */
export async function letsOthersIn(
  { runtime, interrupt }: OperatorContext,
  flags: OthersFlags,
  role: BoundRole,
  place: Pick<Binding, 'cluster' | 'namespace' | 'workload'>,
): Promise<boolean> {
  if (flags['settle-others'] === true) return true
  const { terminal, stderr } = runtime
  const others = role.lacking.filter(
    (one) =>
      one.cluster !== place.cluster || one.namespace !== place.namespace || one.workload !== place.workload,
  )
  const isAsked = terminal.interactive && flags.yes !== true && flags['dry-run'] !== true
  if (others.length === 0 || role.fault !== undefined || !isAsked) return false
  stderr(
    `role ${role.role} has tags of workloads that its trust policy does not let in; anyone who may tag the role could have added them:\n`,
  )
  for (const one of others) {
    stderr(
      `    ${one.namespace}/${one.workload} of ${one.cluster}, with the certificate ${commonName(one)}\n`,
    )
  }
  // The list must be shown before the question, which another stream writes.
  await runtime.written()
  const text = others.length === 1 ? 'Let it in too?' : `Let these ${others.length} in too?`
  const reply = await terminal.ask({ text, initial: false, signal: interrupt })
  if (reply === 'interrupted') {
    throw new IamRaError('INTERRUPTED', 'internal', 'stopped by Ctrl-C; nothing was changed', { signal: 2 })
  }
  return reply === 'yes'
}
