/** A plan of any room: how it is shown, and how it is done. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { displayPlan, summary } from '../../../src/onboarding/plan/display.ts'
import { applyInOrder } from '../../../src/onboarding/plan/order.ts'
import type { Plan, Shown } from '../../../src/onboarding/plan/step.ts'

const plans = suite('a plan')

const STEPS: readonly Shown[] = [
  { verb: 'create', what: 'a', differences: [{ name: 'size', after: '1' }] },
  { verb: 'change', what: 'b', differences: [{ name: 'size', before: '1', after: '2' }] },
  { verb: 'delete', what: 'c' },
]

const made = (steps: readonly Shown[]): Plan<Shown> => ({ steps, notes: ['mind the gap'], problems: [] })
const same = (step: Shown): Shown => step

plans('is shown step by step, with what differs and the notes', () => {
  assert.equal(displayPlan(made(STEPS), same), [
    '+ create a',
    '    size: 1',
    '~ change b',
    '    size: 1 -> 2',
    '- delete c',
    'note: mind the gap',
  ])
})

plans('is summed up, with deletions only if there are some', () => {
  assert.is(summary(made(STEPS), same), '1 to create, 1 to change, 1 to delete')
  assert.is(summary(made(STEPS.slice(0, 2)), same), '1 to create, 1 to change')
})

plans('is done in its order, each step said as it is done, and then looked at again', async () => {
  const said: string[] = []
  const left = await applyInOrder(STEPS, {
    apply: async ({ verb, what }) => `${verb}d ${what}`,
    again: async () => {
      said.push('looked again')
      return made([])
    },
    say: (line) => said.push(line),
  })
  assert.equal(said, ['created a', 'changed b', 'deleted c', 'looked again'])
  assert.equal(left.steps, [])
})

plans('stops at the step that fails, and between two steps when it is told to', async () => {
  const stop = new AbortController()
  for (const [apply, says, done] of [
    [
      async ({ what }: Shown): Promise<string> => {
        if (what === 'b') throw new Error('no')
        return what
      },
      'no',
      ['a'],
    ],
    [
      async ({ what }: Shown): Promise<string> => {
        if (what === 'b') stop.abort(new Error('stopped'))
        return what
      },
      'stopped',
      ['a', 'b'],
    ],
  ] as const) {
    const said: string[] = []
    const again = async (): Promise<Plan<Shown>> => assert.unreachable('it was not done') as never
    const end = await applyInOrder(STEPS, {
      apply,
      again,
      say: (line) => said.push(line),
      signal: stop.signal,
    }).catch((error: unknown) => error)
    assert.is(end instanceof Error ? end.message : end, says)
    assert.equal(said, done)
  }
})

plans.run()
