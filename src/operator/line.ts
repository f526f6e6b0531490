/** What is wrong with a command line, in sentences: what no command takes, and what the library found in what one does. */
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

/** Of an image, such as `name:tag@sha256:…`: no password stands before that @. */
const IMAGE_DIGEST = /@sha256:[\da-f]{64}$/

function wrong(message: string, options: Pick<ErrorOptions, 'hint' | 'problems'>): IamRaError {
  return new IamRaError('SETTINGS_INVALID', 'settings', message, options)
}

/** @throws IamRaError for what no command takes, before anything is looked at more closely */
export function refuseLine(argv: readonly string[]): void {
  for (const [at, argument] of argv.entries()) {
    const kind = secretKind(argument) ?? passwordKind(argument.replace(IMAGE_DIGEST, ''))
    if (kind !== undefined) {
      throw wrong(`argument ${at + 1} holds what looks like ${kind}, and nothing was done`, {
        hint: 'write it into a file and name the file: other users of this machine see the arguments',
      })
    }
    const [namespace] = /^(-n|--namespace(?==|$))/.exec(argument) ?? []
    if (namespace !== undefined) {
      throw wrong(`${namespace} is ambiguous, so no command takes it`, {
        hint: 'use --installation NAME for an installation of iam-ra, --k8s-namespace NAME for a namespace of the cluster',
      })
    }
    const [, flag] = /^(--[^=]+)=$/.exec(argument) ?? []
    if (flag !== undefined) {
      throw wrong(`${flag} has no value`, { hint: `write one after the =, or leave ${flag} out` })
    }
  }
}

export function unknownCommand(input: string, corrections: readonly string[]): IamRaError {
  if (input.startsWith('-')) {
    return wrong(`${input} comes before the command, and flags go after it`, {
      hint: `write iam-ra COMMAND ${input}; run iam-ra --help to list the commands`,
    })
  }
  return wrong(`there is no command ${input}`, {
    hint: corrections.length > 0 ? didYouMean(corrections) : 'run iam-ra --help to list the commands',
  })
}

/** @param command as it is written, such as `iam-ra vault setup` */
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

/** By class and not by the class's name, which a minifier changes: so not the library's own helper. */
function faultOf(command: string, found: unknown): Fault {
  if (found instanceof FlagNotFoundError) {
    const sentence = `${command} has no flag --${found.input}`
    const corrections = found.corrections.map((name) => `--${name.replace(/^--/, '')}`)
    return corrections.length === 0 ? { sentence } : { sentence, hint: didYouMean(corrections) }
  }
  return { sentence: sentenceOf(command, found) }
}

function sentenceOf(command: string, found: unknown): string {
  if (found instanceof AliasNotFoundError) return `${command} has no flag -${found.input}`
  if (found instanceof ArgumentParseError) {
    const name = found.externalFlagNameOrPlaceholder
    // Placeholders of words are in capitals.
    return `${name === name.toUpperCase() ? name : `--${name}`} ${parserWords(found)}`
  }
  if (found instanceof EnumValidationError) {
    return `--${found.externalFlagName} takes ${found.values.join(', ')}, and not ${found.input}`
  }
  if (found instanceof UnsatisfiedFlagError) {
    const next = found.nextFlagName === undefined ? '' : `: --${found.nextFlagName} follows it`
    return `--${found.externalFlagName} has no value${next}`
  }
  if (found instanceof UnexpectedPositionalError) return `unexpected argument ${found.input}`
  if (found instanceof UnsatisfiedPositionalError) return `${found.placeholder} is missing`
  if (found instanceof UnexpectedFlagError) return `--${found.externalFlagName} is given twice`
  return 'the command line cannot be read'
}

/** A parser of ours says what is wrong as `is not …`, to be read after the flag's name; the library's own is that of booleans. */
function parserWords({ exception }: ArgumentParseError): string {
  if (exception instanceof SyntaxError) return 'takes no value'
  return exception instanceof Error ? exception.message : 'has a value that it does not take'
}

function didYouMean(words: readonly string[]): string {
  return `did you mean ${words.map((word) => word.replaceAll('`', '')).join(' or ')}?`
}
