/** Refusals that servers were seen to make, kept as data beside the tests: what holds of each table of rules. */
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { explain, otherwise, type RefusalFacts, type Rule } from '../../src/net/rules.ts'

export interface RecordedRefusal {
  /** The rule that is meant for it. */
  readonly rule: string
  /** Who says so, and where that can be read or was seen. */
  readonly source: string
  /** Set where documentation has the word and nobody is known to have seen the sentence. */
  readonly isUnseen?: true
  readonly status: number
  /** The server's words, empty where it says none. */
  readonly text: string
  /** Absent if the server says the cause itself. */
  readonly cause?: RegExp
  readonly hint: RegExp
}

/**
 * Each rule has a refusal that it explains, and each refusal meets its own rule before any other.
 * @param unseen rules of which no refusal was seen yet; a list that is to become shorter
 */
export function walkRules<Facts extends RefusalFacts, Recorded extends RecordedRefusal>(
  test: Test,
  rules: readonly Rule<Facts>[],
  recorded: readonly Recorded[],
  factsOf: (refusal: Recorded) => Facts,
  unseen: readonly string[] = [],
): void {
  test('are explained by rules of different names, of which the last one fits all', () => {
    assert.is(new Set(rules.map(({ name }) => name)).size, rules.length)
    assert.equal(
      rules.filter(({ when }) => when === otherwise),
      rules.slice(-1),
    )
  })

  for (const { name } of rules) {
    test(`are recorded for the rule ${name}`, () => {
      const own = recorded.filter(({ rule }) => rule === name)
      assert.ok(own.length > 0, `no refusal is recorded for ${name}`)
      assert.is(
        own.every(({ isUnseen }) => isUnseen === true),
        unseen.includes(name),
      )
    })
  }

  for (const refusal of recorded) {
    test(`meet ${refusal.rule} first: ${refusal.status} ${refusal.text}`, () => {
      assert.is(explain(rules, factsOf(refusal)).rule.name, refusal.rule)
      assert.ok(refusal.source.length > 0)
    })
  }
}
