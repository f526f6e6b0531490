/** What is to be done about the PKI mount's own certificate. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { planAuthority, type AuthorityPlan } from '../../../src/onboarding/vault/authority.ts'
import type { State } from '../../../src/onboarding/vault/state.ts'
import { createAuthority } from '../../rig/emulators/authority.ts'

const NOW_MS = Date.UTC(2026, 10, 21)
const DAY_MS = 86_400_000

const root = createAuthority({ commonName: 'Root', nowMs: NOW_MS })
const policy = createAuthority({ commonName: 'Policy', nowMs: NOW_MS, issuer: root })
const own = createAuthority({ commonName: 'Pods', nowMs: NOW_MS, issuer: policy })

type Scene = Pick<State, 'mounts' | 'issuers' | 'defaultIssuer' | 'keys'>

const mount = { type: 'pki', accessor: 'pki_1234', maxLeaseSeconds: 0, version: '' }
const EMPTY: Scene = { mounts: new Map(), issuers: [], defaultIssuer: '', keys: [] }

function standing(chain: readonly string[]): Scene {
  return {
    mounts: new Map([['pki/', mount]]),
    issuers: [{ id: 'i1', pem: own.pem, keyId: 'k1', chain }],
    defaultIssuer: 'i1',
    keys: ['k1'],
  }
}

const PKI = {
  mount: 'pki',
  role: 'iam-ra',
  commonName: 'Pods',
  seconds: 3600,
  issuingCertificates: [],
  crlDistributionPoints: [],
}

function planned(scene: Scene, wishes: object = {}, nowMs = NOW_MS): AuthorityPlan {
  const state: State = { found: new Map(), acme: false, pkiRoles: [], authRoles: new Map(), ...scene }
  return planAuthority(PKI, state, { rotate: false, ...wishes }, nowMs)
}

const authority = suite('the authority of vault-setup')

authority('does not sign itself by a mistake in --root-mount', () => {
  for (const scene of [EMPTY, standing([own.pem])]) {
    assert.equal(planned(scene, { rootMount: 'pki' }).problems, [
      '--root-mount pki is pki.mount itself: the root must be in another mount',
    ])
  }
})

authority('names the roots that there are where --root-mount names none', () => {
  const one = standing([own.pem])
  const two = { ...one, mounts: new Map([...one.mounts, ['pki-root/', mount] as const]) }
  for (const [scene, says] of [
    [two, /^--root-mount nope is not a PKI secrets engine mount; other PKI mounts: pki-root$/],
    [one, /; there is none besides pki: create the root first, or have another CA sign \(--csr-out FILE\)$/],
  ] as const) {
    assert.match(planned(scene, { rootMount: 'nope' }).problems[0] ?? '', says)
  }
})

authority('takes a certificate in again whose chain lacks one of those above it', () => {
  const kindOf = (chain: readonly string[], file: readonly string[]): string | undefined =>
    planned(standing(chain), { signed: { file: 'pki.pem', pem: file.join('\n') } }).step?.kind
  const whole = [own.pem, policy.pem, root.pem]
  assert.is(kindOf([own.pem], whole), 'chain')
  assert.is(kindOf([own.pem, policy.pem], whole), 'chain')
  assert.is(kindOf(whole, whole), undefined)
  // Nobody is told to hand in less.
  assert.is(kindOf(whole, [own.pem]), undefined)
})

authority('is to be renewed where its certificate ends soon', () => {
  const { notes } = planned(standing([own.pem]), {}, own.notAfterMs - 30 * DAY_MS)
  assert.ok(notes.some((note) => /which is in 30 days: renew it now \(--rotate\)$/.test(note)))
})

authority('says what becomes of the roles in AWS, if another name is to sign, and only then', () => {
  const successor = createAuthority({ commonName: 'Pods 2', nowMs: NOW_MS, issuer: root })
  const namesake = createAuthority({ commonName: 'Pods', nowMs: NOW_MS, issuer: root })
  const scene: Scene = { ...standing([own.pem, policy.pem]), keys: ['k1', 'k2'] }
  const says = (wishes: object, pki: object = {}, from: Scene = scene): readonly string[] => {
    const state: State = { found: new Map(), acme: false, pkiRoles: [], authRoles: new Map(), ...from }
    const { notes } = planAuthority({ ...PKI, ...pki }, state, { rotate: true, ...wishes }, NOW_MS)
    return notes.filter((note) => note.includes('IssuerNames'))
  }
  const roots = new Map([...scene.mounts, ['pki-root/', mount] as const])
  const certificateOf = ({ pem }: { readonly pem: string }): object => ({
    signed: { file: 'pki.pem', pem: `${pem}\n${root.pem}` },
  })
  const renaming = { commonName: 'Pods 2' }
  for (const [wishes, pki] of [
    [certificateOf(successor), {}],
    [{ csrOut: 'pki.csr' }, renaming],
    [{ rootMount: 'pki-root' }, renaming],
  ] as const) {
    const [note, ...more] = says(wishes, pki, { ...scene, mounts: roots })
    assert.match(
      note ?? '',
      /^the signing CA's CN changes from Pods to Pods 2: first put both into IssuerNames/,
    )
    assert.equal(more, [])
    assert.equal(says(wishes, pki, EMPTY), [])
  }
  for (const wishes of [certificateOf(namesake), { csrOut: 'pki.csr' }, { rotate: false }]) {
    assert.equal(says(wishes), [])
  }
})

authority.run()
