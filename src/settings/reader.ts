/** Hands out checked values by option, and gathers what is wrong or worth a warning on the way. */
import type { GivenSetting } from './settings.ts'
import { OPTIONS, type Option, type OptionName } from './options.ts'
import type { Problems } from './problems.ts'
import { mayHoldPassword } from '../text/secrets.ts'
import type { Source, Sources } from './sources.ts'
import type { Check, Unfit } from './values.ts'

const TABLE: ReadonlyMap<OptionName, Option> = new Map(OPTIONS.map((option) => [option.name, option]))

export class Reader {
  readonly warnings: string[] = []
  readonly #sources: Sources
  readonly #problems: Problems

  constructor(sources: Sources, problems: Problems) {
    this.#sources = sources
    this.#problems = problems
  }

  source(name: OptionName): Source {
    return this.#sources.get(name) ?? { state: 'absent' }
  }

  /** Whether the user set it, be it wrongly. */
  isSet(name: OptionName): boolean {
    return ['given', 'refused'].includes(this.source(name).state)
  }

  /** The checked value, else the table's fallback; undefined where there is neither, or a problem. */
  take<T>(name: OptionName, check: Check<T>): T | undefined {
    const source = this.source(name)
    if (source.state === 'refused') return undefined
    const fallback = TABLE.get(name)?.fallback
    const text = source.state === 'given' ? source.text : fallback
    if (text === undefined) {
      this.#missing(name, source)
      return undefined
    }
    const checked = check(text)
    if ('value' in checked) return checked.value
    this.problem(name, checked)
    return undefined
  }

  /** The checked value of what is given, whether or not the table calls it required. */
  find<T>(name: OptionName, check: Check<T>): T | undefined {
    return this.source(name).state === 'given' ? this.take(name, check) : undefined
  }

  /** What was set, in the table's order, as far as it may be shown. */
  given(): readonly GivenSetting[] {
    return OPTIONS.flatMap(({ name }) => {
      const source = this.source(name)
      if (source.state !== 'given') return []
      const text = shown(name, source)
      return [{ name, origin: source.origin, ...(text === undefined ? {} : { text }) }]
    })
  }

  /** Reports a problem with an option, repeating its value where that is harmless. */
  problem(name: OptionName, unfit: Unfit): void {
    const source = this.source(name)
    this.#problems.add(name, unfit, source.state === 'given' ? shown(name, source) : undefined)
  }

  #missing(name: OptionName, source: Source): void {
    const option = TABLE.get(name)
    if (option?.required === undefined) return
    const [expected = ''] = option.meaning.split(';')
    const wrong = source.state === 'empty' ? source.where : 'is not set'
    this.problem(name, { wrong, expected })
  }
}

/** A mistaken path may lead to a token, so of a file's content nothing but an ARN is repeated. */
function shown(name: OptionName, { text, origin }: Extract<Source, { state: 'given' }>): string | undefined {
  if (TABLE.get(name)?.sensitive === true || mayHoldPassword(text)) return undefined
  return origin !== 'file' || text.startsWith('arn:') ? text : undefined
}
