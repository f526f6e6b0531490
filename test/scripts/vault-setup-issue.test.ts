/** What comes of a certificate that Vault is handed. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Data } from '../../scripts/vault-setup/difference.ts'
import { takeCertificate } from '../../scripts/vault-setup/issue.ts'
import type { Vault } from '../../scripts/vault-setup/vault.ts'

interface Scene {
  /** Issuers that Vault has after the certificate, with the key of each. */
  readonly issuers: Readonly<Record<string, string>>
  /** Those of them that came with it. */
  readonly imported: readonly string[] | null
}

interface Outcome {
  readonly said: string
  readonly deleted: readonly string[]
  readonly written: readonly (readonly [string, Data])[]
}

/** Another one's issuer comes in between, so that it is listed only from then on. */
async function take({ issuers, imported }: Scene): Promise<Outcome> {
  const deleted: string[] = []
  const written: (readonly [string, Data])[] = []
  const vault: Vault = {
    read: (path) => Promise.resolve({ key_id: issuers[path.replace('pki/issuer/', '')] ?? '' }),
    list: (path) => Promise.resolve(path === 'pki/issuers' && written.length > 0 ? Object.keys(issuers) : []),
    write(path, data) {
      written.push([path, data])
      return Promise.resolve(path.endsWith('/set-signed') ? { imported_issuers: imported } : {})
    },
    delete: (path) => Promise.resolve(void deleted.push(path)),
    close: () => undefined,
  }
  const step = { kind: 'import', file: 'pki.pem', pem: 'PEM', subject: 'CN=Pods' } as const
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

issue('without a key of its own is taken away again, and nothing that others bring meanwhile', async () => {
  for (const [imported, gone] of [
    [['stray'], ['pki/issuer/stray']],
    [null, []],
  ] as const) {
    const { said, deleted, written } = await take({ issuers: { theirs: '', stray: '' }, imported })
    assert.match(said, /no key of pki belongs to pki\.pem/)
    assert.equal(deleted, gone)
    assert.equal(written, [])
  }
})

issue.run()
