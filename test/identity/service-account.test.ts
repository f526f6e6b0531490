import * as fs from 'node:fs/promises'
import { dirname } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { IamRaError } from '../../src/errors.ts'
import { decodeClaims, readServiceAccountToken } from '../../src/identity/service-account.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { errorText } from '../support/error-text.ts'
import { fakeRuntime } from '../support/fake-runtime.ts'
import { CANARY, CLAIMS, jwt, tokenFile, type TokenFile } from './fixture.ts'
import { fc } from '../support/generated.ts'

const reading = suite<{ file: TokenFile }>('readServiceAccountToken')

reading.before.each((context) => {
  context.file = tokenFile()
})
reading.after.each(({ file }) => file.remove())

async function unreadable(path: string, files = fakeRuntime().fs): Promise<IamRaError> {
  const error = await rejectsWithCode(readServiceAccountToken(files, path), 'INPUT_FILE')
  assert.is(error.stage, 'identity')
  assert.match(error.message, path)
  assert.not.match(errorText(error), CANARY)
  return error
}

reading('takes the token without the blanks around it', async ({ file }) => {
  file.write(`\n ${jwt()} \r\n`)
  assert.is(await readServiceAccountToken(fs, file.path), jwt())
})

reading('says that the file is missing, and how to mount one', async ({ file }) => {
  const error = await unreadable(`${file.path}-not`)
  assert.match(error.message, /cannot be read \(ENOENT\)/)
  assert.match(error.hint ?? '', /automountServiceAccountToken/)
})

reading('says that a folder is no file', async ({ file }) => {
  const error = await unreadable(dirname(file.path))
  assert.match(error.message, /cannot be read \(not a file\)/)
})

reading('says that the uid may not read it, and what changes that', async ({ file }) => {
  const denied = Object.assign(new Error('canary'), { code: 'EACCES' })
  const open = (() => Promise.reject(denied)) as unknown as typeof fs.open
  const error = await rejectsWithCode(
    readServiceAccountToken({ ...fakeRuntime().fs, open }, file.path),
    'INPUT_FILE',
  )
  assert.match(error.message, /cannot be read \(EACCES\)/)
  assert.match(error.hint ?? '', /fsGroup/)
})

reading('says that the file is empty', async ({ file }) => {
  for (const text of ['', '\n \n']) {
    file.write(text)
    assert.match((await unreadable(file.path)).message, /is empty/)
  }
})

for (const [title, text] of [
  ['a word', 'canary'],
  ['two parts', 'canary.canary'],
  ['four parts', 'canary.canary.canary.canary'],
  ['an empty signature, as of alg none', 'canary.canary.'],
  ['two lines', `${jwt()}\n${jwt()}`],
  ['a PEM key', '-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----'],
  ['JSON', '{"token":"canary"}'],
  ['too much', `${'canary'.repeat(20_000)}.a.b`],
] as const) {
  reading(`says that ${title} is no token, without showing it`, async ({ file }) => {
    file.write(text)
    assert.match((await unreadable(file.path)).message, /does not contain a service-account token/)
  })
}

reading.run()

const claims = suite('decodeClaims')

claims('of a projected token names namespace, account, audience, issuer and expiry', () => {
  assert.equal(decodeClaims(jwt()), {
    namespace: 'team',
    account: 'app',
    subject: 'system:serviceaccount:team:app',
    issuer: 'https://kubernetes.default.svc',
    expiresAtMs: CLAIMS.exp * 1000,
    audiences: ['vault'],
  })
})

claims("of a Secret's token come from its flat names", () => {
  const legacy = {
    iss: 'kubernetes/serviceaccount',
    'kubernetes.io/serviceaccount/namespace': 'team',
    'kubernetes.io/serviceaccount/service-account.name': 'app',
    'kubernetes.io/serviceaccount/secret.name': 'app-token-x',
  }
  const { namespace, account, audiences, expiresAtMs } = decodeClaims(jwt(legacy))
  assert.equal([namespace, account, audiences, expiresAtMs], ['team', 'app', [], undefined])
})

claims('take namespace and account from the subject where nothing else has them', () => {
  const { namespace, account } = decodeClaims(jwt({ sub: 'system:serviceaccount:team:app' }))
  assert.equal([namespace, account], ['team', 'app'])
  assert.is(decodeClaims(jwt({ sub: 'somebody' })).account, undefined)
})

claims('take an audience as a string or as a list (RFC 7519, section 4.1.3)', () => {
  assert.equal(decodeClaims(jwt({ aud: 'vault' })).audiences, ['vault'])
  assert.equal(decodeClaims(jwt({ aud: ['a', 7, null, 'b'] })).audiences, ['a', 'b'])
  assert.equal(decodeClaims(jwt({ aud: { a: 1 } })).audiences, [])
})

claims('of an odd token are none', () => {
  for (const token of ['', 'a', 'a..c', 'a.!.c', 'a.bm90IGpzb24.c', `a.${jwt([1])}.c`, jwt(null), jwt('x')]) {
    assert.equal(decodeClaims(token), { audiences: [] }, token)
  }
})

claims('of the wrong types are left out', () => {
  const odd = { aud: 1, exp: '1', iss: 2, sub: {}, 'kubernetes.io': { namespace: 3, serviceaccount: [] } }
  assert.equal(decodeClaims(jwt(odd)), { audiences: [] })
})

claims('an expiry that no date can hold is left out', () => {
  for (const exp of [1e300, -1e300, 8.65e12]) assert.is(decodeClaims(jwt({ exp })).expiresAtMs, undefined)
  assert.is(decodeClaims(jwt({ exp: 1.5 })).expiresAtMs, 1500)
})

claims('hold no control characters, which would write on the terminal', () => {
  const { subject, audiences } = decodeClaims(jwt({ sub: 'a\u001b[31mb', aud: ['x\ny'] }))
  assert.equal([subject, audiences], ['a [31mb', ['x y']])
})

claims('are read from any three parts without an exception', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (payload, rest) => {
      assert.ok(Array.isArray(decodeClaims(jwt(payload)).audiences))
      assert.ok(Array.isArray(decodeClaims(`a.${rest}`).audiences))
    }),
  )
})

claims.run()
