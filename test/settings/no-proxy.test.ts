import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bypassesProxy } from '../../src/settings/no-proxy.ts'
import { fc } from '../support/generated.ts'

const matching = suite('settings: NO_PROXY')

const HOST = 'https://rolesanywhere.eu-west-1.amazonaws.com'

for (const [noProxy, target, bypasses] of [
  ['', HOST, false],
  [' , ,', HOST, false],
  ['*', HOST, true],
  ['a.example, *', HOST, true],
  ['rolesanywhere.eu-west-1.amazonaws.com', HOST, true],
  ['RolesAnywhere.EU-west-1.AmazonAWS.com', HOST, true],
  ['amazonaws.com', HOST, true],
  ['.amazonaws.com', HOST, true],
  ['*.amazonaws.com', HOST, true],
  ['amazonaws.com.', HOST, true],
  ['amazonaws.com.:443', HOST, true],
  ['.amazonaws.com.', HOST, true],
  ['amazonaws.com', `${HOST}.`, true],
  ['.amazonaws.com.', `${HOST}.:443`, true],
  ['10.1.2.3.', 'https://10.1.2.3', true],
  ['zonaws.com.', `${HOST}.`, false],
  ['a.example,amazonaws.com', HOST, true],
  ['a.example amazonaws.com', HOST, true],
  ['zonaws.com', HOST, false],
  ['com', HOST, true],
  ['.', HOST, false],
  ['amazonaws.com:443', HOST, true],
  ['amazonaws.com:8443', HOST, false],
  ['amazonaws.com:8443', `${HOST}:8443`, true],
  [':443', HOST, false],
  ['.amazonaws.com:443', HOST, true],
  ['eu-*.amazonaws.com', HOST, false],
  ['example', 'https://example', true],
  ['.example', 'https://example', false],
  ['10.1.2.3', 'https://10.1.2.3', true],
  ['10.1.2.3:443', 'https://10.1.2.3', true],
  ['10.1.2.3:80', 'https://10.1.2.3', false],
  ['10.1.2.3:80', 'http://10.1.2.3', true],
  ['10.0.0.0/8', 'https://10.1.2.3', true],
  ['10.0.0.0/16', 'https://10.1.2.3', false],
  ['0.0.0.0/0', 'https://10.1.2.3', true],
  ['10.0.0.0/8', 'https://10.example', false],
  ['10.0.0.0/33', 'https://10.0.0.0', false],
  ['10.0.0.0/x', 'https://10.0.0.0', false],
  ['2.3', 'https://10.1.2.3', false],
  ['fd00::1', 'https://[fd00::1]', true],
  ['[fd00::1]', 'https://[fd00::1]:8443', true],
  ['[fd00::1]:8443', 'https://[fd00::1]:8443', true],
  ['[fd00::1]:443', 'https://[fd00::1]:8443', false],
  ['[fd00::1]x', 'https://[fd00::1]', false],
  ['x[fd00::1]', 'https://[fd00::1]', false],
  ['fd00::1:443', 'https://[fd00::1]', false],
  ['FD00:0:0::0001', 'https://[fd00::1]', true],
  ['fd00::/8', 'https://[fd12::9]', true],
  ['fd00::/129', 'https://[fd00::]', false],
  ['::/0', 'https://10.1.2.3', false],
] as const) {
  matching(`${JSON.stringify(noProxy)} ${bypasses ? 'names' : 'does not name'} ${target}`, () => {
    assert.is(bypassesProxy(noProxy, new URL(target)), bypasses)
  })
}

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/)
const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'))

matching('a name covers itself and what is below it, a dotted one only what is below', () => {
  fc.assert(
    fc.property(name, label, (domain, below) => {
      assert.ok(bypassesProxy(domain, new URL(`https://${domain}`)))
      assert.ok(bypassesProxy(domain, new URL(`https://${below}.${domain}`)))
      assert.ok(bypassesProxy(`.${domain}`, new URL(`https://${below}.${domain}`)))
      assert.not(bypassesProxy(`.${domain}`, new URL(`https://${domain}`)))
      assert.not(bypassesProxy(domain, new URL(`https://${below}${domain}`)))
    }),
  )
})

matching('a block covers exactly the addresses that share its prefix', () => {
  const address = fc.integer({ min: 0, max: 0xffffffff })
  fc.assert(
    fc.property(address, address, fc.integer({ min: 0, max: 32 }), (network, host, prefix) => {
      const shift = BigInt(32 - prefix)
      const shares = BigInt(network) >> shift === BigInt(host) >> shift
      assert.is(bypassesProxy(`${dotted(network)}/${prefix}`, new URL(`https://${dotted(host)}`)), shares)
    }),
  )
})

matching('an entry that stands between others counts as it does alone', () => {
  fc.assert(
    fc.property(name, name, name, (before, entry, after) => {
      const target = new URL(`https://${entry}`)
      assert.ok(bypassesProxy(`${before}, ${entry} ,${after}`, target))
    }),
  )
})

matching('nothing in the list makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.type(bypassesProxy(text, new URL(HOST)), 'boolean')
      assert.type(bypassesProxy(text, new URL('https://[::1]')), 'boolean')
    }),
  )
})

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
}

matching.run()
