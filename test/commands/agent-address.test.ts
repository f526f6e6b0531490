import { readFile } from 'node:fs/promises'
import type { networkInterfaces } from 'node:os'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runAgentAddress } from '../../src/commands/agent-address/run.ts'
import { addressRequest } from '../../src/endpoint/loopback-address.ts'
import { AGENT_ADDRESSES } from '../../src/endpoint/settings.ts'
import { IamRaError } from '../../src/errors.ts'
import { createLogger } from '../../src/run/log.ts'
import { systemRuntime } from '../../src/run/runtime.ts'
import { SETTINGS } from '../../src/settings/options.ts'

const command = suite('agent-address')

const { ipv4, ipv6 } = AGENT_ADDRESSES
const PODS = '# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n'
const NODES = '# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n'

type Interfaces = ReturnType<typeof networkInterfaces>

interface Scene {
  readonly remove?: boolean
  /** /etc/hosts */
  readonly hosts?: string
  /** The file's text; undefined: there is none. */
  readonly disableIpv6?: string | undefined
  readonly interfaces?: Interfaces
  /** The kernel's error number, negative, or 0. */
  readonly kernel?: number
}

interface Ended {
  readonly said: readonly string[]
  readonly asked: readonly string[]
  readonly failure?: IamRaError
}

/** struct nlmsghdr with struct nlmsgerr. */
function acknowledgement(number: number): Uint8Array {
  const bytes = Buffer.alloc(36)
  bytes.writeUInt32LE(36, 0)
  bytes.writeUInt16LE(2, 4)
  bytes.writeInt32LE(number, 16)
  return bytes
}

async function run(scene: Scene): Promise<Ended> {
  const { remove = false, hosts = NODES, interfaces = {}, kernel = 0 } = scene
  const disableIpv6 = 'disableIpv6' in scene ? scene.disableIpv6 : '0\n'
  const runtime = systemRuntime(process)
  const said: string[] = []
  const asked: string[] = []
  const readText = (path: string): Promise<string> => {
    if (path === '/etc/hosts') return Promise.resolve(hosts)
    if (!path.endsWith('/disable_ipv6')) return readFile(path, 'utf8')
    return disableIpv6 === undefined ? Promise.reject(new Error('ENOENT')) : Promise.resolve(disableIpv6)
  }
  const logger = createLogger(
    { format: 'text', verbosity: 'normal', terminationLog: '' },
    () => 0,
    (text) => void said.push(text.trim().replace('aws-iam-ra: ', '')),
  )
  const network = {
    interfaces: () => interfaces,
    ask: (request: Uint8Array) => {
      asked.push(Buffer.from(request).toString('hex'))
      return acknowledgement(kernel)
    },
  }
  const { signal: interrupt } = new AbortController()
  const fs = { ...runtime.fs, readFile: readText as never }
  try {
    const context = { runtime: { ...runtime, fs }, logger, interrupt, remove }
    assert.is(await runAgentAddress(context, network), 0)
  } catch (error) {
    if (!(error instanceof IamRaError)) throw error
    assert.is(error.exitCode, 6)
    return { said, asked, failure: error }
  }
  return { said, asked }
}

const hex = (...requests: Uint8Array[]): string[] =>
  requests.map((request) => Buffer.from(request).toString('hex'))

command('the requests are what iproute2 sends: for IPv6 with a preferred lifetime of 0', () => {
  const number = 'fd000ec2' + '00'.repeat(11) + '23'
  assert.equal(hex(addressRequest('add', ipv6)), [
    [
      '54000000' + '1400' + '0506' + '00000000' + '00000000',
      '0a' + '80' + '00' + '00' + '01000000',
      '1400' + '0200' + number,
      '1400' + '0100' + number,
      '1400' + '0600' + '00000000' + 'ffffffff' + '00000000' + '00000000',
    ].join(''),
  ])
  assert.equal(hex(addressRequest('remove', ipv4)), [
    [
      '28000000' + '1500' + '0500' + '00000000' + '00000000',
      '02' + '20' + '00' + 'fe' + '01000000',
      '0800' + '0200' + 'a9feaa17',
      '0800' + '0100' + 'a9feaa17',
    ].join(''),
  ])
})

command('an IPv6 address is written out with or without ::', () => {
  const [short, long] = ['2001:db8::', '2001:db8:0:0:0:0:0:0'].map((address) =>
    addressRequest('remove', address),
  )
  assert.equal(short, long)
})

command('adds both addresses, where agent listens unless told otherwise', async () => {
  const { said, asked } = await run({})
  assert.equal(said, [`${ipv4} added to lo`, `${ipv6} added to lo`])
  assert.equal(asked, hex(addressRequest('add', ipv4), addressRequest('add', ipv6)))
  assert.is(SETTINGS.AGENT_ADDRS.fallback, `${ipv4}:9911,[${ipv6}]:9911`)
})

command('leaves alone what is there, on whichever interface, and what the kernel knows', async () => {
  const one = (address: string): NonNullable<Interfaces[string]> => [{ address } as never]
  const there = await run({ interfaces: { 'pod-id-link0': one(ipv4), lo: one(ipv6) } })
  assert.equal(
    [there.said, there.asked],
    [[`${ipv4} is already on pod-id-link0`, `${ipv6} is already on lo`], []],
  )
  assert.equal((await run({ kernel: -17 })).said, [`${ipv4} is already on lo`, `${ipv6} is already on lo`])
})

command('removes both, and is content where they are missing', async () => {
  const { said, asked } = await run({ remove: true })
  assert.equal(said, [`${ipv4} removed from lo`, `${ipv6} removed from lo`])
  assert.equal(asked, hex(addressRequest('remove', ipv4), addressRequest('remove', ipv6)))
  const again = await run({ remove: true, kernel: -99 })
  assert.equal(again.said, [`${ipv4} is not on lo`, `${ipv6} is not on lo`])
})

command('a node without IPv6 gets one address, and is told so', async () => {
  for (const disableIpv6 of [undefined, '1\n'])
    for (const remove of [false, true]) {
      const { said, asked } = await run({ disableIpv6, remove })
      assert.is(asked.length, 1)
      assert.is(said[1], `${ipv6} is left out: this node has no IPv6, or has it switched off for lo`)
    }
})

command('refuses a pod that has a network of its own', async () => {
  const { failure, asked } = await run({ hosts: PODS })
  assert.is(failure?.message, `cannot add ${ipv4} to lo: this pod has a network of its own, not the node's`)
  assert.is(failure?.hint, 'set hostNetwork: true in the pod')
  assert.equal(asked, [])
})

command('runs by hand too, where no kubelet wrote /etc/hosts', async () => {
  assert.is((await run({ hosts: '127.0.0.1 localhost\n' })).asked.length, 2)
})

for (const [remove, doing] of [
  [false, /^cannot add 169\.254\.170\.23 to lo: /],
  [true, /^cannot remove 169\.254\.170\.23 from lo: /],
] as const) {
  command(`says why it could not: ${doing.source}`, async () => {
    for (const [kernel, why] of [
      [-1, /lacks the NET_ADMIN capability$/],
      [-13, /the kernel refuses it \(EACCES\)$/],
    ] as const) {
      const { failure } = await run({ kernel, remove })
      assert.is(failure?.code, 'ADDRESS')
      assert.match(failure?.message ?? '', doing)
      assert.match(failure?.message ?? '', why)
      assert.ok(failure?.hint)
    }
  })
}

command.run()
