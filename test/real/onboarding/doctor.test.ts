/** doctor on a whole set-up, and on that set-up with one thing after another wrong. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AGENT_FAULTS } from './doctor/agent-faults.ts'
import { AWS_FAULTS } from './doctor/aws-faults.ts'
import { CLUSTER_FAULTS } from './doctor/cluster-faults.ts'
import { NO_KUBECTL, type Fault } from './doctor/fault.ts'
import { VAULT_FAULTS } from './doctor/vault-faults.ts'
import { POD_FAULTS } from './doctor/pod-faults.ts'
import { startWholeSetUp } from './doctor/set-up.ts'

interface Document {
  readonly schema: string
  readonly checks: readonly {
    readonly group: string
    readonly check: string
    readonly state: string
    readonly sentence: string
    readonly hint?: string
  }[]
}

const it = await startWholeSetUp()

const whole = suite('doctor')
const faults = suite('doctor names')
faults.after(() => it.stop())

whole('finds nothing wrong with a whole set-up, and goes the whole way of its pod', async () => {
  const { code, stdout, stderr } = await it.doctor(['--exchange'])
  assert.is(stderr, '')
  assert.is(code, 0, stdout)
  assert.not.match(stdout, /FAILED|warning/)
  assert.match(
    stdout,
    /CloudTrail will show CreateSession .* CN=payment.shop.prod.* as iam-ra-admin\/(?:[0-9a-f]{2}){16,20}, /,
  )
  assert.match(stdout, /a pod gets credentials; these are dropped, and the Vault token is revoked/)
})

whole('shows no secret, and leaves no token in Vault', async () => {
  const tokens = async () => (await it.vaultServer.list('auth/token/accessors')).length
  const before = await tokens()
  for (const more of [[], ['--json']]) {
    const { stdout } = await it.doctor(['--exchange', ...more])
    assert.match(stdout, /CloudTrail will show/)
    assert.not.match(stdout, /hvs\.|eyJ|ASIA|-----BEGIN/)
  }
  assert.is(await tokens(), before)
})

whole('ends with one exit code as text and as JSON', async () => {
  const ends = async (args: readonly string[]) =>
    (await it.doctor(args, { ...NO_KUBECTL, VAULT_TOKEN: '' })).code
  assert.equal([await ends([]), await ends(['--json'])], [8, 8])
})

async function namesIt({ make, args = [], env = {}, says }: Fault): Promise<void> {
  const { group, state = 'failed', sentence, hint } = says
  const undo = await make?.(it)
  try {
    const { code, stdout, stderr } = await it.doctor([...args, '--json'], env)
    assert.is(stderr, '')
    const { checks } = JSON.parse(stdout) as Document
    const all = checks.map((one) => `${one.group} ${one.state} ${one.sentence}`).join('\n')
    const found =
      state === 'failed'
        ? checks.find((one) => one.state === 'failed')
        : checks.find((one) => one.group === group && one.state === state && sentence.test(one.sentence))
    assert.ok(found, all)
    assert.is(found.group, group, all)
    assert.match(found.sentence, sentence)
    if (hint !== undefined) assert.match(found.hint ?? '', hint)
    assert.is(code, checks.some((one) => one.state === 'failed') ? 8 : 0)
    assert.is(code, state === 'failed' ? 8 : 0, all)
  } finally {
    await undo?.()
  }
}

const ALL = [...AWS_FAULTS, ...VAULT_FAULTS, ...CLUSTER_FAULTS, ...POD_FAULTS, ...AGENT_FAULTS]
for (const fault of ALL) faults(fault.name, () => namesIt(fault))

faults('nothing once all is as it was', async () => {
  const { code, stdout } = await it.doctor([])
  assert.is(code, 0, stdout)
})

whole.run()
faults.run()
