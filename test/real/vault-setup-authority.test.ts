/** The PKI mount below a root that others keep: the request goes out, the certificate comes in, and the next one follows. */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import { pkcs7 } from '../support/ca-dresses.ts'
import { createAuthority } from '../rig/emulators/authority.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { signElsewhere } from './authority.ts'
import { done, podRuns, rootToken, startGround } from './vault-setup.ts'

const { namespace, serviceAccount, anchorArn } = EXAMPLE

const authority = suite('real: the authority of a set-up')

const ground = await startGround()
authority.after(() => ground.stop())
await ground.kubernetes.makeServiceAccount(namespace, serviceAccount)
const root = createAuthority({ commonName: 'Root elsewhere', nowMs: Date.now() })
const below = createAuthority({ commonName: 'Policy CA', nowMs: Date.now(), issuer: root })
ground.stage.rolesAnywhereEmulator.options.anchors = [{ arn: anchorArn, certificates: [root.pem] }]

const csrFile = join(ground.folder, 'pki.csr')
const COMMON_NAME = 'Pods of cluster demo'

function file(name: string, ...texts: readonly string[]): string {
  const path = join(ground.folder, name)
  writeFileSync(path, texts.join('\n'))
  return path
}

function signed(name: string, ...above: readonly [typeof root, ...(typeof root)[]]): string {
  const [issuer] = above
  return file(
    name,
    signElsewhere(readFileSync(csrFile, 'utf8'), COMMON_NAME, issuer),
    ...above.map(({ pem }) => pem),
  )
}

const issuers = (): Promise<readonly string[]> => ground.server.list('pki/issuers')
const keys = (): Promise<readonly string[]> => ground.server.list('pki/keys')

authority('without a way to a certificate the rest is set up, and what is missing is said', async () => {
  const { stdout } = await done(ground, ['--reviewer-token', ground.reviewerFile, '--apply'])
  assert.match(stdout, /^note: pki signs nothing yet: give --csr-out FILE, or --root-mount MOUNT/m)
  assert.equal(await keys(), [])
})

authority('a dry run makes no key and no file', async () => {
  const { stdout, methods } = await done(ground, ['--csr-out', csrFile])
  assert.match(stdout, /^\+ create pki: a key that stays in Vault, with its certificate request in /m)
  assert.ok(methods.every((method) => method === 'GET'))
  assert.throws(() => readFileSync(csrFile), /ENOENT/)
})

authority('the request goes out, and again for the same key', async () => {
  const { stdout } = await done(ground, ['--csr-out', csrFile, '--apply'])
  assert.match(
    stdout,
    /have the CA above sign it, as a CA with path length 0, then run again with --signed-cert/,
  )
  assert.match(
    stdout,
    /^note: pki is waiting for the certificate for its request: import it with --signed-cert FILE/m,
  )
  assert.match(readFileSync(csrFile, 'utf8'), /^-----BEGIN CERTIFICATE REQUEST-----/)
  const made = await keys()
  assert.is(made.length, 1)
  const again = await done(ground, ['--csr-out', csrFile, '--apply'])
  assert.match(again.stdout, /the certificate request for the key that is waiting for a certificate/)
  assert.equal(await keys(), made)
})

const bad = (name: string): string => readFileSync(join(ROOT, 'test/certs', name), 'utf8')

for (const [what, name, texts, says] of [
  ['no certificate', 'none.pem', ['hello'], /contains no PEM certificate/],
  [
    "a pod's certificate",
    'leaf.pem',
    [bad('good-p256.pem')],
    /is not a CA certificate \(CA:TRUE is missing\)/,
  ],
  ['an authority that has ended', 'ended.pem', [bad('intermediate-expired.pem')], /has expired/],
  [
    'a chain over what is no authority',
    'not-ca.pem',
    [bad('good-p256.pem'), bad('intermediate-not-ca.pem')],
    /, \S.* is not a CA certificate \(CA:TRUE is missing\)/,
  ],
  ['a root', 'root.pem', [root.pem], /is a root: it must be the one that was issued for the request/],
  [
    'a private key',
    'key.pem',
    [root.pem, '-----BEGIN PRIVATE KEY-----'],
    /contains a private key, and none of it was read\nhint: /,
  ],
  [
    'a broken certificate',
    'broken.pem',
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
    /cannot be read/,
  ],
  [
    'a chain in disorder',
    'disorder.pem',
    [below.pem, below.pem],
    /CN=Policy CA did not sign the certificate before it/,
  ],
] as const) {
  authority(`${what} in the place of the certificate is refused before anything is written`, async () => {
    const refused = await ground.run(['--signed-cert', file(name, ...texts), '--apply'])
    assert.is(refused.code, 2, refused.stdout)
    assert.match(refused.stderr, says)
    assert.ok(refused.methods.every((method) => method === 'GET'))
  })
}

authority('the certificate of another request is refused, and does not stay in Vault', async () => {
  const refused = await ground.run(['--signed-cert', file('other.pem', below.pem, root.pem), '--apply'])
  assert.is(refused.code, 1)
  assert.match(
    refused.stderr,
    /no key in pki belongs to .*other\.pem, so nothing could be signed with it\nhint: /,
  )
  assert.equal(await issuers(), [])
})

authority(
  "the certificate comes in with those above it, and a pod's chain reaches the trust anchor",
  async () => {
    const path = signed('signed.pem', below, root)
    const { stdout } = await done(ground, ['--signed-cert', path, '--apply'])
    assert.match(stdout, /^created an issuer of pki: O=Example, CN=Pods of cluster demo signs from now on$/m)
    await podRuns(ground)
    const again = await done(ground, ['--signed-cert', path, '--apply'])
    assert.match(again.stdout, /^nothing to do$/m)
    assert.is((await issuers()).length, 3)
  },
)

authority('handed in alone it gives a short chain, and the whole file later is the cure', async () => {
  const { server } = ground
  const text = readFileSync(join(ground.folder, 'signed.pem'), 'utf8')
  const [alone = ''] = text.split(/(?<=-----END CERTIFICATE-----)/)
  for (const id of await issuers()) {
    await ground.ask(await rootToken(ground), 'DELETE', `pki/issuer/${id}`)
  }
  const chain = async (): Promise<readonly string[]> =>
    ((await server.read('pki/issuer/default'))['data'] as { ca_chain: string[] }).ca_chain
  const short = await done(ground, ['--signed-cert', file('alone.pem', alone), '--apply'])
  assert.match(
    short.stdout,
    /^note: .*alone\.pem ends with a certificate signed by .*CN=Policy CA: that CA must be/m,
  )
  assert.is((await chain()).length, 1)
  const whole = ['--signed-cert', join(ground.folder, 'signed.pem')]
  const shown = await done(ground, whole)
  assert.match(
    shown.stdout,
    /^~ change pki: the chain of O=Example, CN=Pods of cluster demo, with all certificates above it /m,
  )
  assert.ok(shown.methods.every((method) => method === 'GET'))
  const { stdout } = await done(ground, [...whole, '--apply'])
  assert.match(
    stdout,
    /^changed an issuer of pki: O=Example, CN=Pods of cluster demo has its chain and signs from now on$/m,
  )
  assert.is((await chain()).length, 3)
  assert.is((await issuers()).length, 3)
  await podRuns(ground)
  assert.match((await done(ground, [...whole, '--apply'])).stdout, /^nothing to do$/m)
})

authority(
  'a byte order mark, lost line breaks, glued blocks and PKCS #7 give Vault the whole chain',
  async () => {
    const { server } = ground
    const pems = readFileSync(join(ground.folder, 'signed.pem'), 'utf8')
      .split(/(?<=-----END CERTIFICATE-----)/)
      .map((text) => text.trim())
      .filter((text) => text !== '')
    for (const content of [
      `\ufeff${pems.join('\n')}`,
      pems.join('\n').replaceAll('\n', '\\n'),
      pems.join(''),
      pkcs7(...pems.toReversed()),
    ]) {
      for (const id of await issuers()) {
        await ground.ask(await rootToken(ground), 'DELETE', `pki/issuer/${id}`)
      }
      const path = join(ground.folder, 'dressed.pem')
      writeFileSync(path, content)
      await done(ground, ['--signed-cert', path, '--apply'])
      const { ca_chain: chain } = (await server.read('pki/issuer/default'))['data'] as { ca_chain: string[] }
      assert.is(chain.length, 3)
    }
    await podRuns(ground)
  },
)

authority('a chain that was given by hand is not taken for a whole one', async () => {
  const { server } = ground
  const { default: id } = (await server.read('pki/config/issuers'))['data'] as { default: string }
  await server.write(`pki/issuer/${id}`, { manual_chain: ['self'] })
  const refused = await ground.run(['--signed-cert', join(ground.folder, 'signed.pem'), '--apply'])
  assert.is(refused.code, 1, refused.stdout)
  assert.match(
    refused.stderr,
    /still sends a shorter chain\nhint: .*vault read pki\/issuer\/.* \(manual_chain\)/,
  )
  assert.is((await issuers()).length, 3)
  await server.write(`pki/issuer/${id}`, { manual_chain: [] })
  await podRuns(ground)
})

authority('a further request is made only with --rotate', async () => {
  const { stdout } = await done(ground, ['--csr-out', csrFile, '--apply'])
  assert.match(stdout, /^nothing to do$/m)
  assert.match(
    stdout,
    /^note: pki signs as O=Example, CN=Pods of cluster demo, below .*CN=Policy CA, until \d{4}-/m,
  )
  assert.is((await keys()).length, 1)
})

authority('rotated, another key signs, and pods go on without a break', async () => {
  await done(ground, ['--csr-out', csrFile, '--rotate', '--apply'])
  assert.is((await keys()).length, 2)
  // The old one signs until the new certificate is there.
  await podRuns(ground)
  const path = signed('next.pem', root)
  await done(ground, ['--signed-cert', path, '--apply'])
  await podRuns(ground)
  const issuer = (await ground.server.read('pki/issuer/default'))['data'] as { certificate: string }
  assert.ok(readFileSync(path, 'utf8').includes(issuer.certificate.trim()))
  const back = await done(ground, ['--signed-cert', join(ground.folder, 'signed.pem'), '--apply'])
  assert.match(back.stdout, /which Vault already has, signs from then on/)
  await podRuns(ground)
})

authority('what docs/vault.md has OpenSSL do with the request is taken in', async () => {
  const docs = readFileSync(join(ROOT, 'docs/vault.md'), 'utf8')
  const [, block = ''] = /```sh\n(# sign pki\.csr[^`]+)```/.exec(docs) ?? []
  await done(ground, ['--csr-out', csrFile, '--rotate', '--apply'])
  const script = `set -e
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.crt -days 3650 \\
  -subj '/CN=Root by OpenSSL' -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign'
${block}`
  const env = cleanEnv({ LC_ALL: 'C', OPENSSL_CONF: '/dev/null' })
  const { status, stderr } = spawnSync('sh', ['-c', script], { cwd: ground.folder, env, encoding: 'utf8' })
  assert.is(status, 0, stderr)
  const anchor = readFileSync(join(ground.folder, 'root.crt'), 'utf8')
  ground.stage.rolesAnywhereEmulator.options.anchors = [{ arn: anchorArn, certificates: [anchor] }]
  await done(ground, ['--signed-cert', join(ground.folder, 'pki.pem'), '--apply'])
  await podRuns(ground)
})

authority(
  'an issuer that nothing uses any more can be deleted with its key, as the docs have it',
  async () => {
    const current = ((await ground.server.read('pki/config/issuers'))['data'] as { default: string }).default
    for (const id of await issuers()) {
      const { key_id: key } = (await ground.server.read(`pki/issuer/${id}`))['data'] as { key_id: string }
      if (id === current || key === '') continue
      for (const path of [`issuer/${id}`, `key/${key}`]) {
        assert.ok((await ground.ask(await rootToken(ground), 'DELETE', `pki/${path}`)).status < 300)
      }
    }
    await podRuns(ground)
    assert.match((await done(ground, ['--apply'])).stdout, /^nothing to do$/m)
  },
)

authority.run()
