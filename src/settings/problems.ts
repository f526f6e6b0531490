/** Collects everything wrong with the settings, so that the user sees all of it at once. */
import { OPTIONS, type OptionName } from './options.ts'
import type { Unfit } from './values.ts'

export class Problems {
  readonly #arguments: readonly string[]
  readonly #byOption = new Map<OptionName, string[]>()

  /** @param ofArguments lines about the command line, which come first. */
  constructor(ofArguments: readonly string[]) {
    this.#arguments = ofArguments
  }

  /** @param shown the value, if it may be repeated. */
  add(name: OptionName, { wrong, expected }: Unfit, shown?: string): void {
    const subject = shown === undefined ? '' : `${quote(shown)} `
    const lines = this.#byOption.get(name) ?? []
    const line = `${name}: ${subject}${wrong}; expected ${expected}`
    // An option may be read for two purposes.
    if (!lines.includes(line)) this.#byOption.set(name, [...lines, line])
  }

  /** One line per problem, in the table's order. */
  lines(): readonly string[] {
    return [...this.#arguments, ...OPTIONS.flatMap(({ name }) => this.#byOption.get(name) ?? [])]
  }
}

/** Quoted as JSON, so that nothing in it can pass for a line of ours or hide in one; 100 characters at most. */
export function quote(text: string): string {
  const characters = Array.from(text)
  const quoted = JSON.stringify(characters.length > 100 ? `${characters.slice(0, 100).join('')}…` : text)
  return quoted.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (one) => `\\u{${one.codePointAt(0)?.toString(16) ?? ''}}`,
  )
}
