/** What a server's refusal means, as a table: the first rule that matches gives the cause and the next thing to do. */

export interface RefusalFacts {
  /** The server's own words, fit to show, one per line. */
  readonly text: string
}

/** Either the same text for each refusal, or derived from its facts. */
export type Words<Facts> = string | ((facts: Facts) => string)

export interface Rule<Facts extends RefusalFacts> {
  /** As tests and documents call it. */
  readonly name: string
  /** A pattern matches the server's words. */
  readonly when: RegExp | ((facts: Facts) => boolean)
  /** Absent if the server says it itself. */
  readonly cause?: Words<Facts>
  readonly hint: Words<Facts>
}

export interface Explanation<R> {
  readonly rule: R
  /** Empty if the rule has none. */
  readonly cause: string
  readonly hint: string
}

/** For the last rule of a table, which matches every other refusal. */
export const otherwise = (): boolean => true

/** @param rules in order of precedence; the last one matches everything */
export function explain<Facts extends RefusalFacts, R extends Rule<Facts>>(
  rules: readonly R[],
  facts: Facts,
): Explanation<R> {
  const say = (words: Words<Facts>): string => (typeof words === 'string' ? words : words(facts))
  for (const rule of rules) {
    const { when, cause = '', hint } = rule
    if (when instanceof RegExp ? when.test(facts.text) : when(facts))
      return { rule, cause: say(cause), hint: say(hint) }
  }
  throw new Error('the last rule of a table fits all')
}
