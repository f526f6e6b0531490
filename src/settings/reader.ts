/** Hands out checked values by option, and gathers what is wrong or worth a warning on the way. */
import { KINDS, SOURCES } from './credentials-source.ts'
import type { GivenSetting } from './settings.ts'
import {
  OPTIONS,
  SETTINGS,
  type Definition,
  type OptionName,
  type SourceKind,
  type Value,
} from './options.ts'
import type { Problems } from './problems.ts'
import { mayHoldPassword } from '../text/secrets.ts'
import type { Source, Sources } from './sources.ts'
import type { Unfit } from './values.ts'

const TABLE: { readonly [Name in OptionName]: Definition<Value<Name>> } = SETTINGS

export class Reader {
  readonly warnings: string[] = []
  readonly #sources: Sources
  readonly #problems: Problems
  readonly #home: string | undefined

  constructor(sources: Sources, problems: Problems, home: string | undefined) {
    this.#sources = sources
    this.#problems = problems
    this.#home = home
  }

  source(name: OptionName): Source {
    return this.#sources.get(name) ?? { state: 'absent' }
  }

  /** Whether the user set it, be it wrongly. */
  isSet(name: OptionName): boolean {
    return ['given', 'refused'].includes(this.source(name).state)
  }

  /** Where the credentials come from, by what is set. */
  sourceKind(): SourceKind {
    const isChosen = (by?: OptionName): boolean => by !== undefined && this.isSet(by)
    return KINDS.find((kind) => isChosen(SOURCES[kind].by)) ?? 'vault-pki'
  }

  /** The checked value, else the table's fallback; undefined where there is neither, or a problem. */
  take<Name extends OptionName>(name: Name): Value<Name> | undefined {
    const source = this.source(name)
    if (source.state === 'refused') return undefined
    const { check, fallback } = TABLE[name]
    const text = source.state === 'given' ? source.text : fallback
    if (text === undefined) {
      this.#missing(name, source)
      return undefined
    }
    const checked = check(text, this.#home)
    if ('value' in checked) return checked.value
    this.problem(name, checked)
    return undefined
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
    const { required, meaning } = TABLE[name]
    if (required?.includes(this.sourceKind()) !== true) return
    const wrong = source.state === 'empty' ? source.where : 'is not set'
    this.problem(name, { wrong, expected: meaning })
  }
}

/** A mistaken path may lead to a token, so of a file's content nothing but an ARN is repeated. */
function shown(name: OptionName, { text, origin }: Extract<Source, { state: 'given' }>): string | undefined {
  if (TABLE[name].sensitive === true || mayHoldPassword(text)) return undefined
  return origin !== 'file' || text.startsWith('arn:') ? text : undefined
}
