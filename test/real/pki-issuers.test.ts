/** An authority in a real Vault that cannot sign, or may no longer be used. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from '../e2e/harness.ts'
import { count } from '../e2e/outcome.ts'
import {
  addIntermediate,
  hasFailed,
  mountPki,
  putPkiRole,
  startPkiStage,
  type PkiStage,
} from './authority.ts'

const authorities = suite('real Vault: an authority that cannot be used')

let stage: PkiStage
authorities.before(async () => {
  stage = await startPkiStage()
})
authorities.after(() => stage.close())

const ISSUERS: readonly {
  readonly title: string
  readonly hasIssuer: boolean
  readonly role?: Readonly<Record<string, unknown>>
  readonly issuer?: Readonly<Record<string, unknown>>
  readonly says: RegExp
}[] = [
  { title: 'a mount without an issuer', hasIssuer: false, says: /no default issuer currently configured$/ },
  {
    title: 'a role whose issuer_ref is gone',
    hasIssuer: true,
    role: { issuer_ref: 'gone' },
    says: /unable to find PKI issuer for reference: gone$/,
  },
  {
    title: 'an issuer that may not issue',
    hasIssuer: true,
    issuer: { issuer_name: 'idle', usage: 'read-only' },
    says: /requested usage issuing-certificates for issuer/,
  },
]

for (const [index, { title, hasIssuer, role, issuer, says }] of ISSUERS.entries()) {
  authorities(`${title}: exit 4 at once, though Vault answers 500`, async () => {
    const { server, root } = stage
    const mount = `issuers-${index}`
    await mountPki(server, mount)
    const id = hasIssuer ? await addIntermediate(server, mount, { signedBy: root }) : ''
    if (issuer !== undefined) await server.write(`${mount}/issuer/${id}`, issuer)
    await putPkiRole(server, mount, 'iam-ra', role)
    const done = await run(stage, { env: { VAULT_PKI_MOUNT: mount } })
    await hasFailed(stage, done, 4, says, new RegExp(`vault read ${mount}/config/issuers`))
    assert.is(count(done.vault, /\/sign\//), 1)
  })
}

for (const behavior of ['truncate', 'permit']) {
  authorities(
    `an expired authority with leaf_not_after_behavior=${behavior}: exit 4, AWS not asked`,
    async () => {
      const { server, root } = stage
      const mount = `expired-${behavior}`
      await mountPki(server, mount)
      const issuer = await addIntermediate(server, mount, { signedBy: root, lifetimeMs: -1000 })
      await server.write(`${mount}/issuer/${issuer}`, {
        issuer_name: 'expired',
        leaf_not_after_behavior: behavior,
      })
      await putPkiRole(server, mount, 'iam-ra')
      const what = behavior === 'truncate' ? 'the certificate' : 'the intermediate certificate .*'
      const done = await run(stage, { env: { VAULT_PKI_MOUNT: mount } })
      await hasFailed(stage, done, 4, new RegExp(`${what} expired at .* as on Vault's clock`), /renewed/)
    },
  )
}

authorities.run()
