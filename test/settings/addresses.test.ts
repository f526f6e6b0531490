import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  awsAddress,
  isLoopback,
  listenAddress,
  proxyAddress,
  vaultAddress,
} from '../../src/settings/addresses.ts'
import type { Check } from '../../src/settings/values.ts'

const addresses = suite('settings: addresses')

function wrongOf(check: Check<URL>, text: string): string {
  const checked = check(text)
  return 'wrong' in checked ? checked.wrong : `passed as ${checked.value.origin}`
}

function originOf(check: Check<URL>, text: string): string {
  const checked = check(text)
  return 'value' in checked ? checked.value.origin : checked.wrong
}

addresses('Vault’s address is an origin', () => {
  assert.is(originOf(vaultAddress, 'https://vault.example:8200'), 'https://vault.example:8200')
  assert.is(originOf(vaultAddress, 'HTTPS://Vault.Example/'), 'https://vault.example')
  assert.is(originOf(vaultAddress, 'http://[fd00::1]:8200'), 'http://[fd00::1]:8200')
  assert.is(originOf(vaultAddress, 'http://[::1]'), 'http://[::1]')
})

for (const [text, wrong] of [
  ['vault.example:8200', /http:\/\/ or https/],
  ['xhttps://vault.example', /http:\/\/ or https/],
  ['https:vault.example', /http:\/\/ or https/],
  ['ftp://vault.example', /http:\/\/ or https/],
  ['unix:///run/vault.sock', /http:\/\/ or https/],
  ['https://', /no valid host/],
  ['https:///vault', /path|host/],
  ['https://vault:82000', /no valid host/],
  ['https://vault example', /no valid host/],
  ['https://me:pw@vault.example', /user name or password/],
  ['https://@vault.example', /user name or password/],
  ['https://vault.example/v1', /path/],
  ['https://vault.example?x', /query/],
  ['https://vault.example/?', /query/],
  ['https://vault.example#', /fragment/],
  ['https://vault\\v1', /path/],
  ['http://fd00::1:8200', /without brackets/],
  ['http://::1', /without brackets/],
] as const) {
  addresses(`${text} is no address of Vault`, () => {
    assert.match(wrongOf(vaultAddress, text), wrong)
  })
}

addresses('AWS answers over https, or http on loopback', () => {
  assert.is(originOf(awsAddress, 'https://vpce.example'), 'https://vpce.example')
  assert.is(originOf(awsAddress, 'http://127.0.0.1:4566/'), 'http://127.0.0.1:4566')
  assert.is(originOf(awsAddress, 'http://[::1]:4566'), 'http://[::1]:4566')
  assert.match(wrongOf(awsAddress, 'http://vpce.example'), /http beyond loopback/)
  assert.match(wrongOf(awsAddress, 'https://vpce.example/sessions'), /path/)
  assert.match(wrongOf(awsAddress, 'https://a:b@vpce.example'), /user name/)
})

addresses('a proxy may have a user and lack a scheme', () => {
  const checked = proxyAddress('http://me:p%40ss@proxy.example:3128')
  assert.ok('value' in checked && checked.value.password === 'p%40ss')
  assert.is(originOf(proxyAddress, 'proxy.example:3128'), 'http://proxy.example:3128')
  assert.is(originOf(proxyAddress, 'me:pw@proxy.example:3128'), 'http://proxy.example:3128')
  assert.is(originOf(proxyAddress, 'https://[fd00::1]:3128/'), 'https://[fd00::1]:3128')
  assert.match(wrongOf(proxyAddress, 'socks5://proxy.example:1080'), /http:\/\/ or https/)
  assert.match(wrongOf(proxyAddress, 'http://me:p@proxy.example:99999'), /no valid host/)
  assert.match(wrongOf(proxyAddress, 'http://proxy.example/path'), /path/)
})

addresses('loopback is 127.0.0.0/8, ::1 and localhost, however they are spelled', () => {
  for (const host of ['127.0.0.1', '127.255.1.2', '127.1', '0x7f.1', '[::1]', '[0:0::1]', 'LOCALHOST']) {
    assert.ok(isLoopback(new URL(`http://${host}:8200`)), host)
  }
  for (const host of [
    '128.0.0.1',
    '127.example',
    '127.0.0.1.example',
    'localhost.example',
    '[::2]',
    '0.0.0.0',
  ]) {
    assert.not(isLoopback(new URL(`http://${host}:8200`)), host)
  }
})

addresses('to listen takes an IP address and a port', () => {
  for (const [text, host, port] of [
    ['0.0.0.0:9912', '0.0.0.0', 9912],
    ['127.0.0.1:1', '127.0.0.1', 1],
    ['[::]:65535', '::', 65_535],
    ['[fd00::1]:9912', 'fd00::1', 9912],
  ] as const) {
    assert.equal(listenAddress(text), { value: { host, port } }, text)
  }
})

for (const [text, wrong] of [
  ['0.0.0.0', 'is not an address with a port'],
  ['9912', 'is not an address with a port'],
  ['[::]', 'is not an address with a port'],
  ['[::', 'is not an address with a port'],
  ['0.0.0.0:', 'has no port from 1 to 65535'],
  ['0.0.0.0:0', 'has no port from 1 to 65535'],
  ['[::]:65536', 'has no port from 1 to 65535'],
  ['0.0.0.0:http', 'has no port from 1 to 65535'],
  ['0.0.0.0:99120000', 'has no port from 1 to 65535'],
  ['0.0.0.0:-1', 'has no port from 1 to 65535'],
  [':9912', 'has no IP address before its port'],
  ['*:9912', 'has no IP address before its port'],
  ['localhost:9912', 'has no IP address before its port'],
  ['pod.example:9912', 'has no IP address before its port'],
  ['http://0.0.0.0:9912', 'has no IP address before its port'],
  ['0.0.0:9912', 'has no IP address before its port'],
  ['[0.0.0.0]:9912', 'has no IP address before its port'],
  ['[]:9912', 'has no IP address before its port'],
  [':::9912', 'has an IPv6 address without brackets'],
  ['::1', 'has an IPv6 address without brackets'],
  ['fd00::1:9912', 'has an IPv6 address without brackets'],
] as const) {
  addresses(`${text} is nothing to listen on`, () => {
    assert.equal(listenAddress(text), {
      wrong,
      expected: 'an IP address and a port, such as 0.0.0.0:9912 or [::]:9912',
    })
  })
}

addresses.run()
