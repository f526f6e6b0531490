import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MOST_CANDIDATES, readCandidates } from '../../src/certificate/candidates.ts'
import { readCertificates } from '../../src/certificate/read-certificates.ts'
import type { Certificate } from '../../src/certificate/certificate.ts'
import { orderChain } from '../../src/certificate/chain.ts'
import { HINTS } from '../../src/certificate/hints.ts'
import { IamRaError } from '../../src/errors.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { pem } from '../certs/read.ts'
import { createAuthority } from '../rig/emulators/authority.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'

const candidates = suite('candidates for a chain')

const PEMS = Array.from(
  { length: MOST_CANDIDATES + 1 },
  () => createAuthority({ commonName: 'X', nowMs: FAKE_NOW_MS }).pem,
)

function stopping(): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const reason = new IamRaError('INTERRUPTED', 'internal', 'SIGTERM', { signal: 15 })
  return { signal: controller.signal, stop: () => controller.abort(reason) }
}

candidates('are as many as any chain has, and one more is an error that says whom to ask', async () => {
  const { signal } = stopping()
  for (const origin of ['vault-pki', 'mounted'] as const) {
    const most = PEMS.slice(0, MOST_CANDIDATES).join('\n')
    assert.is((await readCandidates(most, 'the chain', { origin, signal })).length, MOST_CANDIDATES)
    const promise = readCandidates(PEMS.join('\n'), 'the chain', { origin, signal })
    const error = await rejectsWithCode(promise, 'CERTIFICATE_UNFIT')
    assert.match(error.message, /^the chain has more than 200 certificates/)
    assert.is(error.hint, HINTS[origin].tooMany)
  }
})

candidates('that are there twice count once', async () => {
  const { signal } = stopping()
  const text = `${PEMS.slice(0, 3).join('\n')}\n`.repeat(500)
  assert.is((await readCandidates(text, 'the chain', { origin: 'mounted', signal })).length, 3)
})

candidates('are read no further after a signal, which has its turn', async () => {
  const { signal, stop } = stopping()
  setImmediate(stop)
  const promise = readCandidates(PEMS.slice(0, 50).join('\n'), 'the chain', { origin: 'mounted', signal })
  await rejectsWithCode(promise, 'INTERRUPTED')
})

/** 50 issuers of one name, none of which signed; counts how often that was asked. */
function walk(signal: AbortSignal): { readonly result: Promise<unknown>; asked(): number } {
  const [issuer] = readCertificates(pem('int2'), 'int2')
  const [leaf] = readCertificates(pem('good-p256'), 'good-p256')
  assert.ok(issuer !== undefined && leaf !== undefined)
  let asked = 0
  const signed: Certificate = {
    ...leaf,
    isSignedBy: () => {
      asked += 1
      return Promise.resolve(false)
    },
  }
  const issuers = Array.from({ length: 50 }, (_, index) => ({ ...issuer, der: Uint8Array.of(index) }))
  const nowMs = Date.UTC(2027, 0, 1)
  return { result: orderChain(signed, issuers, { origin: 'mounted', nowMs, signal }), asked: () => asked }
}

candidates('are tried no further after a signal, which has its turn', async () => {
  const { signal, stop } = stopping()
  const { result, asked } = walk(signal)
  setImmediate(stop)
  await rejectsWithCode(result, 'INTERRUPTED')
  assert.ok(asked() < 10, `${asked()} signatures were verified`)
})

candidates('are tried once each', async () => {
  const { result, asked } = walk(stopping().signal)
  await rejectsWithCode(result, 'CERTIFICATE_UNFIT')
  assert.is(asked(), 50)
})

candidates('with RSA keys that take long to verify with are not tried', async () => {
  const { signal } = stopping()
  for (const key of [
    { kind: 'rsa', bits: 16_384, exponentBits: 17 },
    { kind: 'rsa', bits: 4096, exponentBits: 4096 },
  ] as const) {
    const [issuer] = readCertificates(pem('int2'), 'int2')
    const [leaf] = readCertificates(pem('good-p256'), 'good-p256')
    assert.ok(issuer !== undefined && leaf !== undefined)
    const signed: Certificate = { ...leaf, isSignedBy: () => assert.unreachable('it was tried') as never }
    const promise = orderChain(signed, [{ ...issuer, key }], {
      origin: 'mounted',
      nowMs: Date.UTC(2027, 0, 1),
      signal,
    })
    const error = await rejectsWithCode(promise, 'CERTIFICATE_UNFIT')
    assert.match(error.message, /of type RSA with \d+ bits and an exponent of \d+, which cannot be verified/)
  }
})

candidates.run()
