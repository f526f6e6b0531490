/** Which certificate a PKI mount signs with, and whether it leads to the root that the trust anchor trusts. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../../src/errors.ts'
import { issuerBelow, readIssuer, type IssuerName } from '../../../src/onboarding/authority/vault/issuer.ts'
import { readRoot } from '../../../src/onboarding/authority/vault/root.ts'
import { createAuthority, type Authority } from '../../rig/emulators/authority.ts'
import { memoryVault } from './memory-vault.ts'

const NOW_MS = Date.UTC(2026, 10, 30)
const make = (commonName: string, issuer?: Authority): Authority =>
  createAuthority({ commonName, nowMs: NOW_MS, ...(issuer === undefined ? {} : { issuer }) })
const root = make('Root')
const twin = make('Root')
const middle = make('Middle', root)
const pods = make('Pods', middle)

async function below(
  chain: readonly Authority[],
  anchor: string,
  nowMs = NOW_MS,
): Promise<IssuerName | undefined> {
  const vault = memoryVault({ 'pki/cert/ca_chain': { ca_chain: chain.map(({ pem }) => pem).join('\n') } })
  const issuer = await readIssuer(vault, 'pki')
  return issuer === undefined ? undefined : issuerBelow('pki', issuer, anchor, nowMs)
}

const issuers = suite('the issuer of a PKI mount')

issuers('leads to the root through all that Vault has above it, in any order', async () => {
  assert.equal(await below([pods, middle, root], root.pem), { name: 'Pods' })
  assert.equal(await below([pods, root, middle], root.pem), { name: 'Pods' })
  assert.equal(await below([pods, middle], root.pem), { name: 'Pods' })
})

issuers('has no name if it is the root itself', async () => {
  assert.equal(await below([root], root.pem), { name: '' })
})

issuers('may lead to either root of an anchor that has two', async () => {
  assert.equal(await below([pods, middle], `${twin.pem}\n${root.pem}`), { name: 'Pods' })
})

issuers('does not lead to a root of the same name with another key, nor over a gap', async () => {
  for (const [chain, anchor] of [
    [[pods, middle, root], twin.pem],
    [[pods], root.pem],
  ] as const) {
    assert.match(JSON.stringify(await below(chain, anchor)), /"wrong":"pki signs as .*which does not lead to/)
  }
})

issuers('that has expired is of no use', async () => {
  const later = NOW_MS + 100 * 365 * 86_400_000
  assert.match(JSON.stringify(await below([pods, middle], root.pem, later)), /Pods, has expired"/)
})

issuers('is none if the mount has none, or is none; another failure stays one', async () => {
  const vault = memoryVault()
  for (const status of [400, 403]) {
    vault.read = () => Promise.reject(new IamRaError('REFUSED', 'identity', 'no', { status }))
    assert.is(await readIssuer(vault, 'pki'), undefined)
  }
  const sealed = new IamRaError('REFUSED', 'identity', 'sealed', { status: 503 })
  vault.read = () => Promise.reject(sealed)
  assert.is(await readIssuer(vault, 'pki').catch((error: unknown) => error), sealed)
})

issuers('a root that has expired cannot be the root of an installation', async () => {
  const vault = memoryVault({
    'sys/mounts': { 'pki-root/': { type: 'pki' } },
    'pki-root/issuers/1': {},
    'pki-root/issuer/1': { certificate: root.pem, key_id: 'k', ca_chain: [] },
    'pki-root/config/issuers': { default: '1' },
  })
  const wishes = { mount: 'pki-root', commonName: 'a', isNamed: false, years: 10 }
  const now = await readRoot(vault, wishes, NOW_MS)
  assert.equal([now.plan.steps, now.plan.problems, (await now.read()).trim()], [[], [], root.pem.trim()])
  const late = await readRoot(vault, wishes, NOW_MS + 100 * 365 * 86_400_000)
  assert.match(late.plan.problems.join(), /^the root of pki-root, .*, has expired: create a new one there/)
})

issuers.run()
