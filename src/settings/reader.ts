/** Returns checked values by option, and collects problems and warnings on the way. */
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

  /** Whether the user set it, even to a wrong value. */
  isSet(name: OptionName): boolean {
    return ['given', 'refused'].includes(this.source(name).state)
  }

  /** The source of the credentials, according to the settings. */
  sourceKind(): SourceKind {
    const isChosen = (by?: OptionName): boolean => by !== undefined && this.isSet(by)
    return KINDS.find((kind) => isChosen(SOURCES[kind].by)) ?? 'vault-pki'
  }

  /** The checked value, or else the table's default; undefined if there is neither, or a problem. */
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

  /** The settings that were given, in the table's order, with their values if these may be shown. */
  given(): readonly GivenSetting[] {
    return OPTIONS.flatMap(({ name }) => {
      const source = this.source(name)
      if (source.state !== 'given') return []
      const text = shown(name, source)
      return [{ name, origin: source.origin, ...(text === undefined ? {} : { text }) }]
    })
  }

  /** Reports a problem with an option, repeating its value if that is harmless. */
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

/** A wrong path may lead to a token, so nothing of a file's content is repeated except an ARN. */
function shown(name: OptionName, { text, origin }: Extract<Source, { state: 'given' }>): string | undefined {
  if (TABLE[name].sensitive === true || mayHoldPassword(text)) return undefined
  return origin !== 'file' || text.startsWith('arn:') ? text : undefined
}
