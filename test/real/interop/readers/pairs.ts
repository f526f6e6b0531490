/** Each reader by each of its ways: what it is told, and whether it found the keys that it should. */
import { EXAMPLE } from '../../../rig/emulators/stage.ts'
import { specOf, type ReaderName, type Way } from './readers.ts'
import { digestOf, startRunner, type Answer, type Question, type Runner } from './runner.ts'

/** The keys that a reader has to find. */
export interface Expected {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Absent: an IAM user's. */
  readonly sessionToken?: string
  readonly expiresAtMs: number
}

export type Outcome =
  { readonly found: true; readonly needs?: string } | { readonly found: false; readonly why: string }

/** Some SDKs show an end that is earlier, so that they ask before it comes. */
const EARLY_MS = 16 * 60_000

/** @returns what is wrong with an answer, and nothing that is secret; undefined where it has the keys */
export function wrongWith(answer: Answer, issued: readonly Expected[]): string | undefined {
  const { keys, error } = answer
  if (keys === undefined) return error ?? 'it answered neither keys nor an error'
  const expected = issued.find(({ accessKeyId }) => accessKeyId === keys.id)
  if (expected === undefined) return 'it found other keys'
  if (keys.secret !== digestOf(expected.secretAccessKey)) return 'it found another secret'
  // Whether an empty one is signed shows in what the SDK sends.
  const token = expected.sessionToken === undefined ? '' : digestOf(expected.sessionToken)
  if ((keys.token ?? '') !== token) return 'it found another token'
  if (keys.account !== undefined && keys.account !== EXAMPLE.account) return 'it found another account'
  if (keys.expires === undefined) return undefined
  const end = typeof keys.expires === 'number' ? keys.expires * 1000 : Date.parse(keys.expires)
  const early = expected.expiresAtMs - end
  return early >= -1000 && early <= EARLY_MS ? undefined : 'it found another end'
}

/** Tries it as all readers are told, and then with what this one needs besides. */
export async function tryPair(
  reader: ReaderName,
  runner: Runner,
  way: Way,
  env: Readonly<Record<string, string>>,
  issued: () => readonly Expected[],
): Promise<Outcome> {
  const ask = async (told: Readonly<Record<string, string>>): Promise<string | undefined> =>
    wrongWith(await askNew(reader, runner, way, { ask: 'credentials', env: told }), issued())
  const why = await ask(env)
  if (why === undefined) return { found: true }
  const needs = specOf(reader).needs?.[way]
  if (needs === undefined) return { found: false, why }
  const still = await ask(withNeeds(reader, way, env))
  return still === undefined ? { found: true, needs: needs.words } : { found: false, why: still }
}

/** What the reader's users are told in docs/readers.md. */
export function withNeeds(
  reader: ReaderName,
  way: Way,
  env: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return { ...env, ...specOf(reader).needs?.[way]?.env(env) }
}

/** Asks an app that has asked nothing before. */
export async function askNew(
  reader: ReaderName,
  runner: Runner,
  way: Way,
  question: Question,
): Promise<Answer> {
  if (specOf(reader).static?.includes(way) !== true) return await runner.ask(question)
  const own = startRunner(reader)
  try {
    return await own.ask(question)
  } finally {
    await own.end()
  }
}

/** Runs one task for each, a few at a time. */
export async function eachOf<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  task: (item: Item) => Promise<Result>,
): Promise<ReadonlyMap<Item, Result>> {
  const results = new Map<Item, Result>()
  const waiting = [...items]
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      results.set(item, await task(item))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}

/** Why it is to find nothing by this variation of a way. */
export function lackOf(reader: ReaderName, variation: string): string | undefined {
  const lacks = Object.entries(specOf(reader).lacks ?? {})
  return lacks.find(([name]) => variation === name || variation.startsWith(`${name},`))?.[1]
}
