import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { claimAt, readToken } from './jwt.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })

function tokenBy(key: KeyObject, alg: unknown): string {
  const parts = [{ alg }, { sub: 'someone' }].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  const signature = sign('sha256', Buffer.from(parts.join('.')), { key, dsaEncoding: 'ieee-p1363' })
  return [...parts, signature.toString('base64url')].join('.')
}

function isSigned(token: string, key: KeyObject): boolean | undefined {
  return readToken(token)?.isSignedBy(key.export({ type: 'spki', format: 'pem' }))
}

const tokens = suite('readToken')

tokens('checks the signature by the algorithm that the header names', () => {
  assert.is(isSigned(tokenBy(rsa.privateKey, 'RS256'), rsa.publicKey), true)
  assert.is(isSigned(tokenBy(ec.privateKey, 'ES256'), ec.publicKey), true)
  assert.is(isSigned(tokenBy(rsa.privateKey, 'RS256'), ec.publicKey), false)
})

tokens('takes no signature under another algorithm’s name, nor none', () => {
  for (const alg of ['none', 'HS256', 'ES256', 'constructor']) {
    assert.is(isSigned(tokenBy(rsa.privateKey, alg), rsa.publicKey), false)
  }
  assert.is(isSigned(tokenBy(rsa.privateKey, 'RS256').replace(/[^.]+$/, ''), rsa.publicKey), false)
})

tokens('is undefined for what is no token', () => {
  for (const text of [
    '',
    'a.b.c',
    'e30.e30',
    `${tokenBy(rsa.privateKey, 'RS256')}.x`,
    tokenBy(rsa.privateKey, 1),
  ]) {
    assert.is(readToken(text), undefined)
  }
})

tokens('claims are found by name and by JSON pointer', () => {
  const claims = { sub: 'a', 'kubernetes.io': { pod: { name: 'b' }, 'x/y': 'c' } }
  assert.is(claimAt(claims, 'sub'), 'a')
  assert.is(claimAt(claims, '/kubernetes.io/pod/name'), 'b')
  assert.is(claimAt(claims, '/kubernetes.io/x~1y'), 'c')
  assert.is(claimAt(claims, '/kubernetes.io/none/name'), undefined)
})

tokens.run()
