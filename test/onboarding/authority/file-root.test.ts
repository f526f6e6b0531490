/** A root from a file: what it takes, and what it refuses. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../../src/errors.ts'
import { fileRoot } from '../../../src/onboarding/authority/file-root.ts'
import { createAuthority, randomSerial } from '../../rig/emulators/authority.ts'
import { signCertificate } from '../../rig/emulators/certificate.ts'
import { FAKE_NOW_MS, fakeRuntime } from '../../support/fake-runtime.ts'

const home = mkdtempSync(join(tmpdir(), 'iam-ra-root-'))
process.on('exit', () => rmSync(home, { recursive: true }))
const path = join(home, 'root.pem')
const runtime = fakeRuntime({})

const root = createAuthority({ commonName: 'Root', nowMs: FAKE_NOW_MS })
const YEAR_MS = 365 * 86_400_000
const old = createAuthority({ commonName: 'Old', nowMs: FAKE_NOW_MS - 30 * YEAR_MS })
const next = createAuthority({ commonName: 'Next', nowMs: FAKE_NOW_MS + YEAR_MS })
const leaf = signCertificate(
  {
    ...{ subject: [['CN', 'a-server']], publicKey: root.publicKey, serial: randomSerial() },
    ...{
      notBeforeMs: FAKE_NOW_MS - 60_000,
      notAfterMs: FAKE_NOW_MS + YEAR_MS,
      keyUsage: ['digitalSignature'],
    },
    names: { dns: [], uris: [], ips: [], emails: [] },
  },
  root,
)
const pemOf = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`
const KEY = pemOf('PRIVATE KEY', Buffer.from('not a key of anyone'))

const files = suite('a root from a file')

files('is read with text around it, and shown by its subject', async () => {
  writeFileSync(path, `from the CA team\n${root.pem}`)
  const found = await fileRoot(runtime, path)
  assert.match(found.subject, /CN=Root$/)
  assert.equal(found.plan, { steps: [], notes: [], problems: [] })
  assert.match(await found.read(), /^-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n$/)
})

for (const [what, text, says] of [
  ['a private key beside it', `${root.pem}${KEY}`, /contains a private key, which must never/],
  ['a private key alone', KEY, /contains a private key but no certificate/],
  [
    'the certificate of a server',
    pemOf('CERTIFICATE', leaf),
    /certificate of CN=a-server, which is not a CA/,
  ],
  ['a root that has expired', old.pem, /expired on \d{4}-\d\d-\d\d \(.*CN=Old\)/],
  ['a root of the future', next.pem, /is not valid before \d{4}-\d\d-\d\d/],
  ['three roots', `${root.pem}${root.pem}${root.pem}`, /contains 3 certificates, and a trust anchor takes 2/],
  ['nothing', '', /is empty/],
] as const) {
  files(`is refused with ${what}`, async () => {
    writeFileSync(path, text)
    const error = await fileRoot(runtime, path).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    assert.instance(error, IamRaError)
    const { message, hint, stage } = error as IamRaError
    assert.match(message, says)
    assert.is(stage, 'certificate')
    assert.ok((hint ?? '') !== '')
    assert.not.match(message, /not a key of anyone|bm90IGEga2V5/)
  })
}

files.run()
