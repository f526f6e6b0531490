/** What is loaded with what: a parent that lives for long, and a start that nobody waits for, load no more than they use. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'

/** Imports and exports of a file that are there at run time from its start: neither types nor import(). */
const STATIC = /^(?:import|export)\s+(?!type\b)(?:[^'"]*?\sfrom\s+)?'(\.[^']+)'/gm

/** All files below src that are loaded with this one, itself among them. */
function loadedWith(path: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(path)) return found
  found.add(path)
  for (const [, target = ''] of readFileSync(join(ROOT, 'src', path), 'utf8').matchAll(STATIC))
    loadedWith(posix.join(posix.dirname(path), target), found)
  return found
}

const X509 = ['certificate/x509.ts', 'certificate/vault-pki.ts', 'certificate/mounted.ts']
const LOGIN = ['identity/login.ts', 'vault/client.ts']
const EXCHANGE = ['exchange/create-session.ts']
const SOURCES = ['vault-pki', 'mounted-certificate', 'vault-aws'].map((name) => `sources/${name}.ts`)
const FILE = ['sink/credentials-file.ts']
const RUNS = readdirSync(join(ROOT, 'src/commands'))
  .map((name) => `commands/${name}/run.ts`)
  .filter((path) => existsSync(join(ROOT, 'src', path)))

const loading = suite('what is loaded')

for (const [path, without, having] of [
  ['commands/serve/run.ts', [...X509, ...LOGIN, ...EXCHANGE, ...SOURCES, ...FILE], ['sink/token-file.ts']],
  ['commands/renew/run.ts', [...X509, ...LOGIN, ...EXCHANGE, ...SOURCES, ...FILE], []],
  ['commands/once/run.ts', [...X509, ...SOURCES, ...FILE], []],
  ['sources/vault-pki.ts', X509, [...LOGIN, ...EXCHANGE]],
  ['sources/mounted-certificate.ts', [...X509, ...LOGIN], EXCHANGE],
  ['sources/vault-aws.ts', [...X509, ...EXCHANGE], LOGIN],
  ['sink/shared-files.ts', ['sink/preview.ts'], FILE],
  ['aws-iam-ra.ts', [...RUNS, 'sources/pipeline.ts', 'settings/help.ts'], ['commands/commands.ts']],
] as const satisfies readonly (readonly [string, readonly string[], readonly string[]])[]) {
  loading(`with ${path}`, () => {
    const loaded = loadedWith(path)
    for (const one of without) assert.ok(existsSync(join(ROOT, 'src', one)), one)
    assert.equal(
      without.filter((one) => loaded.has(one)),
      [],
    )
    assert.equal(
      having.filter((one) => !loaded.has(one)),
      [],
    )
  })
}

loading.run()
