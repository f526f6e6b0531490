/** Files of certificates that the operator hands in: what Vault gets is PEM that it reads whole. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { differences } from '../../../src/onboarding/vault/difference.ts'
import { IamRaError } from '../../../src/errors.ts'
import { readPem } from '../../../src/onboarding/vault/files.ts'
import { block, derFile, DRESSES, pkcs7, REFUSED } from '../../support/ca-dresses.ts'
import { createAuthority } from '../../rig/emulators/authority.ts'
import { pem as keyFile } from '../../keys/read.ts'

const NOW = Date.now()
const root = createAuthority({ commonName: 'Root', nowMs: NOW })
const policy = createAuthority({ commonName: 'Policy', nowMs: NOW, issuer: root })
const own = createAuthority({ commonName: 'Pods', nowMs: NOW, issuer: policy })
const CHAIN = `${own.pem}\n${policy.pem}\n${root.pem}\n`

const certificates = suite('the certificates of vault-setup')

function read(content: Uint8Array | string): Promise<string> {
  const files = { readFile: () => Promise.resolve(Buffer.from(content)) }
  return readPem(files, '/pki.pem', '--signed-cert', 'name the file')
}

async function refusal(content: Uint8Array | string): Promise<IamRaError> {
  try {
    await read(content)
  } catch (error) {
    if (error instanceof IamRaError && error.stage === 'settings') return error
    throw error
  }
  throw new Error('it was read')
}

for (const [title, dress] of DRESSES) {
  certificates(`are read: ${title}`, async () => {
    assert.is(await read(dress(own.pem, policy.pem)), `${own.pem}\n${policy.pem}\n`)
  })
}

certificates('are read: DER', async () => {
  assert.is(await read(derFile(own.pem)), `${own.pem}\n`)
})

for (const [title, dress, fault] of REFUSED) {
  certificates(`are refused: ${title}`, async () => {
    const { message, hint = '' } = await refusal(dress(own.pem))
    const [, said = ''] = /^--signed-cert, \/pki\.pem, (.*)$/.exec(message) ?? []
    assert.match(said, fault)
    assert.match(hint, /PKCS #12|key store/.test(said) ? /openssl pkcs12 -nokeys/ : /PEM, DER or PKCS #7$/)
  })
}

certificates('of PKCS #7, which is a set, are put into the order of their chain', async () => {
  for (const order of [
    [root.pem, policy.pem, own.pem],
    [policy.pem, own.pem, root.pem],
    [own.pem, root.pem, policy.pem],
  ]) {
    assert.is(await read(pkcs7(...order)), CHAIN)
    assert.is(await read(block('PKCS7', pkcs7(...order))), CHAIN)
  }
  // What is no chain is left for the plan to name.
  assert.is(await read(pkcs7(root.pem, own.pem)), `${root.pem}\n${own.pem}\n`)
  // Nor is what a person wrote put in order.
  assert.is(await read(`${root.pem}\n${own.pem}\n${policy.pem}`), `${root.pem}\n${own.pem}\n${policy.pem}\n`)
})

certificates('with a key among them are not handed on', async () => {
  for (const content of [`${own.pem}\n${keyFile('p256-pkcs8')}`, `${keyFile('p256-encrypted')}${own.pem}`]) {
    assert.match((await refusal(content)).message, /contains a private key, and none of it was read$/)
  }
})

certificates('that Vault has in another dress are no difference', () => {
  const wanted = { kubernetes_ca_cert: `${root.pem}\n` }
  for (const found of [root.pem, `# the CA\n${root.pem}\n\n`, root.pem.replaceAll('\n', '\r\n')]) {
    assert.equal(differences(wanted, { kubernetes_ca_cert: found }), [])
  }
  for (const found of [policy.pem, `${root.pem}\n${policy.pem}`, '']) {
    assert.is(differences(wanted, { kubernetes_ca_cert: found }).length, 1)
  }
})

certificates.run()
