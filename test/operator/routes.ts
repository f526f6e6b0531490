/** A table of commands that are no real ones: each ends in a way of its own, and two change a list in memory. */
import { setTimeout as delay } from 'node:timers/promises'
import { buildCommand, buildRouteMap } from '@stricli/core'
import { IamRaError, type Stage } from '../../src/errors.ts'
import type { Shown, Step } from '../../src/onboarding/plan/step.ts'
import { change, type ChangeFlags } from '../../src/operator/change.ts'
import { from, type LineContext } from '../../src/operator/route.ts'

const yes = { kind: 'boolean', optional: true, withNegated: false, brief: 'yes' } as const

interface FailFlags {
  readonly json?: boolean
}

/** `fail STAGE`, or `fail found`, `fail bug`, `fail hang`. */
const fail = buildCommand<FailFlags, [string], LineContext>({
  loader: from(() =>
    Promise.resolve(async ({ runtime }, _flags, how: string) => {
      if (how === 'found') return 8
      if (how === 'hang') {
        runtime.stdout('waiting')
        return await delay(60_000, 0)
      }
      if (how === 'bug') throw new TypeError('it holds a-secret')
      throw new IamRaError('REFUSED', how as Stage, `no\u001b[2J such luck`, {
        hint: 'try again',
        problems: ['one', 'two'],
      })
    }),
  ),
  parameters: {
    flags: { json: yes },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'how', parse: (text: string) => text, placeholder: 'HOW' }],
    },
  },
  docs: { brief: 'fails' },
})

/** `things create:a change:b delete:c problem:d`; a step with a ! at its end does not hold. */
const things = buildCommand<ChangeFlags, string[], LineContext>({
  loader: from(() =>
    Promise.resolve(async (context, flags, ...words: string[]) => {
      const done = new Set<string>()
      const stepOf = (word: string): Step => {
        const [verb, what = ''] = word.split(':')
        return {
          shown: { verb: verb as Shown['verb'], what, differences: [{ name: 'size', after: '1' }] },
          apply: async () => {
            if (!word.endsWith('!')) done.add(word)
            return await Promise.resolve(`did ${word}`)
          },
        }
      }
      return await change(
        context,
        {
          plan: async () =>
            await Promise.resolve({
              steps: words.filter((word) => !word.startsWith('problem:') && !done.has(word)).map(stepOf),
              notes: done.size === 0 ? ['mind the gap'] : ['mind the gap', 'it is there'],
              problems: words.filter((word) => word.startsWith('problem:')),
            }),
          stage: 'exchange',
        },
        flags,
      )
    }),
  ),
  parameters: {
    flags: { yes, 'dry-run': yes, 'exit-code': yes },
    positional: { kind: 'array', parameter: { brief: 'what', parse: (text: string) => text } },
  },
  docs: { brief: 'changes' },
})

export const TEST_ROUTES = buildRouteMap({
  routes: { fail, things },
  docs: { brief: 'for tests' },
})
