/** Apps with SDKs that others wrote, each in a process with nothing but the environment that it is given. */
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { EXAMPLE } from '../../rig/emulators/stage.ts'
import { runChild } from '../../rig/processes/child.ts'
import type { Reader } from './readers.ts'
import { startRunner } from './readers/runner.ts'

export interface Question {
  /** `kept` has asked before, if it was asked before; `fresh` has found its credentials nowhere yet. */
  readonly app: 'kept' | 'fresh'
  /** How many fresh ones, all at once. Default 1. */
  readonly count?: number
  /** Whether S3 is asked too. */
  readonly buckets?: boolean
  /** boto3 alone: how many seconds its credentials are to be taken for older than they are. */
  readonly ahead?: number
}

/** Whose credentials STS saw, or what the SDK says to its user. */
export type Answer =
  { readonly arn: string; readonly buckets?: readonly string[] } | { readonly error: string }

export interface App {
  ask(question: Question): Promise<readonly Answer[]>
  /** The first answer. */
  askOne(question: Question): Promise<Answer>
  end(): Promise<void>
}

export type SdkReader = Exclude<Reader, 'AWS CLI'>

/** What every app is told besides where its credentials are. */
export function appEnv(
  { sts, s3 }: Readonly<Record<'sts' | 's3', { readonly url: string }>>,
  home: string,
): Readonly<Record<string, string>> {
  return {
    HOME: home,
    AWS_REGION: EXAMPLE.region,
    AWS_DEFAULT_REGION: EXAMPLE.region,
    AWS_ENDPOINT_URL_STS: sts.url,
    AWS_ENDPOINT_URL_S3: s3.url,
  }
}

export function startApp(reader: SdkReader, env: Readonly<Record<string, string>>): App {
  const runner = startRunner(reader)
  const ask = async ({ app, ...more }: Question): Promise<readonly Answer[]> => {
    const which = app === 'kept' ? { kept: 'kept' } : { count: 1 }
    const answer = await runner.ask({ ask: 'use', env, ...which, ...more })
    return (answer.answers ?? [answer]) as readonly Answer[]
  }
  return {
    ask,
    async askOne(question) {
      const [answer = { error: 'no answer' }] = await ask(question)
      return answer
    },
    end: () => runner.end(),
  }
}

/** Of an app that waits for other credentials: 30 s. */
const MOST_USES = 600

/** Uses a kept app until it does so with other credentials than those, and returns the first other answer. */
export async function nextAnswer(
  app: App,
  before: Answer,
  question: Omit<Question, 'app'> = {},
): Promise<Answer> {
  for (let use = 0; use < MOST_USES; use += 1) {
    const answer = await app.askOne({ ...question, app: 'kept' })
    if (!isDeepStrictEqual(answer, before)) return answer
    // The JavaScript SDK uses what it has and asks meanwhile.
    await delay(50)
  }
  return before
}

export function arnOf(answer: Answer): string {
  return 'arn' in answer ? answer.arn : answer.error
}

/**
 * An error as the reader shows it. The JavaScript SDK keeps each provider's reason to itself, so there it is our log alone
 * that has it.
 */
export function shown(reader: Reader, reason: RegExp): RegExp {
  const javascript = /"error":"CredentialsProviderError: Could not load credentials from any providers"/
  return reader === 'JavaScript SDK' ? javascript : new RegExp(`"error":.*${reason.source}`)
}

/** One app that is asked once. */
export async function askOnce(
  reader: Reader,
  python: string,
  env: Readonly<Record<string, string>>,
): Promise<Answer> {
  if (reader === 'AWS CLI') return await askByCommands(python, env)
  const app = startApp(reader, env)
  try {
    return await app.askOne({ app: 'fresh', buckets: true })
  } finally {
    await app.end()
  }
}

async function askByCommands(python: string, env: Readonly<Record<string, string>>): Promise<Answer> {
  const arn = await aws(python, env, 'sts', 'get-caller-identity', '--query', 'Arn')
  if ('error' in arn) return arn
  const buckets = await aws(python, env, 's3api', 'list-buckets', '--query', 'Buckets[].Name')
  if ('error' in buckets) return buckets
  return { arn: arn.value as string, buckets: buckets.value as string[] }
}

/** A command of the AWS CLI as users type it. @returns its output, or what it says on stderr */
export async function aws(
  python: string,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<{ readonly value: unknown } | { readonly error: string }> {
  const { code, stdout, stderr } = await runChild(python, ['-m', 'awscli', ...args, '--output', 'json'], env)
  return code === 0 ? { value: JSON.parse(stdout) } : { error: stderr.trim() }
}
