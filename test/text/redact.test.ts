import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { foreignText, foreignTexts, looksLikePage } from '../../src/text/redact.ts'
import { isRecord, parseJsonObject } from '../../src/text/json.ts'
import { fc } from '../support/generated.ts'

const text = suite('foreign text')

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const base64url = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from(BASE64URL)), minLength, maxLength })
/** Made by a generator, so that no test holds anything that looks like a secret. */
const jwt = fc
  .tuple(base64url(4, 60), base64url(20, 200), base64url(0, 90))
  .map(([header, claims, signature]) => `eyJ${header}.eyJ${claims}.${signature}`)
const vaultToken = fc
  .tuple(fc.constantFrom('hvs', 'hvb', 'hvr'), base64url(24, 100))
  .map(([kind, rest]) => `${kind}.${rest}`)
const bytes = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array))
const pem = bytes(150).map((der) => {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n')
})
const awsSecret = bytes(30)
  .map((key) => key.toString('base64'))
  .filter((key) => /\d/.test(key) && /[a-z]/.test(key) && /[A-Z]/.test(key))
const awsToken = bytes(300).map((token) => token.toString('base64'))
const awsKeyId = fc
  .tuple(
    fc.constantFrom('ASIA', 'AKIA'),
    fc.string({ unit: fc.constantFrom(...Array.from('ABCDEFGHIJ234567')), minLength: 16, maxLength: 16 }),
  )
  .map(([kind, rest]) => `${kind}${rest}`)

/** Pieces that a secret may be mixed with, some of them able to make one where they are joined. */
const anyText = fc.string({ unit: 'binary', maxLength: 400 })

text('never holds a secret of eight characters or more that it was told', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', minLength: 8, maxLength: 40 }), { minLength: 1, maxLength: 3 }),
      fc.array(fc.oneof(anyText, fc.nat({ max: 2 })), { maxLength: 6 }),
      (secrets, parts) => {
        // The mark itself is no secret.
        fc.pre(secrets.every((secret) => !/[[\]]/.test(secret)))
        const said = parts.map((part) => (typeof part === 'number' ? (secrets[part] ?? '') : part)).join('')
        const shown = foreignText(said, secrets)
        for (const secret of secrets) assert.not(shown.includes(secret), shown)
      },
    ),
  )
})

text('never holds a told secret that only the joining of spaces makes', () => {
  assert.is(foreignText('pass\r\nword one', ['pass word']), '[hidden] one')
  assert.is(foreignText('pass\nword one', ['pass\nword']), '[hidden] one')
})

text('hides the whole of a secret that begins like another one', () => {
  assert.is(foreignText('abcdefgh-ijkl', ['abcdefgh', 'abcdefgh-ijkl']), '[hidden]')
})

text('leaves words that a short secret would tear out', () => {
  assert.is(foreignText('the role is unknown', ['role']), 'the role is unknown')
})

text('is one line of at most 301 characters without control characters', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.string({ unit: 'grapheme', maxLength: 2000 })), (said) => {
      const shown = foreignText(said)
      assert.ok(shown.length <= 301)
      assert.not.match(shown, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      assert.is(shown, shown.trim())
      assert.ok(shown.length <= 300 || shown.endsWith('…'))
    }),
  )
})

text('is not cut in the middle of a character', () => {
  const shown = foreignText(`${'x'.repeat(299)}😀😀`)
  assert.is(shown, `${'x'.repeat(299)}…`)
})

text('takes away what would rewrite the terminal', () => {
  assert.is(foreignText('ok\u001b[2K\rall\u202e is well\u0007'), 'ok [2K all is well')
})

for (const [what, secret] of [
  ['a JSON Web Token', jwt],
  ['a token of Vault', vaultToken],
  ['a private key', pem],
  ['an access key ID of AWS', awsKeyId],
  ['a secret key of AWS', awsSecret],
  ['a session token of AWS', awsToken],
] as const) {
  text(`hides ${what} that it was not told`, () => {
    fc.assert(
      fc.property(secret, fc.constantFrom(' ', '"', '=', '%22', ': '), (hidden, before) => {
        fc.pre(what.includes('AWS') ? !/[=2]$/.test(before) : true)
        const shown = foreignText(`the server said${before}${hidden} and more`)
        for (let at = 0; at + 12 <= hidden.length; at += 1) {
          const piece = hidden.slice(at, at + 12)
          assert.not(shown.includes(piece), `${piece.length} characters are shown`)
        }
        assert.match(shown, '[hidden]')
        assert.match(shown, 'the server said')
      }),
    )
  })
}

for (const [what, secret, least] of [
  ['a JSON Web Token', jwt, 8],
  ['a token of Vault', vaultToken, 8],
  ['a private key', pem, 40],
  ['a session token of AWS', awsToken, 60],
] as const) {
  text(`hides ${what} that was cut short`, () => {
    fc.assert(
      fc.property(secret, fc.nat(), (whole, at) => {
        const cut = whole.slice(0, least + (at % (whole.length - least)))
        const shown = foreignText(`it begins with ${cut}`)
        assert.is(shown, 'it begins with [hidden]')
      }),
    )
  })
}

const name = fc.string({
  unit: fc.constantFrom(...Array.from('ABCXYZabcxyz012789-_')),
  minLength: 1,
  maxLength: 30,
})

text("leaves the issuer of an EKS cluster's tokens as it is", () => {
  const id = '0123456789ABCDEF'.repeat(2)
  for (const host of ['oidc.eks.eu-west-1.amazonaws.com', 'oidc-eks.eu-west-1.api.aws']) {
    const said = `invalid issuer (iss) claim: https://${host}/id/${id}`
    assert.is(foreignText(said), said)
    assert.match(foreignText(`${said}aB3`), /\[hidden\]/)
  }
})

text('leaves ARNs as they are', () => {
  const arn = fc.oneof(
    fc
      .array(name, { minLength: 1, maxLength: 4 })
      .map((path) => `arn:aws:iam::123456789012:role/${path.join('/')}`),
    fc.uuid().map((id) => `arn:aws-cn:rolesanywhere:cn-north-1:123456789012:trust-anchor/${id}`),
    fc
      .tuple(name, name)
      .map(([role, session]) => `arn:aws:sts::123456789012:assumed-role/${role}/${session}`),
  )
  fc.assert(
    fc.property(arn, (one) => {
      assert.is(foreignText(`Unable to assume role for ${one}.`), `Unable to assume role for ${one}.`)
    }),
  )
})

text('leaves UUIDs, serials and hashes as they are', () => {
  fc.assert(
    fc.property(fc.uuid(), bytes(20), (id, serial) => {
      const said = `request ${id} with serial ${serial.toString('hex')}, ${serial.toString('hex').toUpperCase()}`
      assert.is(foreignText(said), said)
    }),
  )
})

text('leaves what the servers say as they are', () => {
  for (const said of [
    "Requested Role isn't one of those listed in the Profile.",
    'common name app.payments.prod not allowed by this role',
    'could not load JWKS: Get "https://kubernetes.default.svc/openid/v1/jwks": dial tcp 10.96.0.1:443: i/o timeout',
    'role requires keys of type rsa',
    'subject alternate name spiffe://prod-eu-1/ns/payments/sa/app not allowed by this role',
    'invalid role name "app"; service account unauthorized: \'system:serviceaccount:payments:app\'',
  ]) {
    assert.is(foreignText(said), said)
  }
})

text('is made in linear time from whatever comes', () => {
  for (const part of ['-----BEGIN ', 'eyJ', '_', 'a1', 'arn:', 'arn:a:a:a:1:', 'hvs.', ' ', '-arn']) {
    assert.ok(foreignText(part.repeat(1_000_000 / part.length), ['not in it']).length <= 301)
  }
})

text('knows a page from the answer of an API', () => {
  for (const page of [
    '<html>',
    ' \n<!DOCTYPE html>',
    '\ufeff<?xml version="1.0"?>',
    '<HEAD>',
    '<body class="x">',
  ]) {
    assert.ok(looksLikePage(page), page)
  }
  for (const other of [
    '',
    '{"errors":["<html>"]}',
    '<Error><Code>AccessDenied</Code></Error>',
    'no <html>',
  ]) {
    assert.not(looksLikePage(other), other)
  }
})

text('reads objects of JSON and nothing else', () => {
  assert.equal(parseJsonObject('{"a":[1]}'), { a: [1] })
  for (const other of ['', '[]', 'null', '"text"', '1', '{', '<html>'])
    assert.is(parseJsonObject(other), undefined)
  assert.is(isRecord([]), false)
  assert.is(isRecord(null), false)
  assert.is(isRecord({}), true)
})

text('of many is five and a count, each once and fit to show', () => {
  assert.equal(foreignTexts([]), [])
  assert.equal(foreignTexts(['a', 'a', 'b\nc', ' ', 'd']), ['a', 'b c', 'd'])
  const many = Array.from({ length: 120_000 }, (_, at) => `warning ${at}`)
  assert.equal(foreignTexts([...many, ...many]), [...many.slice(0, 5), 'and 119995 more'])
  assert.equal(
    foreignTexts(['x y', 'pass\nword'], (one) => `<${one}>`, ['pass word']),
    ['<x y>', '<[hidden]>'],
  )
  assert.equal(foreignTexts(['a', 'b', 'c', 'd', 'e', 'f'], JSON.stringify).at(-1), 'and 1 more')
})

text.run()
