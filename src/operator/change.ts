/** A command that changes something: plan, show, ask, do in order, and look again. All of it on stderr. */
import { IamRaError, type Stage } from '../errors.ts'
import { displayPlan, summary } from '../onboarding/plan/display.ts'
import { applyInOrder } from '../onboarding/plan/order.ts'
import type { Plan, Shown } from '../onboarding/plan/step.ts'
import type { Paints } from '../terminal/colour.ts'
import type { OperatorContext } from './context.ts'
import { FOUND } from './exits.ts'

export interface Change<Step> {
  /** Reads what is there, and plans for it. Called again after the last step. */
  plan(): Promise<Plan<Step>>
  show(step: Step): Shown
  /** @returns what was done, as a line @throws IamRaError */
  apply(step: Step): Promise<string>
  /** It takes access away from somebody, though perhaps nothing is deleted. */
  readonly takesAway?: boolean
  /** Whose error it is if what was done is not visible afterwards. */
  readonly stage: Stage
}

export interface ChangeFlags {
  readonly yes?: boolean
  readonly 'dry-run'?: boolean
  /** With --dry-run: says by the exit code whether there is something to do. */
  readonly 'exit-code'?: boolean
}

/** @returns the exit code @throws IamRaError */
export async function change<Step>(
  context: OperatorContext,
  { plan, show, apply, stage, takesAway }: Change<Step>,
  flags: ChangeFlags,
): Promise<number> {
  const { stderr, terminal } = context.runtime
  const say = (line: string): void => stderr(`${line}\n`)
  const first = await plan()
  for (const line of displayPlan(first, show)) say(painted(line, terminal.paints))
  if (first.problems.length > 0) {
    throw new IamRaError('SETTINGS_INVALID', 'settings', 'nothing was changed', { problems: first.problems })
  }
  if (first.steps.length === 0) {
    say('nothing to do')
    return 0
  }
  const sum = summary(first, show)
  if (flags['dry-run'] === true) {
    say(`${sum}; nothing was changed: this is a dry run`)
    return flags['exit-code'] === true ? FOUND : 0
  }
  const takes = takesAway ?? first.steps.some((step) => show(step).verb === 'delete')
  if (flags.yes !== true) await confirm(context, sum, takes)
  const left = await applyInOrder(first.steps, { apply, again: plan, say, signal: context.interrupt })
  for (const note of left.notes) if (!first.notes.includes(note)) say(`note: ${note}`)
  if (left.steps.length === 0 && left.problems.length === 0) {
    say('done')
    return 0
  }
  throw new IamRaError('REFUSED', stage, 'every step was done, but not every change is visible', {
    problems: [...displayPlan({ ...left, notes: [] }, show), ...left.problems],
    hint: 'run it again in a moment: another writer may be at work, or the change has not spread yet',
  })
}

async function confirm(
  { runtime, interrupt }: OperatorContext,
  sum: string,
  takesAway: boolean,
): Promise<void> {
  const { terminal } = runtime
  if (!terminal.interactive) {
    if (!takesAway) return
    throw new IamRaError(
      'NOT_CONFIRMED',
      'confirmation',
      'this takes something away, and there is no terminal to ask on',
      {
        hint: 'add --yes, or run it on a terminal; check the plan with --dry-run',
      },
    )
  }
  // The plan comes before the question, which goes another way.
  await runtime.written()
  const reply = await terminal.ask({ text: `${sum}. Go on?`, initial: !takesAway, signal: interrupt })
  if (reply === 'yes') return
  if (reply === 'interrupted') {
    throw new IamRaError('INTERRUPTED', 'internal', 'stopped by Ctrl-C, nothing was changed', { signal: 2 })
  }
  throw new IamRaError('NOT_CONFIRMED', 'confirmation', 'not confirmed, nothing was changed')
}

function painted(line: string, { green, yellow, red }: Paints): string {
  if (line.startsWith('+')) return green(line)
  if (line.startsWith('~')) return yellow(line)
  return line.startsWith('-') ? red(line) : line
}
