/** Explains what is wrong with a command line: what no command accepts, and what the library finds. */
import {
  AliasNotFoundError,
  ArgumentParseError,
  EnumValidationError,
  FlagNotFoundError,
  UnexpectedFlagError,
  UnexpectedPositionalError,
  UnsatisfiedFlagError,
  UnsatisfiedPositionalError,
} from '@stricli/core'
import { IamRaError, type ErrorOptions } from '../errors.ts'
import { passwordKind, secretKind } from '../text/secrets.ts'

/** The digest of an image, as in `name:tag@sha256:…`: there is no password before that @. */
const IMAGE_DIGEST = /@sha256:[\da-f]{64}$/

function wrong(message: string, options: Pick<ErrorOptions, 'hint' | 'problems'>): IamRaError {
  return new IamRaError('SETTINGS_INVALID', 'settings', message, options)
}

/** @throws IamRaError for what no command accepts, before the line is parsed */
export function refuseLine(argv: readonly string[]): void {
  for (const [at, argument] of argv.entries()) {
    const kind = secretKind(argument) ?? passwordKind(argument.replace(IMAGE_DIGEST, ''))
    if (kind !== undefined) {
      throw wrong(`argument ${at + 1} contains what looks like ${kind}, and nothing was done`, {
        hint: 'write it to a file and give the file: other users of this machine can see the arguments',
      })
    }
    const [namespace] = /^(-n|--namespace(?==|$))/.exec(argument) ?? []
    if (namespace !== undefined) {
      throw wrong(`${namespace} is ambiguous, so no command accepts it`, {
        hint: 'use --installation NAME for an installation of iam-ra, or --k8s-namespace NAME for a namespace of the cluster',
      })
    }
    const [, flag] = /^(--[^=]+)=$/.exec(argument) ?? []
    if (flag !== undefined) {
      throw wrong(`${flag} has no value`, { hint: `write a value after the =, or omit ${flag}` })
    }
  }
}

export function unknownCommand(input: string, corrections: readonly string[]): IamRaError {
  if (input.startsWith('-')) {
    return wrong(`${input} comes before the command, but flags go after it`, {
      hint: `write iam-ra COMMAND ${input}; run iam-ra --help to list the commands`,
    })
  }
  return wrong(`there is no command ${input}`, {
    hint: corrections.length > 0 ? didYouMean(corrections) : 'run iam-ra --help to list the commands',
  })
}

/** @param command as the user types it, such as `iam-ra vault setup` */
export function wrongArguments(command: string, found: readonly unknown[]): IamRaError {
  const short = command.replace(/^iam-ra /, '')
  const faults = found.map((one) => faultOf(short, one))
  const hint =
    faults.find((fault) => fault.hint !== undefined)?.hint ?? `run ${command} --help to list the flags`
  const sentences = faults.map(({ sentence }) => sentence)
  return sentences.length === 1
    ? wrong(sentences.join(''), { hint })
    : wrong(`the command line has ${sentences.length} mistakes`, { problems: sentences, hint })
}

interface Fault {
  readonly sentence: string
  readonly hint?: string
}

/** Flags that operators may expect, and why there are none. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  bind: 'a role names each of its workloads; for more than one role holds, create a second one with the same policies',
  scope: 'use --installation NAME for a second trust anchor with roles of its own',
}

/** Decides by the class. The library's own helper decides by its name, which a minifier changes. */
function faultOf(command: string, found: unknown): Fault {
  if (found instanceof FlagNotFoundError) {
    const sentence = `${command} has no flag --${found.input}`
    const why = LEFT_OUT[found.input]
    if (why !== undefined) return { sentence, hint: why }
    const corrections = found.corrections.map((name) => `--${name.replace(/^--/, '')}`)
    return corrections.length === 0 ? { sentence } : { sentence, hint: didYouMean(corrections) }
  }
  return { sentence: sentenceOf(command, found) }
}

function sentenceOf(command: string, found: unknown): string {
  if (found instanceof AliasNotFoundError) return `${command} has no flag -${found.input}`
  if (found instanceof ArgumentParseError) {
    const name = found.externalFlagNameOrPlaceholder
    // Positional arguments have placeholders in capitals.
    return `${name === name.toUpperCase() ? name : `--${name}`} ${parserWords(found)}`
  }
  if (found instanceof EnumValidationError) {
    return `--${found.externalFlagName} must be one of ${found.values.join(', ')}, not ${found.input}`
  }
  if (found instanceof UnsatisfiedFlagError) {
    const next = found.nextFlagName === undefined ? '' : `: the next argument is --${found.nextFlagName}`
    return `--${found.externalFlagName} has no value${next}`
  }
  if (found instanceof UnexpectedPositionalError) return `unexpected argument ${found.input}`
  if (found instanceof UnsatisfiedPositionalError) return `${found.placeholder} is missing`
  if (found instanceof UnexpectedFlagError) return `--${found.externalFlagName} is given twice; give it once`
  return 'the command line cannot be parsed'
}

/** Our parsers say what is wrong as `is not …`, to follow the flag's name. The library's own parses booleans. */
function parserWords({ exception }: ArgumentParseError): string {
  if (exception instanceof SyntaxError) return 'takes no value'
  return exception instanceof Error ? exception.message : 'has a value that it does not accept'
}

function didYouMean(words: readonly string[]): string {
  return `did you mean ${words.map((word) => word.replaceAll('`', '')).join(' or ')}?`
}
