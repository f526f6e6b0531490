/**
 * The agent's two addresses on a node of its own: the shipped file adds them with the one capability, and a pod behind a
 * bridge reaches an agent there, which has none.
 */
import { execFileSync } from 'node:child_process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run, type Run, type RunOptions } from '../../e2e/harness.ts'
import { startAgent } from '../../e2e/node-agent.ts'
import { EXAMPLE, startStage } from '../../rig/emulators/stage.ts'
import { runChild } from '../../rig/processes/child.ts'
import { cleanEnv } from '../../rig/processes/clean-env.ts'
import { inOwnNetwork } from '../../rig/processes/own-network.ts'
import { createPod } from '../../rig/processes/pod-network.ts'

inOwnNetwork(import.meta.filename)

const IPV4 = '169.254.170.23'
const IPV6 = 'fd00:ec2::23'
const URLS = [`http://${IPV4}:9911`, `http://[${IPV6}]:9911`]
const ONLY_NET_ADMIN = '-all,+net_admin'

const stage = await startStage()

/** As the kubelet starts the init container: uid 0 and these capabilities, none to be gained. */
async function agentAddress(
  capabilities: string,
  args: readonly string[] = [],
  env: RunOptions['env'] = {},
): Promise<Pick<Run, 'code' | 'stderr'>> {
  const under = ['setpriv', '--no-new-privs', '--inh-caps=-all', `--bounding-set=${capabilities}`, '--']
  const { code, stderr } = await run(stage, { args: ['agent-address', ...args], under, env })
  return { code, stderr }
}

function addressesOfLo(): string {
  return execFileSync('ip', ['-oneline', 'address', 'show', 'lo'], { env: cleanEnv({}), encoding: 'utf8' })
}

function disableIpv6(value: '0' | '1'): void {
  execFileSync('sysctl', ['-qw', `net.ipv6.conf.lo.disable_ipv6=${value}`], { env: cleanEnv({}) })
}

const addresses = suite('the agent’s addresses')
addresses.after(() => stage.close())

addresses('are not added without NET_ADMIN', async () => {
  const { code, stderr } = await agentAddress('-all')
  assert.is(code, 6)
  assert.match(
    stderr,
    /^aws-iam-ra: sink: cannot add 169\.254\.170\.23 to lo: this container lacks the NET_ADMIN capability\nhint: /,
  )
  assert.not.match(addressesOfLo(), IPV4)
})

addresses('are missed by the agent, which says what adds them', async () => {
  const { code, stderr } = await run(stage, { args: ['agent'], env: agentEnv() })
  assert.is(code, 6)
  assert.match(
    stderr,
    /cannot listen on 169\.254\.170\.23:9911: this node has no such address\nhint: .*agent-address/,
  )
})

addresses('are added by root with NET_ADMIN alone, and nothing else is read', async () => {
  const done = await agentAddress(ONLY_NET_ADMIN, [], {
    BUN_JSC_useJIT: '0',
    VAULT_ADDR: undefined,
    HOME: undefined,
  })
  assert.equal(done, {
    code: 0,
    stderr: `aws-iam-ra: ${IPV4} added to lo\naws-iam-ra: ${IPV6} added to lo\n`,
  })
  assert.match(addressesOfLo(), `inet ${IPV4}/32 scope host lo`)
  assert.match(addressesOfLo(), `inet6 ${IPV6}/128 scope global deprecated`)
})

addresses('may be added again, with NET_ADMIN or without', async () => {
  for (const capabilities of [ONLY_NET_ADMIN, '-all'])
    assert.equal(await agentAddress(capabilities), {
      code: 0,
      stderr: `aws-iam-ra: ${IPV4} is already on lo\naws-iam-ra: ${IPV6} is already on lo\n`,
    })
})

addresses('are what a pod behind a bridge asks the agent at, with its own address', async () => {
  const pod = createPod()
  const agent = await startAgent(stage, { env: { ...agentEnv(), AGENT_POD_RANGES: pod.ranges.join() } })
  try {
    await agent.shows('listening on')
    for (const url of URLS) {
      const [ip = '', ...within] = pod.within
      const asked = [`${url}/v1/credentials?role=${EXAMPLE.roleArn}`, '-H', `Authorization: ${stage.token()}`]
      const curl = ['curl', '-s', '--max-time', '20', '--retry', '5', ...asked]
      const { stdout } = await runChild(ip, [...within, ...curl], cleanEnv({}))
      assert.ok(stdout.includes(`"AccountId":"${EXAMPLE.account}"`), `${url}: no credentials`)
    }
  } finally {
    agent.child.kill('SIGTERM')
    await agent.finished
    pod.remove()
  }
})

addresses('are removed again, and may be missing then', async () => {
  const removed = await agentAddress(ONLY_NET_ADMIN, ['--remove'])
  assert.is(removed.stderr, `aws-iam-ra: ${IPV4} removed from lo\naws-iam-ra: ${IPV6} removed from lo\n`)
  assert.not.match(addressesOfLo(), /169\.254|fd00/)
  const again = await agentAddress(ONLY_NET_ADMIN, ['--remove'])
  assert.is(again.stderr, `aws-iam-ra: ${IPV4} is not on lo\naws-iam-ra: ${IPV6} is not on lo\n`)
  assert.equal([removed.code, again.code], [0, 0])
})

addresses('are one on a node without IPv6, and the agent listens there alone', async () => {
  disableIpv6('1')
  try {
    const { code, stderr } = await agentAddress(ONLY_NET_ADMIN)
    assert.is(code, 0)
    assert.match(stderr, /169\.254\.170\.23 added to lo\n.*fd00:ec2::23 is left out: this node has no IPv6/)
    const agent = await startAgent(stage, { env: agentEnv() })
    await agent.shows(`listening on ${IPV4}, port 9911`)
    await agent.stop()
  } finally {
    disableIpv6('0')
  }
})

addresses.run()

/** The default addresses. */
function agentEnv(): Readonly<Record<string, string | undefined>> {
  return {
    AGENT_ADDRS: undefined,
    AGENT_POD_RANGES: '10.0.0.0/8',
    AGENT_CLUSTER: EXAMPLE.cluster,
    AGENT_NODE: 'node-1',
    AGENT_AUDIENCE: EXAMPLE.audience,
  }
}
