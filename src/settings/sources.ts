/** The source of each option's text: a flag, the environment, or a file named in the environment. */
import { codeOf } from '../errors.ts'
import { NOT_A_FILE, readBoundedFile } from '../run/input-file.ts'
import type { Runtime } from '../run/runtime.ts'
import type { Option, OptionName } from './options.ts'
import { quote, type Problems } from './problems.ts'
import { holdsUser, mayHoldPassword, secretKind, withoutUser } from '../text/secrets.ts'
import { isPem, type Unfit } from './values.ts'

export type Source =
  | { readonly state: 'absent' }
  /** Set, but with nothing in it; `where` says what to look at. */
  | { readonly state: 'empty'; readonly where: string }
  /** There is a problem, and it is reported. */
  | { readonly state: 'refused' }
  | { readonly state: 'given'; readonly text: string; readonly origin: 'flag' | 'env' | 'file' }

export type Sources = ReadonlyMap<OptionName, Source>

/** Settings are short; anything longer is the wrong file. */
const MAX_FILE_BYTES = 64 * 1024

/** Reads each option's text once, and reports any that cannot be read. */
export async function readSources(
  { env, memoryFiles }: Pick<Runtime, 'env' | 'memoryFiles'>,
  flags: ReadonlyMap<OptionName, string>,
  problems: Problems,
  options: readonly (Option & { readonly name: OptionName })[],
): Promise<Sources> {
  const entries = options.map(async (option): Promise<[OptionName, Source]> => {
    const { name } = option
    const source = await readSource(option, env, memoryFiles, flags.get(name))
    if ('wrong' in source) {
      problems.add(name, source)
      return [name, { state: 'refused' }]
    }
    const unfit =
      source.state === 'given' && source.origin !== 'file' ? valueFault(option, source.text) : undefined
    if (unfit === undefined) return [name, source]
    problems.add(name, unfit)
    return [name, { state: 'refused' }]
  })
  return new Map(await Promise.all(entries))
}

async function readSource(
  option: Option,
  env: Runtime['env'],
  memoryFiles: Runtime['memoryFiles'],
  flag: string | undefined,
): Promise<Source | Unfit> {
  const { name, lowerCase } = option
  const value = textOf(env[name])
  const fileName = `${name}_FILE`
  const file = textOf(env[fileName])
  if (value !== '' && file !== '') {
    return { wrong: `is set together with ${fileName}`, expected: 'one of them' }
  }
  if (flag !== undefined) return { state: 'given', text: flag.trim(), origin: 'flag' }
  if (value !== '') return { state: 'given', text: value, origin: 'env' }
  if (file !== '') return readSettingFile(option, memoryFiles, file)
  const lower = lowerCase === true ? textOf(env[name.toLowerCase()]) : ''
  if (lower !== '') return { state: 'given', text: lower, origin: 'env' }
  if (env[name] !== undefined)
    return { state: 'empty', where: 'is set but empty, as an empty Secret leaves it' }
  if (env[fileName] !== undefined) return { state: 'empty', where: `is not set, and ${fileName} is empty` }
  return { state: 'absent' }
}

async function readSettingFile(
  option: Option,
  memoryFiles: Runtime['memoryFiles'],
  path: string,
): Promise<Source | Unfit> {
  const fileName = `${option.name}_FILE`
  const expected = 'a readable text file with the value'
  const pathFault = pathFaultOf(path)
  if (pathFault !== undefined) return { wrong: `has a path in ${fileName} that ${pathFault.wrong}`, expected }
  const named = `has ${mayHoldPassword(path) ? 'a path' : quote(path)} in ${fileName}, which`
  try {
    const bytes = await readBoundedFile(memoryFiles, path, MAX_FILE_BYTES)
    if (bytes === undefined) return { wrong: `${named} is larger than 64 KiB`, expected }
    const text = decode(bytes)
    if (text === undefined) return { wrong: `${named} is not UTF-8 text`, expected }
    if (text.trim() === '') return { state: 'empty', where: `${named} is empty` }
    const fault = valueFault(option, text.trim())
    if (fault !== undefined) return { wrong: `${named} ${fault.wrong}`, expected: fault.expected }
    return { state: 'given', text: text.trim(), origin: 'file' }
  } catch (error) {
    const code = codeOf(error)
    if (code === NOT_A_FILE) return { wrong: `${named} is not a file`, expected }
    // The code alone: the message repeats the path unchecked.
    return { wrong: `${named} cannot be read (${code ?? 'no reason given'})`, expected }
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** A Secret's value often ends in a newline. */
function textOf(value: string | undefined): string {
  return value === undefined ? '' : value.trim()
}

/**
 * Problems with a value whatever its meaning. A proxy's address may have a password, and Vault's or AWS's is checked
 * separately.
 */
function valueFault({ sensitive }: Option, text: string): Unfit | undefined {
  return sensitive === true ? textFault(withoutUser(text)) : pathFaultOf(text)
}

/** Problems with a path, or any text that is not an address. */
function pathFaultOf(text: string): Unfit | undefined {
  if (holdsUser(text)) {
    return { wrong: 'contains a user name or password', expected: 'a value without one' }
  }
  return textFault(text)
}

/** Problems with a text whatever its meaning. */
export function textFault(text: string): Unfit | undefined {
  const secret = secretKind(text)
  if (secret !== undefined) {
    return {
      wrong: `contains what looks like ${secret}`,
      expected: 'no secret here: settings that need one take the path of a file',
    }
  }
  if (isPem(text)) return { wrong: 'contains PEM text itself', expected: 'the path of a file with it' }
  if (/\p{Cc}/u.test(text)) {
    return { wrong: 'contains a line break or another control character', expected: 'a single line of text' }
  }
  // Copied from a web page, for example: the value looks right, and a server refuses it.
  const [invisible] = /[\p{Cf}\p{Zl}\p{Zp}]/u.exec(text) ?? []
  if (invisible !== undefined) {
    const code = invisible.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0') ?? ''
    return { wrong: `contains an invisible character (U+${code})`, expected: 'the value without it' }
  }
  // Kubernetes reference, Container.env.value: a reference that cannot be resolved is left as is.
  if (/\$\([^()\s]+\)/.test(text)) {
    return {
      wrong: 'still contains a $(NAME) reference',
      expected:
        "NAME to be defined earlier in the container's env list; otherwise Kubernetes leaves $(NAME) unexpanded",
    }
  }
  return undefined
}
