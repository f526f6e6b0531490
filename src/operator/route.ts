/** What every line of the table of commands is made of. */
import type { CommandContext } from '@stricli/core'
import type { Tag } from '../onboarding/aws/bindings.ts'
import type { OperatorCommand, OperatorContext } from './context.ts'

/** What the library passes to a command as `this`. */
export interface LineContext extends CommandContext {
  readonly operator: OperatorContext
  /** Takes the exit code. */
  ended(code: number): void
}

type Loaded<Flags, Args extends readonly unknown[]> = (
  this: LineContext,
  flags: Flags,
  ...args: Args
) => Promise<void>

/** A command that is loaded only when it runs. */
export function from<Flags, Args extends readonly unknown[]>(
  load: () => Promise<OperatorCommand<Flags, Args>>,
): () => Promise<Loaded<Flags, Args>> {
  return async () => {
    const command = await load()
    return async function (flags, ...args) {
      this.ended(await command(this.operator, flags, ...args))
    }
  }
}

/** A flag with a value. @param parse throws an Error whose message follows the flag's name, such as `is not a number` */
export function valueFlag<T = string>(
  placeholder: string,
  brief: string,
  parse: (input: string) => T = (input) => input as T,
) {
  return { kind: 'parsed', optional: true, parse, placeholder, brief } as const
}

/** A flag with a value that may be repeated. */
export function listFlag<T>(placeholder: string, brief: string, parse: (input: string) => T) {
  return { kind: 'parsed', optional: true, variadic: true, parse, placeholder, brief } as const
}

/** For a flag that is taken as it is. */
export function asIs(input: string): string {
  return input
}

/** A flag with one of a few words. */
export function choiceFlag<Word extends string>(words: readonly Word[], brief: string) {
  return { kind: 'enum', optional: true, values: words, brief } as const
}

/** For a flag that counts. */
export function wholeNumber(input: string): number {
  if (/^\d{1,9}$/.test(input)) return Number(input)
  throw new Error('is not a whole number')
}

/** One positional argument. */
export function named(placeholder: string, brief: string) {
  return { kind: 'tuple', parameters: [{ brief, parse: asIs, placeholder }] } as const
}

/** A flag without a value. */
export function switchFlag(brief: string) {
  return { kind: 'boolean', optional: true, withNegated: false, brief } as const
}

/** Which installation, and which AWS account. */
export interface AccountFlags {
  readonly installation?: string
  readonly region?: string
  readonly profile?: string
}

export const ACCOUNT_FLAGS = {
  installation: valueFlag('NAME', 'the installation (default: IAM_RA_INSTALLATION, or default)'),
  region: valueFlag('REGION', 'the AWS region (default: AWS_REGION, or the one of the profile)'),
  profile: valueFlag('PROFILE', 'the profile of the AWS configuration (default: AWS_PROFILE)'),
} as const

export const ACCOUNT_ALIASES = { r: 'region', p: 'profile' } as const

export const CHANGE_FLAGS = {
  yes: switchFlag('apply without asking'),
  'dry-run': switchFlag('only show what would change'),
  'exit-code': switchFlag('with --dry-run: exit with 8 if there is anything to change'),
} as const

export const CHANGE_ALIASES = { y: 'yes' } as const

export const JSON_FLAG = switchFlag('print one JSON document')

/** For resources in organisations that require tags. */
export const TAG_FLAG = listFlag(
  'KEY=VALUE',
  'a tag of your organisation for what is created; may be repeated',
  (input): Tag => {
    const [, Key, Value] = /^([^=]+)=(.*)$/s.exec(input) ?? []
    if (Key !== undefined && Value !== undefined) return { Key, Value }
    throw new Error('is not KEY=VALUE')
  },
)
/** Which cluster kubectl asks. */
export const CONTEXT_FLAGS = {
  context: valueFlag('NAME', "the kubeconfig's context (default: the current one)"),
  kubeconfig: valueFlag('FILE', 'the kubeconfig (default: KUBECONFIG, or ~/.kube/config)'),
} as const
