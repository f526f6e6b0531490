/** Whatever is handed on as the file of a CA: read, or refused in words that say what it is. */
import * as fs from 'node:fs/promises'
import { X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { lookAtCaFile, readCaFile, type CaFile } from '../../src/x509/ca-file.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { derFile, DRESSES, REFUSED } from '../support/ca-dresses.ts'
import { createAuthority, serverCertificate } from '../rig/emulators/authority.ts'
import { fc } from '../support/generated.ts'
import { pem as keyFile } from '../keys/read.ts'

const NOW = Date.UTC(2026, 10, 21)
const DAY_MS = 86_400_000
const root = createAuthority({ commonName: 'Root', nowMs: NOW })
const issuing = createAuthority({ commonName: 'Issuing', nowMs: NOW, issuer: root, key: 'rsa-2048' })
const CANONICAL = `${root.pem}\n${issuing.pem}\n`

const file = suite('a CA file')

let folder: string
file.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'iam-ra-ca-'))
})
file.after(() => rmSync(folder, { recursive: true }))

async function look(content: Uint8Array | string, nowMs = NOW): Promise<CaFile> {
  const path = join(folder, 'ca.crt')
  writeFileSync(path, content)
  return await lookAtCaFile(fs, path, nowMs)
}

function faultOf(found: CaFile): string {
  if ('fault' in found) return found.fault
  throw new Error('nothing was found wrong')
}

function warningsOf(found: CaFile): readonly string[] {
  if ('fault' in found) throw new Error(found.fault)
  return found.warnings
}

for (const [title, dress] of DRESSES) {
  file(`is read: ${title}`, async () => {
    assert.equal(await look(dress(root.pem, issuing.pem)), { pem: CANONICAL, warnings: [] })
  })
}

file('is read: DER', async () => {
  assert.equal(await look(derFile(root.pem)), { pem: `${root.pem}\n`, warnings: [] })
})

for (const [title, dress, fault] of REFUSED) {
  file(`is refused: ${title}`, async () => {
    assert.match(faultOf(await look(dress(root.pem))), fault)
  })
}

file('of any bytes is read or refused in one line, and never trusts what is not in it', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      root.pem,
      issuing.pem,
      keyFile('p256-pkcs8'),
      '\n',
      '-----BEGIN CERTIFICATE-----',
      '-----END CERTIFICATE-----',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
      const found = await look(pieces.join(''))
      if ('fault' in found) {
        assert.not.match(found.fault, /[\r\n]|MI[GHI]/)
        return
      }
      const texts = found.pem.match(/-----BEGIN[^]*?END CERTIFICATE-----/g) ?? []
      assert.ok(texts.length > 0)
      for (const text of texts) {
        const { fingerprint256 } = new X509Certificate(text)
        assert.ok(
          [root, issuing].some((one) => new X509Certificate(one.pem).fingerprint256 === fingerprint256),
        )
      }
    }),
  )
})

file('that was made to be slow to read is read in one pass', async () => {
  for (const piece of [
    '-----BEGIN CERTIFICATE-----\n',
    '-----BEGIN CERTIFICATE----------END CERTIFICATE-----',
    '-----BEGIN CERTIFICATE-----#',
    '-----BEGIN A ',
    '\\',
    '\\r',
    '-',
    ' ',
    '\t#',
  ]) {
    const content = piece.repeat((1024 * 1024) / piece.length)
    assert.match(faultOf(await look(content)), /^(?:contains|is empty)/, piece)
  }
})

file('that has ended is warned of, but not where its successor is beside it', async () => {
  const old = createAuthority({ commonName: 'Old', nowMs: NOW - 10 * DAY_MS, lifetimeMs: DAY_MS })
  const next = createAuthority({ commonName: 'Next', nowMs: NOW + 10 * DAY_MS })
  assert.equal(warningsOf(await look(`${old.pem}\n${root.pem}`)), [])
  const [warning, ...others] = warningsOf(await look(old.pem))
  assert.match(
    warning ?? '',
    /^contains no certificate that is valid now: .*CN=Old \(2026-11-1\d to 2026-11-12\); mount the CA/,
  )
  assert.equal(others, [])
  assert.match(warningsOf(await look(next.pem))[0] ?? '', /valid now: .*CN=Next/)
  const many = Array.from({ length: 5 }, () => old.pem).join('\n')
  assert.match(warningsOf(await look(many))[0] ?? '', /; and 2 more; mount/)
})

file('with a key in it is warned of, and the key goes no further', async () => {
  const found = await look(`${keyFile('p256-pkcs8')}${root.pem}`)
  assert.equal(found, {
    pem: `${root.pem}\n`,
    warnings: ['contains a private key, which is not needed here; mount only the certificates'],
  })
})

file('that holds a server’s certificate in place of a CA is warned of', async () => {
  const { cert } = serverCertificate(root, NOW)
  assert.match(
    warningsOf(await look(cert))[0] ?? '',
    /^contains no CA, only the certificate of CN=localhost, which is trusted for that/,
  )
  assert.equal(warningsOf(await look(`${cert}\n${root.pem}`)), [])
  assert.equal(warningsOf(await look(issuing.pem)), [])
})

file('that is not there is told from a key of another name in the mounted Secret', async () => {
  const volume = join(folder, 'volume')
  mkdirSync(join(volume, '..2026_11_21'), { recursive: true })
  symlinkSync('..2026_11_21', join(volume, '..data'))
  for (const key of ['tls.crt', 'vault-ca']) symlinkSync(`..data/${key}`, join(volume, key))
  const cannot = faultOf(await lookAtCaFile(fs, join(volume, 'ca.crt'), NOW))
  assert.is(cannot, 'cannot be read (ENOENT), and its directory has tls.crt, vault-ca')
  assert.is(faultOf(await lookAtCaFile(fs, volume, NOW)), 'is a directory that contains tls.crt, vault-ca')
  const plain = join(folder, 'plain')
  mkdirSync(plain)
  for (const name of ['notes', 'root.PEM']) writeFileSync(join(plain, name), '')
  assert.is(
    faultOf(await lookAtCaFile(fs, join(plain, 'ca.crt'), NOW)),
    'cannot be read (ENOENT), and its directory has root.PEM',
  )
  assert.is(faultOf(await lookAtCaFile(fs, join(folder, 'none/ca.crt'), NOW)), 'cannot be read (ENOENT)')
  assert.is(faultOf(await lookAtCaFile(fs, '/dev/zero', NOW)), 'cannot be read (not a file)')
})

file('that a step finds changed is an error of that step, by setting and path', async () => {
  const path = join(folder, 'step.crt')
  writeFileSync(path, 'hello')
  const error = await rejectsWithCode(
    readCaFile(fs, path, 'AWS_CA_BUNDLE', { stage: 'exchange', hint: 'mount it' }),
    'INPUT_FILE',
  )
  assert.is(error.message, `AWS_CA_BUNDLE ${path} contains no PEM certificate`)
  assert.equal([error.stage, error.hint], ['exchange', 'mount it'])
})

file.run()
