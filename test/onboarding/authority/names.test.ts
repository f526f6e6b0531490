/** What a cluster is called in Vault, and the words that the trust anchor keeps of it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  addressNote,
  clusterOf,
  defaultSetup,
  wordsOf,
} from '../../../src/onboarding/authority/vault/names.ts'
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

names('words that somebody else put there are not taken for paths, addresses or commands', () => {
  const found = { address: 'https://v', authMount: 'a', pkiMount: 'b', pkiRole: 'c' }
  for (const change of [
    ...[
      { address: 'ftp://v' },
      { address: 'https://user@v' },
      { address: 'v' },
      { authMount: 'a/../../sys' },
    ],
    ...[{ pkiMount: 'b/' }, { pkiMount: 'b;id' }, { pkiRole: '../c' }, { pkiRole: '$(id)' }],
  ])
    assert.is(clusterOf({ ...PROD, words: wordsOf({ ...found, ...change }) }), undefined)
})

names('the address that pods send their tokens to is shown, and that it is plain http', () => {
  const found = { address: 'https://v', authMount: 'a', pkiMount: 'b', pkiRole: 'c' }
  const note = "pods of cluster prod log in to Vault at https://v, as the trust anchor's tag has it"
  assert.is(addressNote('prod', found), note)
  const plain = /at http:\/\/v, as the .* has it, in plain http: anyone on the way can read their tokens$/
  assert.match(addressNote('prod', { ...found, address: 'http://v' }), plain)
  assert.not.match(addressNote('prod', { ...found, address: 'http://127.0.0.1:1' }), /plain/)
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
