/** What both runners of JavaScript's SDKs share: a JSON question on each line of stdin, one answer out. */
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'

export interface Question {
  readonly ask: string
  readonly env?: Readonly<Record<string, string>>
  readonly kept?: string
  readonly count?: number
  readonly buckets?: boolean
  readonly path?: string
}

export interface Found {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | null
  readonly accountId?: string | undefined
  readonly expires?: Date | undefined
}

export interface Sdk<App> {
  readonly version: string
  start(): App
  credentials(app: App): Promise<Found>
  use(app: App, question: Question): Promise<object>
  /** Every section of a credentials file. */
  sections?(path: string): Promise<object>
}

const digest = (value: string): string => createHash('sha256').update(value).digest('hex')

/** Keys never leave in the clear: digests are compared. */
function keysOf({ accessKeyId, secretAccessKey, sessionToken, accountId, expires }: Found): object {
  return {
    id: accessKeyId,
    secret: digest(secretAccessKey),
    token: sessionToken === undefined || sessionToken === null ? null : sessionToken && digest(sessionToken),
    ...(accountId === undefined ? {} : { account: accountId }),
    ...(expires === undefined ? {} : { expires: expires.toISOString() }),
  }
}

async function orError(read: () => Promise<object>): Promise<object> {
  try {
    return await read()
  } catch (error) {
    return { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
  }
}

export async function run<App>(sdk: Sdk<App>): Promise<void> {
  const kept = new Map<string, App>()
  let given: readonly string[] = []
  const answerTo = async (question: Question): Promise<object> => {
    if (question.ask === 'version') return { version: sdk.version }
    if (question.ask === 'sections') return { sections: await sdk.sections?.(question.path ?? '') }
    const askApp = async (app: App): Promise<object> =>
      question.ask === 'use' ? await sdk.use(app, question) : { keys: keysOf(await sdk.credentials(app)) }
    if (question.count !== undefined) {
      const apps = Array.from({ length: question.count }, () => sdk.start())
      return { answers: await Promise.all(apps.map((app) => orError(() => askApp(app)))) }
    }
    const name = question.kept
    const app = (name === undefined ? undefined : kept.get(name)) ?? sdk.start()
    if (name !== undefined) kept.set(name, app)
    return await askApp(app)
  }
  for await (const line of createInterface(process.stdin)) {
    const question = JSON.parse(line) as Question
    for (const name of given) Reflect.deleteProperty(process.env, name)
    given = Object.keys(question.env ?? {})
    Object.assign(process.env, question.env)
    process.stdout.write(`${JSON.stringify(await orError(() => answerTo(question)))}\n`)
  }
}
