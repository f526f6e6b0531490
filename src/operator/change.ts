/** Makes a change: plans it, shows the plan, asks, applies it, and plans again. Prints only to stderr. */
import { IamRaError, type Stage } from '../errors.ts'
import { displayPlan, summary } from '../onboarding/plan/display.ts'
import { applyInOrder } from '../onboarding/plan/order.ts'
import type { Plan, Shown, Step } from '../onboarding/plan/step.ts'
import type { Paints } from '../terminal/colour.ts'
import { startProgress, type Progress } from '../terminal/progress.ts'
import type { OperatorContext } from './context.ts'
import { FOUND } from './exits.ts'

export interface Change {
  /** Reads the current state, and makes a plan for it. Called again after the last step. */
  plan(): Promise<Plan>
  /** Whether it takes away access. Default: whether a step deletes something. */
  readonly takesAway?: boolean
  /** The stage of the error if a change is not visible afterwards. */
  readonly stage: Stage
}

export interface ChangeFlags {
  readonly yes?: boolean
  readonly 'dry-run'?: boolean
  /** With --dry-run: the exit code says whether there is anything to do. */
  readonly 'exit-code'?: boolean
}

const show = ({ shown }: Step): Shown => shown

/** @returns the exit code @throws IamRaError */
export async function change(
  context: OperatorContext,
  { plan, stage, takesAway }: Change,
  flags: ChangeFlags,
): Promise<number> {
  const { stderr, terminal } = context.runtime
  const say = (line: string): void => stderr(`${line}\n`)
  const first = await plan()
  for (const line of displayPlan(first, show)) say(painted(line, terminal.paints))
  if (first.problems.length > 0) {
    throw new IamRaError('SETTINGS_INVALID', 'settings', 'nothing was changed', {
      problems: first.problems,
      hint: 'settle what is listed above, and run the same command again',
    })
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
  const left = await applyInOrder(first.steps, {
    ...{ again: plan, say, signal: context.interrupt },
    apply: (step) => applyShown(context, step),
  })
  for (const note of left.notes) if (!first.notes.includes(note)) say(`note: ${note}`)
  if (left.steps.length === 0 && left.problems.length === 0) {
    say('done')
    return 0
  }
  throw new IamRaError('REFUSED', stage, 'every step was applied, but not every change is visible', {
    problems: [...displayPlan({ ...left, notes: [] }, show), ...left.problems],
    hint: 'run it again in a moment: the change may take time to become visible, or something else may have changed it back',
  })
}

/** A line of the terminal says what a step is waiting for, while it waits. */
async function applyShown({ runtime }: OperatorContext, step: Step): Promise<string> {
  let progress: Progress | undefined
  try {
    return await step.apply((what) => {
      progress ??= startProgress(runtime, what)
      progress.awaits(what)
    })
  } finally {
    progress?.end()
  }
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
      'this takes something away, and there is no terminal to confirm it on',
      {
        hint: 'check the plan with --dry-run, then add --yes or run it in a terminal',
      },
    )
  }
  // The plan must be shown before the question, which another stream writes.
  await runtime.written()
  const reply = await terminal.ask({ text: `${sum}. Continue?`, initial: !takesAway, signal: interrupt })
  if (reply === 'yes') return
  if (reply === 'interrupted') {
    throw new IamRaError('INTERRUPTED', 'internal', 'stopped by Ctrl-C; nothing was changed', { signal: 2 })
  }
  throw new IamRaError('NOT_CONFIRMED', 'confirmation', 'not confirmed; nothing was changed')
}

function painted(line: string, { green, yellow, red }: Paints): string {
  if (line.startsWith('+')) return green(line)
  if (line.startsWith('~')) return yellow(line)
  return line.startsWith('-') ? red(line) : line
}
