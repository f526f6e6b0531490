/** Vault as a subordinate authority: what stands above it, what it sends along, and which keys it signs. */
import { X509Certificate } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run, type Run } from '../e2e/harness.ts'
import { createAuthority } from '../rig/emulators/authority.ts'
import { signingRequest } from '../rig/emulators/requests.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import {
  addIntermediate,
  dataOf,
  isDone,
  mountPki,
  noTokenLeft,
  putPkiRole,
  startPkiStage,
  type PkiStage,
} from './authority.ts'

const chains = suite('real Vault as a subordinate authority')

let stage: PkiStage
chains.before(async () => {
  stage = await startPkiStage()
  const { server, root } = stage
  await mountPki(server, 'ec')
  await addIntermediate(server, 'ec', { signedBy: root })
  await mountPki(server, 'rsa')
  await addIntermediate(server, 'rsa', { signedBy: root, keyType: 'rsa' })
  for (const mount of ['ec', 'rsa']) {
    await putPkiRole(server, mount, 'any')
    await putPkiRole(server, mount, 'stored', { no_store: false })
  }
  for (const [type, bits] of [
    ['ec', 256],
    ['ec', 384],
    ['rsa', 2048],
    ['rsa', 4096],
  ] as const) {
    await putPkiRole(server, 'ec', `${type}-${bits}`, { key_type: type, key_bits: bits })
  }
})
chains.after(() => stage.close())

function sign(mount: string, role: string, env: Readonly<Record<string, string>> = {}): Promise<Run> {
  return run(stage, { env: { VAULT_PKI_MOUNT: mount, VAULT_CERT_NAME: role, ...env } })
}

function sentLeaf(done: Run): X509Certificate {
  return new X509Certificate(Buffer.from(done.aws.at(-1)?.request.header('x-amz-x509') ?? '', 'base64'))
}

/** Subjects of the certificates that went with the leaf. */
function sentChain(done: Run): readonly string[] {
  const header = done.aws.at(-1)?.request.header('x-amz-x509-chain')
  if (header === undefined) return []
  return header
    .split(',')
    .map((der) => /CN=(.*)/.exec(new X509Certificate(Buffer.from(der, 'base64')).subject)?.[1] ?? '')
}

const KEYS = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072'] as const

for (const mount of ['ec', 'rsa']) {
  for (const key of KEYS) {
    chains(`a root elsewhere, an ${mount} intermediate, key_type=any: ${key} is signed`, async () => {
      const done = await sign(mount, 'any', { KEY_TYPE: key })
      await isDone(stage, done)
      assert.equal(sentChain(done), [`Example Intermediate ${mount}`])
      const { namedCurve, modulusLength } = sentLeaf(done).publicKey.asymmetricKeyDetails ?? {}
      const found = modulusLength === undefined ? namedCurve : `rsa-${modulusLength}`
      assert.is(found, { 'ec-p256': 'prime256v1', 'ec-p384': 'secp384r1' }[key as string] ?? key)
    })
  }
}

for (const mount of ['ec', 'rsa']) {
  for (const role of ['any', 'stored']) {
    chains(
      `${mount}, no_store=${role === 'any'}: Vault keeps ${role === 'any' ? 'no' : 'the'} certificate`,
      async () => {
        const before = await stage.server.list(`${mount}/certs`)
        const done = await sign(mount, role)
        await isDone(stage, done)
        const kept = (await stage.server.list(`${mount}/certs`)).filter((serial) => !before.includes(serial))
        const serial = sentLeaf(done)
          .serialNumber.toLowerCase()
          .replace(/(..)(?!$)/g, '$1:')
        assert.equal(kept, role === 'any' ? [] : [serial])
      },
    )
  }
}

chains('two intermediates in two mounts: both go with the leaf, leaf side first', async () => {
  const { server, root } = stage
  await mountPki(server, 'upper')
  await addIntermediate(server, 'upper', { signedBy: root })
  await mountPki(server, 'lower')
  // What signed it comes along: Vault gives as ca_chain what the mount has, and no more.
  await addIntermediate(server, 'lower', { signedBy: { mount: 'upper' }, withRoot: true })
  await putPkiRole(server, 'lower', 'any')
  const done = await sign('lower', 'any')
  await isDone(stage, done)
  assert.equal(sentChain(done), ['Example Intermediate lower', 'Example Intermediate upper'])
})

chains(
  'a mount that lacks the upper intermediate: AWS finds no path, and the hint says what to import',
  async () => {
    const { server } = stage
    await mountPki(server, 'bare')
    await addIntermediate(server, 'bare', { signedBy: { mount: 'upper' } })
    await putPkiRole(server, 'bare', 'any')
    const done = await sign('bare', 'any')
    assert.is(done.code, 5)
    assert.match(done.stderr, /Untrusted signing certificate.*Example Intermediate bare/)
    assert.match(done.stderr, /hint: .*import it into the PKI mount so that ca_chain includes it/)
    await noTokenLeft(stage)
  },
)

for (const [how, mount] of [
  ['the root imported into the mount', 'with-root'],
  ['manual_chain with the root', 'manual'],
] as const) {
  chains(`ca_chain with the root, by ${how}: the root is not sent`, async () => {
    const { server, root } = stage
    await mountPki(server, mount)
    const issuer = await addIntermediate(server, mount, { signedBy: root, withRoot: true })
    if (mount === 'manual') {
      const others = await server.list(`${mount}/issuers`)
      const manual = [issuer, ...others.filter((one) => one !== issuer)]
      await server.write(`${mount}/issuer/${issuer}`, { issuer_name: 'intermediate', manual_chain: manual })
    }
    await putPkiRole(server, mount, 'any')
    const answer = await server.write(`${mount}/sign/any`, {
      csr: await signingRequest({ subject: `CN=${EXAMPLE.commonName}` }),
    })
    assert.is((dataOf(answer)['ca_chain'] as string[]).length, 2)
    const done = await sign(mount, 'any')
    await isDone(stage, done)
    assert.equal(sentChain(done), [`Example Intermediate ${mount}`])
  })
}

chains('the root itself in Vault: nothing but the leaf is sent', async () => {
  const { server } = stage
  await mountPki(server, 'root')
  const made = dataOf(
    await server.write('root/root/generate/internal', {
      common_name: 'Example Root in Vault',
      key_type: 'ec',
    }),
  )
  await putPkiRole(server, 'root', 'any')
  const root = createAuthority({ commonName: 'unused', nowMs: Date.now() })
  stage.trust({ ...root, pem: String(made['certificate']) })
  try {
    const done = await sign('root', 'any')
    await isDone(stage, done)
    assert.equal(sentChain(done), [])
  } finally {
    stage.trust(stage.root)
  }
})

for (const [role, key] of [
  ['ec-256', 'ec-p256'],
  ['ec-256', 'ec-p384'],
  ['ec-384', 'ec-p384'],
  ['rsa-2048', 'rsa-2048'],
  ['rsa-2048', 'rsa-3072'],
] as const) {
  chains(`a role of ${role} signs ${key}`, async () => {
    await isDone(stage, await sign('ec', role, { KEY_TYPE: key }))
  })
}

chains.run()
