/** A temporary folder, a file system that fails where it is told to, and the sink's other collaborators. */
import * as fsPromises from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, type FileSystem } from '../../src/run/runtime.ts'
import type { SinkContext } from '../../src/sink/credentials-file.ts'
import type { SessionCredentials } from '../../src/credentials.ts'
import { recordingLogger, type RecordingLogger } from '../support/fake-runtime.ts'

export const CREDENTIALS = {
  accessKeyId: 'ASIAEXAMPLE000000001',
  secretAccessKey: 'canary/secret+access0key',
  sessionToken: 'canary/session+token==',
  expiresAtMs: Date.UTC(2026, 10, 21, 15),
  arn: 'arn:aws:sts::111122223333:assumed-role/app/one',
  roleArn: 'arn:aws:iam::111122223333:role/app',
  sessionName: 'one',
} satisfies SessionCredentials

/** What the credentials above look like in a section. */
export const WRITTEN = [
  '# aws-iam-ra: valid until 2026-11-21T15:00:00Z, arn:aws:sts::111122223333:assumed-role/app/one',
  'aws_access_key_id = ASIAEXAMPLE000000001',
  'aws_secret_access_key = canary/secret+access0key',
  'aws_session_token = canary/session+token==',
  '',
].join('\n')

export interface Scratch {
  readonly folder: string
  readonly file: string
  readonly log: RecordingLogger
  context(changes?: Partial<SinkContext>): SinkContext
  list(folder?: string): Promise<string[]>
}

/** Runs in a folder of its own, which is removed afterwards whatever happens. */
export async function inScratch(run: (scratch: Scratch) => Promise<void>): Promise<void> {
  const folder = await fsPromises.mkdtemp(join(tmpdir(), 'aws-iam-ra-sink-'))
  const log = recordingLogger()
  try {
    await run({
      folder,
      file: join(folder, 'credentials'),
      log,
      context: (changes) => ({
        fs: fsPromises,
        clock: systemClock,
        random: () => 0,
        signal: new AbortController().signal,
        logger: log,
        ...changes,
      }),
      list: async (inside = folder) => (await fsPromises.readdir(inside)).sort(),
    })
  } finally {
    await fsPromises.rm(folder, { recursive: true, force: true })
  }
}

export type Call = (name: string, args: readonly unknown[]) => void | Promise<void>

const WATCHED = ['writeFile', 'readFile', 'read', 'chmod', 'stat', 'sync', 'close']

/** The real file system, with `before` run ahead of each call; a handle's methods are named `handle.write` and so on. */
export function watchedFileSystem(before: Call): FileSystem {
  const wrap = (target: object, prefix: string): object =>
    new Proxy(target, {
      get(real, property) {
        const value: unknown = Reflect.get(real, property)
        const name = String(property)
        if (typeof value !== 'function') return value
        if (prefix !== '' && !WATCHED.includes(name)) return value.bind(real) as unknown
        return async (...args: unknown[]): Promise<unknown> => {
          await before(prefix + name, args)
          const result: unknown = await Reflect.apply(value, real, args)
          return name === 'open' ? wrap(result as object, 'handle.') : result
        }
      },
    })
  // A plain copy: a module's namespace may not be answered for by a proxy.
  return wrap({ ...fsPromises }, '') as FileSystem
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code })
}
