/** What a cluster is called in Vault, and the words that the trust anchor keeps of it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { clusterOf, defaultSetup, wordsOf } from '../../../src/onboarding/authority/vault/names.ts'
import { expiryNotes } from '../../../src/onboarding/authority/vault/reviewer.ts'

const WISHES = { address: 'https://vault.example', host: 'https://api.example', reviewer: 'token' } as const
const PROD = { name: 'prod', namespace: 'iam-ra', mode: 'vault' }

const names = suite('names of a cluster in Vault')

names('its words can be read again, and those of another version are not guessed', () => {
  const found = { address: 'https://v', authMount: 'a', pkiMount: 'b', pkiRole: 'c' }
  assert.equal(clusterOf({ ...PROD, words: wordsOf(found) }), found)
  assert.is(clusterOf({ ...PROD, words: ['https://v', 'a', 'b'] }), undefined)
  const below = { ...found, vaultNamespace: 'admin/team' }
  assert.equal(clusterOf({ ...PROD, words: wordsOf(below) }), below)
})

names('the addresses in certificates have the namespace of Vault', () => {
  const { pki } = defaultSetup('prod', { ...WISHES, vaultNamespace: 'admin/team' })
  assert.equal(pki.issuingCertificates, ['https://vault.example/v1/admin/team/pki-prod/ca'])
  assert.equal(pki.crlDistributionPoints, ['https://vault.example/v1/admin/team/pki-prod/crl'])
  assert.equal(defaultSetup('prod', WISHES).pki.issuingCertificates, ['https://vault.example/v1/pki-prod/ca'])
})

names('the CA of a cluster with a long name has a CN that a certificate may have', () => {
  assert.is(defaultSetup('prod', WISHES).pki.commonName, 'Pods of cluster prod')
  const long = 'a'.repeat(49)
  assert.is(defaultSetup(long, WISHES).pki.commonName, long)
})

names("the reviewer's token is said to expire, and never shown", () => {
  const payload = Buffer.from(JSON.stringify({ exp: Date.UTC(2026, 11, 1, 12) / 1000 })).toString('base64url')
  const [note = ''] = expiryNotes(PROD, `head.${payload}.signature`)
  assert.match(note, /expires at 2026-12-01T12:00Z, .*iam-ra k8s setup prod --replace-reviewer-token$/)
  assert.not.ok(note.includes(payload))
})

names.run()
