/** What must not be seen of a run, wherever a test looks. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { Run, Servers } from './harness.ts'

/** No message of these assertions repeats what was found. */
export function canaries(
  stage: Pick<Servers, 'vault' | 'sessions'>,
  run: Run,
  known: readonly string[],
  args: readonly string[],
): void {
  const secrets = [
    ...known,
    ...stage.vault.requests.map(({ request }) => request.header('x-vault-token') ?? ''),
    ...stage.sessions.issued.flatMap((one) => [one.secretAccessKey, one.sessionToken, one.accessKeyId]),
  ].filter((secret) => secret.length >= 8)
  const shown = {
    stdout: run.stdout,
    stderr: run.stderr,
    terminationLog: run.terminationLog,
    argv: args.join(' '),
  }
  for (const [where, text] of Object.entries(shown)) {
    assert.not.ok(
      secrets.some((secret) => text.includes(secret)),
      `a secret stands in ${where}`,
    )
    assert.not.match(
      text,
      /PRIVATE KEY|\bhv[sbr]\.[\w-]{16}|\beyJ[\w-]{8,}\.eyJ/,
      `a secret's shape stands in ${where}`,
    )
  }
  for (const file of filesBelow(run.folder.path)) {
    assert.not.match(readIfThere(join(run.folder.path, file)) ?? '', /PRIVATE KEY/, `a key stands in ${file}`)
  }
}

/** Paths of the files below the folder, sorted. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => isFile(join(folder, name)))
    .sort()
}

/** False for a draft that another run took away meanwhile, as it may until it is read too. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

/** Undefined where there is no such file. */
export function readIfThere(path: string, encoding: BufferEncoding = 'latin1'): string | undefined {
  try {
    return readFileSync(path, encoding)
  } catch {
    return undefined
  }
}
