/** What comes of a certificate that Vault is handed. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAuthority } from '../../rig/emulators/authority.ts'
import type { Data } from '../../../src/onboarding/vault/difference.ts'
import { takeCertificate } from '../../../src/onboarding/vault/issue.ts'
import type { Vault } from '../../../src/onboarding/vault/vault.ts'

const root = createAuthority({ commonName: 'Root', nowMs: Date.now() })
const own = createAuthority({ commonName: 'Pods', nowMs: Date.now(), issuer: root })
const PEMS: Readonly<Record<string, string>> = { own: own.pem, above: root.pem }
const other = createAuthority({ commonName: 'Others', nowMs: Date.now() })

interface Scene {
  /** Issuers that Vault has after the certificate, with the key of each. */
  readonly issuers: Readonly<Record<string, string>>
  /** Those of them that came with it. */
  readonly imported: readonly string[] | null
  /** Of each issuer, as Vault has it after that. Default whole. */
  readonly chain?: readonly string[]
}

interface Outcome {
  readonly said: string
  readonly deleted: readonly string[]
  readonly written: readonly (readonly [string, Data])[]
}

/** Another one's issuer comes in between, so that it is listed only from then on. */
async function take({ issuers, imported, chain = [own.pem, root.pem] }: Scene): Promise<Outcome> {
  const deleted: string[] = []
  const written: (readonly [string, Data])[] = []
  const vault: Vault = {
    read(path) {
      const id = path.replace('pki/issuer/', '')
      const certificate = PEMS[id] ?? other.pem
      return Promise.resolve({ key_id: issuers[id] ?? '', certificate, ca_chain: chain })
    },
    list: (path) => Promise.resolve(path === 'pki/issuers' && written.length > 0 ? Object.keys(issuers) : []),
    write(path, data) {
      written.push([path, data])
      return Promise.resolve(path.endsWith('/set-signed') ? { imported_issuers: imported } : {})
    },
    delete: (path) => Promise.resolve(void deleted.push(path)),
    close: () => undefined,
  }
  const pem = `${own.pem}\n${root.pem}`
  const step = { kind: 'import', file: 'pki.pem', pem, subject: 'CN=Pods' } as const
  const context = { vault, setup: {} as never, writeFile: () => Promise.reject(new Error('no file')) }
  const said = await takeCertificate('pki', step, context).catch((error: unknown) => String(error))
  return { said, deleted, written: written.slice(1) }
}

const issue = suite('the certificate of vault-setup')

issue('makes the issuer that came with it and has a key the one that signs', async () => {
  const scene = { issuers: { other: 'k2', above: '', own: 'k1' }, imported: ['above', 'own'] }
  const { said, deleted, written } = await take(scene)
  assert.match(said, /^created an issuer of pki: CN=Pods signs from now on$/)
  assert.equal(deleted, [])
  assert.equal(written, [['pki/config/issuers', { default: 'own' }]])
})

issue('that was there before those above it signs on, and nothing is taken away', async () => {
  const { deleted, written } = await take({ issuers: { own: 'k1', above: '' }, imported: ['above'] })
  assert.equal(deleted, [])
  assert.equal(written, [['pki/config/issuers', { default: 'own' }]])
})

issue('whose chain stays short is no success', async () => {
  const { said } = await take({ issuers: { own: 'k1', above: '' }, imported: ['above'], chain: [own.pem] })
  assert.match(said, /^IamRaError: pki has the certificates in pki\.pem, but still sends a shorter chain$/)
})

issue('without a key of its own is taken away again, and nothing that others bring meanwhile', async () => {
  for (const [imported, gone] of [
    [['stray'], ['pki/issuer/stray']],
    [null, []],
  ] as const) {
    const { said, deleted, written } = await take({ issuers: { theirs: '', stray: '' }, imported })
    assert.match(said, /no key in pki belongs to pki\.pem/)
    assert.equal(deleted, gone)
    assert.equal(written, [])
  }
})

issue.run()
