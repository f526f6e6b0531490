/** The PKI mount below a root in another mount of the same Vault. */
import { X509Certificate } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { done, makeRoot, podRuns, startGround } from './vault-setup.ts'

const rooted = suite('real: a set-up below a root of the same Vault')

const ground = await startGround()
rooted.after(() => ground.stop())
await ground.kubernetes.makeServiceAccount(EXAMPLE.namespace, EXAMPLE.serviceAccount)
await makeRoot(ground)
await done(ground, ['--reviewer-token', ground.reviewerFile, '--apply'])

const COMMON_NAME = 'Pods of cluster demo'
const keys = (): Promise<readonly string[]> => ground.server.list('pki/keys')

rooted('a root in another mount signs in one go', async () => {
  await done(ground, ['--root-mount', 'pki-root', '--apply'])
  await podRuns(ground)
  const { certificate } = (await ground.server.read('pki/issuer/default'))['data'] as { certificate: string }
  const { ca, subject, issuer } = new X509Certificate(certificate)
  assert.equal([ca, subject, issuer], [true, `CN=${COMMON_NAME}`, 'CN=Example Root CA'])
  const { stdout } = await done(ground, ['--root-mount', 'pki-root', '--apply'])
  assert.match(stdout, /^nothing to do$/m)
})

rooted('a mount that holds no root is named', async () => {
  const refused = await ground.run(['--root-mount', 'secret', '--apply'])
  assert.is(refused.code, 2)
  assert.match(refused.stderr, /--root-mount secret is not a PKI secrets engine mount/)
})

rooted("a lifetime beyond the root's is cut to the root's by Vault, and the date is said", async () => {
  const long = { ...ground.setup, pki: { ...ground.setup.pki, ttl: '90000h' } }
  const { code, stdout } = await ground.run(['--root-mount', 'pki-root', '--rotate', '--apply'], {
    setup: long,
  })
  assert.is(code, 0)
  const anchor = (await ground.server.read('pki-root/issuer/default'))['data'] as { certificate: string }
  const until = new X509Certificate(anchor.certificate).validToDate.toISOString().slice(0, 10)
  assert.match(stdout, new RegExp(`^note: pki signs as .*, until ${until}$`, 'm'))
})

rooted('interrupted after the key was made, the next run goes on with that key', async () => {
  const before = await keys()
  const sealed = { status: 503, headers: {}, body: '{"errors":["Vault is sealed"]}' }
  ground.vault.intercept = ({ path }) => (path.endsWith('/sign-intermediate') ? sealed : undefined)
  const refused = await ground.run(['--root-mount', 'pki-root', '--rotate', '--apply'])
  ground.vault.intercept = undefined
  assert.is(refused.code, 1, refused.stdout)
  assert.match(
    refused.stderr,
    /answered 503 to the write of pki-root\/root\/sign-intermediate: Vault is sealed\nhint: /,
  )
  const waiting = await keys()
  assert.is(waiting.length, before.length + 1)
  await podRuns(ground)
  await done(ground, ['--root-mount', 'pki-root', '--rotate', '--apply'])
  assert.equal(await keys(), waiting)
  await podRuns(ground)
})

rooted(
  'what every part of a chain is good for is in the certificate: path length 0, for authorities of pods alone',
  async () => {
    const { ca_chain: chain } = (await ground.server.read('pki/issuer/default'))['data'] as {
      ca_chain: string[]
    }
    assert.is(chain.length, 2)
    const [own = '', above = ''] = chain
    assert.ok(new X509Certificate(own).verify(new X509Certificate(above).publicKey))
    // BasicConstraints CA:TRUE, pathLen 0: RFC 5280, section 4.2.1.9.
    assert.ok(new X509Certificate(own).raw.includes(Buffer.from('30060101ff020100', 'hex')))
  },
)

rooted.run()
