/** The files of VAULT_CACERT and AWS_CA_BUNDLE, however they were handed on, as the shipped file reads them. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { derFile, DRESSES, REFUSED } from '../support/ca-dresses.ts'
import { createAuthority } from '../rig/emulators/authority.ts'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { pem as keyFile } from '../keys/read.ts'
import { failed, succeeded } from './outcome.ts'
import { makeFolder, put, run, type Run } from './harness.ts'

const files = suite('e2e: CA files')

const other = createAuthority({ commonName: 'Other', nowMs: Date.now() })

let stage: Stage
files.before(async () => {
  stage = await startStage({ tls: true })
})
files.after(() => stage.close())

/** One file for both, so that each run shows it for Vault and for AWS. */
async function runWith(content: Uint8Array | string, args: readonly string[] = []): Promise<Run> {
  // Not in the run's own folder, which is searched for keys.
  const path = put(makeFolder(), 'ca.crt', content)
  return await run(stage, { args, env: { VAULT_CACERT: path, AWS_CA_BUNDLE: path } })
}

for (const [title, dress] of [...DRESSES, ['DER', (_one: string, two: string) => derFile(two)] as const]) {
  files(`${title}: trusted, without a word`, async () => {
    // The second one counts too.
    const done = await runWith(dress(other.pem, authority()))
    succeeded(stage, done)
    assert.is(done.stderr.trimEnd().split('\n').length, 1, done.stderr)
  })
}

for (const [title, dress, fault] of REFUSED) {
  files(`${title}: exit 2 by setting and file, and nothing is sent`, async () => {
    const done = await runWith(dress(authority()))
    failed(done, 2, /settings: the settings have 2 problems/)
    for (const name of ['VAULT_CACERT', 'AWS_CA_BUNDLE']) {
      const [, said = ''] =
        new RegExp(`^  ${name}: "[^"]+/ca\\.crt" (.*); expected a file of CA certificates`, 'm').exec(
          done.stderr,
        ) ?? []
      assert.match(said, fault)
    }
    assert.is(done.vault.length + done.aws.length, 0)
  })
}

files('a key beside the CA: trusted with a warning, the key not shown', async () => {
  const done = await runWith(`${keyFile('p256-pkcs8')}${authority()}`)
  succeeded(stage, done)
  for (const name of ['VAULT_CACERT', 'AWS_CA_BUNDLE']) {
    assert.match(
      done.stderr,
      new RegExp(`warning: ${name} /\\S+/ca\\.crt contains a private key, which is not needed here`),
    )
  }
})

files('a CA that has expired: a warning before the connection fails', async () => {
  const old = createAuthority({ commonName: 'Old', nowMs: Date.now() - 86_400_000, lifetimeMs: 3_600_000 })
  const done = await runWith(old.pem)
  failed(done, 3, /no TLS connection to Vault/)
  assert.match(
    done.stderr,
    /warning: VAULT_CACERT \S+ contains no certificate that is valid now: O=Example, CN=Old \(/,
  )
})

files('another key name of the Secret, and a directory: exit 2, with what is there', async () => {
  const folder = makeFolder()
  put(folder, 'tls.crt', authority())
  const gone = join(folder.path, 'ca.crt')
  const done = await run(stage, { folder, env: { VAULT_CACERT: gone, AWS_CA_BUNDLE: folder.path } })
  failed(done, 2, /2 problems/)
  assert.match(
    done.stderr,
    /VAULT_CACERT: "\S+\/ca\.crt" cannot be read \(ENOENT\), and its directory has tls\.crt;/,
  )
  assert.match(done.stderr, /AWS_CA_BUNDLE: "\S+" is a directory that contains tls\.crt;/)
  const empty = join(folder.path, 'empty')
  mkdirSync(empty)
  failed(await run(stage, { folder, env: { VAULT_CACERT: empty } }), 2, /1 problem/)
})

files('check tells the same, and its warnings', async () => {
  const refused = await runWith('', ['check'])
  assert.is(refused.code, 2)
  assert.match(
    refused.stdout.replaceAll(/\s+/g, ' '),
    /VAULT_CACERT: "\S+\/ca\.crt" is empty; expected a file of CA/,
  )
  const warned = await runWith(`${authority()}${keyFile('p256-pkcs8')}`, ['check'])
  assert.is(warned.code, 0, warned.stdout)
  assert.match(warned.stdout.replaceAll(/\s+/g, ' '), /warning VAULT_CACERT \S+ contains a private key/)
})

function authority(): string {
  return `${(stage.tlsAuthority ?? '').trim()}\n`
}

files.run()
