/** From one root to the next: two issuers in one mount of a real Vault, and an anchor that holds one root or both. */
import { X509Certificate } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run, type Run } from '../e2e/harness.ts'
import { createAuthority, pemOf, randomSerial, type Authority } from '../rig/emulators/authority.ts'
import { signCertificate } from '../rig/emulators/certificate.ts'
import {
  addIntermediate,
  dataOf,
  importIssuers,
  isDone,
  mountPki,
  noTokenLeft,
  putPkiRole,
  signElsewhere,
  startPkiStage,
  type PkiStage,
} from './authority.ts'

const rollover = suite('real Vault: rollover of the root')

const nowMs = Date.now()
const oldRoot = createAuthority({ commonName: 'Old Root', nowMs })
const newRoot = createAuthority({ commonName: 'New Root', nowMs })

let stage: PkiStage
let issuers: { readonly old: string; readonly new: string }
rollover.before(async () => {
  stage = await startPkiStage()
  const { server } = stage
  await mountPki(server, 'pki')
  issuers = {
    old: await addIntermediate(server, 'pki', { commonName: 'Old Intermediate', signedBy: oldRoot }),
    new: await addIntermediate(server, 'pki', { commonName: 'New Intermediate', signedBy: newRoot }),
  }
  await putPkiRole(server, 'pki', 'iam-ra')
})
rollover.after(() => stage.close())

async function exchange(issuer: 'old' | 'new', ...anchor: readonly Authority[]): Promise<Run> {
  await stage.server.write('pki/config/issuers', { default: issuers[issuer] })
  stage.trust(...anchor)
  return await run(stage)
}

/** Who signed the leaf that was sent, and whose certificates went with it. */
function sent(done: Run): readonly string[] {
  const request = done.aws.at(-1)?.request
  const ders = [request?.header('x-amz-x509'), ...(request?.header('x-amz-x509-chain')?.split(',') ?? [])]
  return ders.map((der) => {
    const { issuer } = new X509Certificate(Buffer.from(der ?? '', 'base64'))
    return /CN=(.*)/.exec(issuer)?.[1] ?? ''
  })
}

async function isUntrusted(done: Run, intermediate: string): Promise<void> {
  assert.is(done.code, 5, done.stderr)
  assert.match(
    done.stderr,
    new RegExp(
      `^aws-iam-ra: exchange: .*Untrusted signing certificate.*: the certificate does not chain up to the trust anchor's CA; sent: .*issuer \\[O=Example, CN=${intermediate}\\], with the chain \\[O=Example, CN=${intermediate}\\]`,
    ),
  )
  assert.match(
    done.stderr,
    /hint: check that the anchor arn:aws:rolesanywhere:.* contains the CA at the end of the chain/,
  )
  assert.is(done.aws.length, 1, 'not asked again')
  assert.equal(done.files, [])
  await noTokenLeft(stage)
}

rollover('before: the old issuer under the old root', async () => {
  const done = await exchange('old', oldRoot)
  await isDone(stage, done)
  assert.equal(sent(done), ['Old Intermediate', 'Old Root'])
})

rollover(
  'too early: the new issuer under the old root alone: exit 5, and what was sent is named',
  async () => {
    await isUntrusted(await exchange('new', oldRoot), 'New Intermediate')
  },
)

for (const issuer of ['old', 'new'] as const) {
  rollover(`during: the ${issuer} issuer under both roots`, async () => {
    const done = await exchange(issuer, oldRoot, newRoot)
    await isDone(stage, done)
    const name = issuer === 'old' ? 'Old' : 'New'
    assert.equal(sent(done), [`${name} Intermediate`, `${name} Root`])
  })
}

rollover('after: the new issuer under the new root', async () => {
  await isDone(stage, await exchange('new', newRoot))
})

rollover('too late: a role that still names the old issuer, under the new root alone: exit 5', async () => {
  await putPkiRole(stage.server, 'pki', 'iam-ra', { issuer_ref: issuers.old })
  try {
    await isUntrusted(await exchange('new', newRoot), 'Old Intermediate')
  } finally {
    await putPkiRole(stage.server, 'pki', 'iam-ra')
  }
})

rollover('the new root signed by the old one too: trusted under the old root alone', async () => {
  const { server } = stage
  await mountPki(server, 'cross')
  const made = dataOf(
    await server.write('cross/intermediate/generate/internal', { common_name: 'unused', key_type: 'ec' }),
  )
  const intermediate = signElsewhere(String(made['csr']), 'Crossed Intermediate', newRoot)
  const cross = signCertificate(
    {
      subject: newRoot.subject,
      publicKey: newRoot.publicKey,
      serial: randomSerial(),
      notBeforeMs: nowMs - 60_000,
      notAfterMs: nowMs + 3_600_000_000,
      keyUsage: ['keyCertSign', 'cRLSign'],
      authority: {},
    },
    oldRoot,
  )
  await importIssuers(server, 'cross', [intermediate, pemOf('CERTIFICATE', cross)])
  await putPkiRole(server, 'cross', 'iam-ra')
  for (const root of [oldRoot, newRoot]) {
    stage.trust(root)
    const done = await run(stage, { env: { VAULT_PKI_MOUNT: 'cross' } })
    await isDone(stage, done)
    assert.equal(sent(done), ['Crossed Intermediate', 'New Root', 'Old Root'])
  }
})

rollover(
  'one key of an intermediate under both roots: the default issuer says which one is sent',
  async () => {
    const { server } = stage
    await mountPki(server, 'twin')
    const made = dataOf(
      await server.write('twin/intermediate/generate/internal', { common_name: 'unused', key_type: 'ec' }),
    )
    await putPkiRole(server, 'twin', 'iam-ra')
    for (const [root, name] of [
      [oldRoot, 'Old Root'],
      [newRoot, 'New Root'],
    ] as const) {
      await importIssuers(server, 'twin', [signElsewhere(String(made['csr']), 'Twin Intermediate', root)])
      stage.trust(root)
      const done = await run(stage, { env: { VAULT_PKI_MOUNT: 'twin' } })
      await isDone(stage, done)
      assert.equal(sent(done), ['Twin Intermediate', name])
    }
  },
)

rollover.run()
