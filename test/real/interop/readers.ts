/** What the AWS CLI, boto3 and the JavaScript SDK see in credentials files besides our keys: many files in one process each. */
import { join } from 'node:path'
import { digestOf, startRunner, type Runner } from './readers/runner.ts'

export const READERS = ['AWS CLI', 'boto3', 'JavaScript SDK'] as const
export type Reader = (typeof READERS)[number]

export interface ProfileFile {
  readonly path: string
  readonly profile: string
}

/** A value, or the name of the error that the reader raised. */
export type Attempt<Value> = { readonly value: Value } | { readonly error: string }

export type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export interface View {
  /** Every section with its settings. The JavaScript SDK hides its errors: it sees none then. */
  readonly sections: Attempt<Sections>
  /** The profile's keys as a client would sign with them: id, and digests of secret and token. */
  readonly keys: Attempt<readonly (string | null)[]>
  /** boto3 alone: where each other profile's keys come from, and the keys where that is in the file. */
  readonly providers: Readonly<Record<string, Attempt<unknown>>>
}

/** @returns for each reader a view for each file, in their order */
export async function readAll(
  files: readonly ProfileFile[],
  home: string,
): Promise<Readonly<Record<Reader, readonly View[]>>> {
  const views = await Promise.all(READERS.map(async (reader) => [reader, await readBy(reader, files, home)]))
  return Object.fromEntries(views) as Readonly<Record<Reader, readonly View[]>>
}

async function readBy(reader: Reader, files: readonly ProfileFile[], home: string): Promise<readonly View[]> {
  const runner = startRunner(reader)
  try {
    const views: View[] = []
    for (const file of files) views.push(await view(reader, runner, file, home))
    return views
  } finally {
    await runner.end()
  }
}

async function view(reader: Reader, runner: Runner, file: ProfileFile, home: string): Promise<View> {
  const env = {
    HOME: home,
    AWS_REGION: 'eu-central-1',
    AWS_CONFIG_FILE: join(home, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: file.path,
    AWS_EC2_METADATA_DISABLED: 'true',
    // Nobody listens there: a reader that wants to call AWS fails at once.
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  }
  const { sections, error = 'none' } = await runner.ask({ ask: 'sections', env, path: file.path })
  const { keys, error: noKeys = 'none' } = await runner.ask({
    ask: 'credentials',
    env: { ...env, AWS_PROFILE: file.profile },
  })
  const others = Object.keys(sections ?? {}).filter((name) => name !== file.profile)
  const { providers = {} } =
    reader === 'boto3' ? await runner.ask({ ask: 'providers', env, profiles: others }) : {}
  return {
    sections: sections === undefined ? { error: nameOf(error) } : { value: sections },
    keys: keys === undefined ? { error: nameOf(noKeys) } : { value: [keys.id, keys.secret, keys.token] },
    providers,
  }
}

/** Without the words, which have the path. */
function nameOf(error: string): string {
  return error.split(':')[0] ?? error
}

/** Keys as views have them: secrets are digests. */
export function digestsOf([id = '', secret = '', token]: readonly (string | undefined)[]): readonly (
  string | null
)[] {
  return [id, digestOf(secret), token === undefined ? null : digestOf(token)]
}
