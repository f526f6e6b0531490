import { readFile } from 'node:fs/promises'
import type { networkInterfaces } from 'node:os'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { main } from '../../src/aws-iam-ra.ts'
import { runMetadataAddress } from '../../src/commands/metadata-address/run.ts'
import { addressRequest, outcomeOf } from '../../src/endpoint/loopback-address.ts'
import { IamRaError } from '../../src/errors.ts'
import { systemRuntime } from '../../src/run/runtime.ts'
import { createLogger } from '../../src/run/log.ts'

const command = suite('metadata-address')

const ADDRESS = '169.254.169.254'
const PODS = '# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n'
const NODES = '# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n'

type Interfaces = ReturnType<typeof networkInterfaces>

interface Scene {
  /** /etc/hosts; undefined: there is none. */
  readonly hosts?: string | undefined
  /** Whether the kernel shows what it shows in its first network namespace. */
  readonly isFirst?: boolean
  readonly interfaces?: Interfaces
  /** The kernel's error number, negative, or 0. */
  readonly kernel?: number | Error
}

interface Ended {
  readonly said: string
  readonly asked: number
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

async function run({ hosts = PODS, isFirst = false, interfaces = {}, kernel = 0 }: Scene): Promise<Ended> {
  const runtime = systemRuntime(process)
  let said = ''
  let asked = 0
  const fs = {
    ...runtime.fs,
    readFile: ((path: string) => (path === '/etc/hosts' ? Promise.resolve(hosts) : readFile(path))) as never,
    access: () => (isFirst ? Promise.resolve() : Promise.reject(new Error('ENOENT'))),
  }
  const logger = createLogger(
    { format: 'text', verbosity: 'normal', terminationLog: '' },
    () => 0,
    (text) => (said += text),
  )
  const network = {
    interfaces: () => interfaces,
    ask: () => {
      asked += 1
      if (typeof kernel !== 'number') throw kernel
      return acknowledgement(kernel)
    },
  }
  const { signal: interrupt } = new AbortController()
  try {
    assert.is(await runMetadataAddress({ runtime: { ...runtime, fs }, logger, interrupt }, network), 0)
  } catch (error) {
    if (!(error instanceof IamRaError)) throw error
    assert.is(error.exitCode, 6)
    return { said, asked, failure: error }
  }
  return { said, asked }
}

command('the request is what iproute2 sends for it, with scope host', () => {
  assert.is(
    Buffer.from(addressRequest('add', ADDRESS)).toString('hex'),
    [
      '28000000' + '1400' + '0506' + '00000000' + '00000000',
      '02' + '20' + '00' + 'fe' + '01000000',
      '0800' + '0200' + 'a9fea9fe',
      '0800' + '0100' + 'a9fea9fe',
    ].join(''),
  )
})

command('an answer that is no acknowledgement is no success', () => {
  assert.is(outcomeOf(acknowledgement(0)), 'done')
  assert.is(outcomeOf(acknowledgement(-1)), 'EPERM')
  assert.is(outcomeOf(new Uint8Array(0)), 'EPROTO')
  assert.is(outcomeOf(acknowledgement(0).subarray(0, 18)), 'EPROTO')
  const other = acknowledgement(0)
  other[4] = 20
  assert.is(outcomeOf(other), 'EPROTO')
})

command('says that it added the address', async () => {
  assert.is((await run({})).said, `aws-iam-ra: ${ADDRESS} added to lo\n`)
})

const other = { address: ADDRESS, family: 'IPv4' } as NonNullable<Interfaces[string]>[number]
command('asks for nothing where an interface has it already, whichever', async () => {
  for (const name of ['lo', 'lo:imds', 'eth0']) {
    const { said, asked } = await run({ interfaces: { [name]: [other] } })
    assert.is(said, `aws-iam-ra: ${ADDRESS} is already on ${name}\n`)
    assert.is(asked, 0)
  }
})

command('is content where the kernel knows it already', async () => {
  assert.is((await run({ kernel: -17 })).said, `aws-iam-ra: ${ADDRESS} is already on lo\n`)
})

command('never touches the node’s own network, even where the address is there', async () => {
  const scenes: Scene[] = [
    { hosts: NODES },
    { hosts: NODES, interfaces: { lo: [other] } },
    { hosts: '127.0.0.1 localhost\n', isFirst: true },
    { hosts: '', isFirst: true },
  ]
  for (const scene of scenes) {
    const { asked, said, failure } = await run(scene)
    assert.equal([asked, said], [0, ''])
    assert.match(failure?.message ?? '', "this container has the node's own network")
    assert.match(failure?.hint ?? '', 'hostNetwork: true')
  }
})

command('goes by the kubelet’s word where a pod has a machine of its own', async () => {
  assert.is((await run({ hosts: PODS, isFirst: true })).asked, 1)
  assert.is((await run({ hosts: '127.0.0.1 localhost\n' })).asked, 1)
})

const refusals: readonly [kernel: number | Error, why: RegExp, hint: RegExp][] = [
  [-1, /lacks the NET_ADMIN capability$/, /runAsUser: 0 and capabilities\.add: \[NET_ADMIN\]/],
  [-13, /the kernel refuses it \(EACCES\)$/, /SELinux/],
  [-95, /the kernel refuses it \((?:EOPNOTSUPP|ENOTSUP)\)$/, /gVisor/],
  [new Error('no such socket'), /cannot ask the kernel by netlink$/, /AF_NETLINK/],
]
for (const [kernel, why, hint] of refusals) {
  command(`says why it could not: ${why.source}`, async () => {
    const { failure } = await run({ kernel })
    assert.is(failure?.code, 'ADDRESS')
    assert.match(failure?.message ?? '', why)
    assert.match(failure?.hint ?? '', hint)
  })
}

/** As the command line does it, on Node, which has no such socket. */
async function onNode(env: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
  let said = ''
  const system = systemRuntime(process)
  const runtime = {
    ...system,
    argv: ['metadata-address', ...args],
    env: { TERMINATION_LOG: '/nonexistent', ...env },
    fs: { ...system.fs, readFile: (() => Promise.resolve(PODS)) as never },
    stderr: (text: string) => void (said += text),
  }
  const code = await main(runtime, new AbortController().signal)
  return `${said}exit ${code}\n`
}

command('reads no setting but its own, however wrong the others are', async () => {
  const wrong = {
    VAULT_TOKEN: 'hvs.ignored',
    VAULT_CACERT: '/nonexistent',
    ROLE_ARN: 'x',
    ANCHOR_ARN_FILE: '/nonexistent',
    DEADLINE: 'x',
  }
  const said = await onNode(wrong)
  assert.is(said, await onNode({}))
  assert.match(said, /^aws-iam-ra: sink: cannot add .* netlink\nhint: use the image's own executable/)
  assert.match(said, /exit 6\n$/)
  assert.match(await onNode({ LOG_FORMAT: 'x' }), /LOG_FORMAT: "x" is not one of the choices.*exit 2\n/s)
})

command.run()
