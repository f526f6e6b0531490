import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAuthorizationToken, isSameSecret } from '../../src/endpoint/secret.ts'

const secret = suite('secret')

secret('a token is 256 bits in base64url without a newline', () => {
  const token = createAuthorizationToken()
  assert.match(token, /^[\w-]{43}$/)
  assert.is(Buffer.from(token, 'base64url').byteLength, 32)
})

secret('no two tokens are the same', () => {
  assert.is(new Set(Array.from({ length: 100 }, createAuthorizationToken)).size, 100)
})

const pairs: readonly [given: string, expected: string, same: boolean][] = [
  ['token', 'token', true],
  ['token', 'Token', false],
  ['token', 'toke', false],
  ['toke', 'token', false],
  ['', 'token', false],
  ['tok\u00e9', 'toke\u00e9', false],
  // As long in characters, not in bytes.
  ['tok\u00e9n', 'token', false],
]
for (const [given, expected, same] of pairs) {
  secret(`${JSON.stringify(given)} is ${same ? '' : 'not '}${JSON.stringify(expected)}`, () => {
    assert.is(isSameSecret(given, expected), same)
  })
}

secret.run()
