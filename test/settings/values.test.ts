import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as values from '../../src/settings/values.ts'
import { KEY_TYPES } from '../../src/certificate/settings.ts'
import { fc } from '../support/generated.ts'

const checks = suite('settings: values')

function accepts<T>(check: values.Check<T>, text: string, value: T): void {
  assert.equal(check(text), { value }, text)
}

function refuses(check: values.Check<unknown>, texts: readonly string[], wrong: RegExp): void {
  for (const text of texts) {
    const checked = check(text)
    assert.ok('wrong' in checked, `${JSON.stringify(text)} passed`)
    if ('wrong' in checked) assert.match(checked.wrong, wrong, text)
  }
}

checks('a boolean is true or false in any case', () => {
  accepts(values.boolean, 'true', true)
  accepts(values.boolean, 'False', false)
  accepts(values.boolean, 'TRUE', true)
  refuses(values.boolean, ['1', 'yes', 'on', '0', 'tru', 't'], /boolean/)
})

checks('whole seconds lie within their bounds, both included', () => {
  const check = values.wholeSeconds(900, 43_200)
  accepts(check, '900', 900)
  accepts(check, '43200', 43_200)
  accepts(values.wholeSeconds(0, 9), '0', 0)
  refuses(check, ['899', '43201', '999999999'], /out of range/)
  refuses(check, ['15m', '900s', '900.5', '-900', '+900', '9e2', '0x400', '9 00', ''], /whole seconds/)
})

checks('a choice is one of its words', () => {
  for (const type of KEY_TYPES) accepts(values.keyType, type, type)
  refuses(values.keyType, ['rsa', 'EC-P256', 'rsa-4096'], /choices/)
  accepts(values.authMethod, 'jwt', 'jwt')
  refuses(values.authMethod, ['approle', 'oidc'], /choices/)
  refuses(values.logFormat, ['JSON', 'logfmt'], /choices/)
})

checks('a file mode is octal and leaves writing to the owner alone', () => {
  accepts(values.fileMode, '0600', 0o600)
  accepts(values.fileMode, '640', 0o640)
  accepts(values.fileMode, '0644', 0o644)
  accepts(values.fileMode, '00700', 0o700)
  refuses(values.fileMode, ['0o600', '384', '0x180', 'rw-------', '60', ''], /octal/)
  refuses(values.fileMode, ['4600', '02600', '1600', '77777'], /beyond rwx/)
  refuses(values.fileMode, ['0400', '0200', '0000', '0044'], /owner read and write/)
  refuses(values.fileMode, ['0660', '0606', '0622', '0777'], /writable by the group or by everyone/)
})

checks('every accepted file mode is private to its writer', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0o7777 }), (mode) => {
      const checked = values.fileMode(mode.toString(8).padStart(4, '0'))
      assert.is('value' in checked, mode <= 0o777 && (mode & 0o600) === 0o600 && (mode & 0o022) === 0)
    }),
  )
})

checks('a session name has 2 to 64 of the characters that AWS takes', () => {
  accepts(values.sessionName, 'a+=,.@-_9', 'a+=,.@-_9')
  accepts(values.sessionName, 'ab', 'ab')
  accepts(values.sessionName, 'x'.repeat(64), 'x'.repeat(64))
  refuses(values.sessionName, ['a', 'x'.repeat(65), 'a b', 'a/b', 'é1', 'a:b'], /session name/)
})

checks('a profile name holds nothing that ends or quotes a header, and is not reserved by a reader', () => {
  for (const name of ['team a.b', 'a@b:c/d%e+f', 'zwölf']) accepts(values.profileName, name, name)
  const unfit = ['a]b', 'a[b', 'a#b', 'a;b', 'a"b', "a'b", 'a\\b', 'DEFAULT', '__proto__']
  refuses(values.profileName, unfit, /not a profile name/)
})

checks('a common name has 64 characters at most, whatever their bytes', () => {
  accepts(values.commonName, 'é'.repeat(64), 'é'.repeat(64))
  accepts(values.commonName, '🔑'.repeat(64), '🔑'.repeat(64))
  refuses(values.commonName, ['x'.repeat(65)], /65 characters/)
})

checks('a region cannot be anything but a region', () => {
  for (const region of ['eu-west-1', 'us-gov-east-1', 'us-isob-east-1', 'eusc-de-east-1', 'ap-southeast-5']) {
    accepts(values.region, region, region)
  }
  refuses(
    values.region,
    ['', 'eu-west', 'EU-WEST-1', 'x.eu-west-1', 'eu-west-1.evil.example', 'eu-west-1/x', 'x'],
    /region/,
  )
})

checks('a mount loses its slashes and auth/ its prefix', () => {
  accepts(values.vaultPath, '/team/pki/', 'team/pki')
  accepts(values.authMount, 'auth/k8s/eu/', 'k8s/eu')
  accepts(values.authMount, '/auth/jwt', 'jwt')
  accepts(values.authMount, 'authority', 'authority')
  accepts(values.authMount, 'k8s/auth/x', 'k8s/auth/x')
  accepts(values.vaultPath, 'auth/x', 'auth/x')
})

checks('a path that would lead elsewhere is refused', () => {
  const wrong = ['/', '..', 'a/../b', 'a/./b', 'a//b', 'a b', 'a?x', 'a#x', 'a%2fb', 'a\\b']
  refuses(values.vaultPath, wrong, /path in Vault/)
  refuses(values.authMount, ['auth/', ...wrong], /path in Vault/)
  refuses(values.vaultName, ['a/b', '', '.', ...wrong], /name in Vault/)
  accepts(values.vaultName, 'app.team.cluster', 'app.team.cluster')
})

checks('a role of the AWS secrets engine stands under creds or sts of any mount', () => {
  for (const [text, path] of [
    ['aws/creds/x', 'aws/creds/x'],
    ['/aws/creds/x/', 'aws/creds/x'],
    ['v1/aws/sts/x', 'aws/sts/x'],
    ['/v1/aws/sts/x', 'aws/sts/x'],
    ['team/a/aws/creds/x', 'team/a/aws/creds/x'],
    ['aws/sts/read.only-1_a', 'aws/sts/read.only-1_a'],
    ['creds/creds/creds', 'creds/creds/creds'],
  ] as const) {
    accepts(values.vaultAwsPath, text, path)
  }
  refuses(
    values.vaultAwsPath,
    [
      'aws/x',
      'aws/roles/x',
      'creds/x',
      '/creds/x',
      'aws/creds',
      'aws/creds/',
      'aws/creds/x/y',
      'aws/config/root',
    ],
    /does not name a role of Vault's AWS/,
  )
  refuses(
    values.vaultAwsPath,
    ['aws/creds/..', '../aws/creds/x', 'aws//creds/x', 'aws/creds/a b', 'aws/creds/x?y', 'aws/creds/%2e', ''],
    /does not name a role of Vault's AWS/,
  )
})

checks('a port is a whole number of 16 bits', () => {
  accepts(values.port, '1', 1)
  accepts(values.port, '9911', 9911)
  accepts(values.port, '65535', 65_535)
  refuses(
    values.port,
    ['0', '65536', '-1', '1e3', '9911.0', '0x50', ' 1', '', 'http', '123456'],
    /is not a port/,
  )
})

checks('a namespace is what a header carries', () => {
  accepts(values.vaultNamespace, '/team/a/', 'team/a')
  refuses(values.vaultNamespace, ['a//b', '../x'], /path in Vault/)
  refuses(values.vaultNamespace, ['名', 'é', 'a\u200bb', 'a b'], /namespace in Vault/)
})

checks('every accepted mount stays one path below /v1', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
      const checked = values.vaultPath(text)
      if (!('value' in checked)) return
      const { pathname, search, hash } = new URL(`https://vault.example/v1/${checked.value}/sign/x`)
      assert.equal([decodeURI(pathname), search, hash], [`/v1/${checked.value}/sign/x`, '', ''])
    }),
  )
})

checks('a TLS server name is a host without scheme or port', () => {
  accepts(values.serverName, 'vault.example', 'vault.example')
  accepts(values.serverName, 'vault.example.', 'vault.example')
  refuses(
    values.serverName,
    ['https://vault', 'vault:8200', '*.vault', 'va_ult', '10.0.0.1', '10.0.0.1.', 'vault..', '.', 'fd00::1'],
    /host name/,
  )
})

checks('DNS names are checked one by one, and a wildcard is a first label', () => {
  accepts(values.dnsNames, 'a.example, *.b.example', ['a.example', '*.b.example'])
  accepts(values.dnsNames, 'localhost,AB.c9', ['localhost', 'AB.c9'])
  accepts(values.dnsNames, `${'a.'.repeat(126)}b`, [`${'a.'.repeat(126)}b`])
  refuses(
    values.dnsNames,
    ['a..b', '-a', 'a-', '*', '*a.b', 'a.*.b', 'a_b', 'ü.example', 'a.'],
    /^is not a DNS/,
  )
  refuses(values.dnsNames, [`${'a'.repeat(64)}.b`, `${'a.'.repeat(127)}b`.slice(0, 255)], /DNS name/)
  refuses(values.dnsNames, ['a.example,,b.example', 'a,'], /entry 2, which is not a DNS name/)
})

checks('URIs are absolute and ASCII', () => {
  accepts(values.uris, 'spiffe://c/ns/a/sa/b,URN:x:y', ['spiffe://c/ns/a/sa/b', 'URN:x:y'])
  refuses(
    values.uris,
    ['/ns/a', 'spiffe:', '1x:y', 'a b:c', 'spiffe://c/ü', 'spiffe://c/a b', 'http://[x'],
    /^is not an abs/,
  )
  refuses(values.uris, ['urn:x:y,'], /entry 2/)
})

checks('a Vault duration is seconds, days alone, or a Go duration', () => {
  for (const [text, seconds] of [
    ['90', 90],
    ['30m', 1800],
    ['1h30m', 5400],
    ['1d', 86_400],
    ['1.5h', 5400],
    ['.5h', 1800],
    ['1h1m1s', 3661],
    ['90000ms', 90],
    ['1', 1],
    ['1s', 1],
    ['2000000us', 2],
  ] as const) {
    accepts(values.vaultDuration, text, seconds)
  }
  const wrong = [
    '',
    '0',
    '0s',
    '-1h',
    '1h 30m',
    '1d12h',
    '1w',
    'h',
    '1.5',
    '1.5d',
    '1h30',
    '9999999999999d',
    '1H',
  ]
  refuses(values.vaultDuration, wrong, /Vault duration/)
})

checks('a Go duration is worth the sum of its parts', () => {
  const part = fc.integer({ min: 0, max: 999 })
  fc.assert(
    fc.property(part, part, fc.integer({ min: 1, max: 999 }), (h, m, s) => {
      assert.equal(values.vaultDuration(`${h}h${m}m${s}s`), { value: h * 3600 + m * 60 + s })
    }),
  )
})

checks.run()
