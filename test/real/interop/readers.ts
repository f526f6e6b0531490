/** What the AWS CLI, boto3 and the JavaScript SDK see in credentials files: many files in one process each. */
import { join } from 'node:path'
import { runChild } from './python.ts'

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
  /** The profile's keys as a client would sign with them: id, secret, token. */
  readonly keys: Attempt<readonly (string | null)[]>
  /** boto3 alone: where each other profile's keys come from, and the keys where that is in the file. */
  readonly providers: Readonly<Record<string, Attempt<unknown>>>
}

/** @returns for each reader a view for each file, in their order */
export async function readAll(
  python: string,
  files: readonly ProfileFile[],
  home: string,
): Promise<Readonly<Record<Reader, readonly View[]>>> {
  const input = JSON.stringify(files)
  const env = {
    HOME: home,
    AWS_CONFIG_FILE: join(home, 'none'),
    AWS_EC2_METADATA_DISABLED: 'true',
    // Nobody listens there: a reader that wants to call AWS fails at once.
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  }
  const script = (name: string): string => join(import.meta.dirname, name)
  const outputs = await Promise.all([
    readOutput(python, script('read-profiles.py'), env, input),
    readOutput(process.execPath, script('read-profiles.ts'), env, input),
  ])
  return Object.assign({}, ...outputs) as Readonly<Record<Reader, readonly View[]>>
}

async function readOutput(
  command: string,
  script: string,
  env: Readonly<Record<string, string>>,
  input: string,
): Promise<object> {
  const run = await runChild(command, [script], env, input)
  if (run.code !== 0) throw new Error(`${script} ended with ${run.code ?? 'a signal'}: ${run.stderr}`)
  return JSON.parse(run.stdout) as object
}
