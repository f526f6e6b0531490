/** Questions of the commands of k8s at a terminal, signals in the middle, and tags that nobody let in. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { onTerminal, type Sitting } from '../../rig/processes/terminal.ts'
import { askIam } from '../../rig/servers/moto.ts'
import { PROGRAM, startGround } from './ground.ts'
import { comparable, openPastGate, readWorld, restore } from './world.ts'

const POLICY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'

const ground = await startGround()
const { aws } = ground
const account = await openPastGate(aws)
for (const line of [
  'init --ca-mode vault',
  `role create admin --policy ${POLICY}`,
  'k8s setup prod --apply',
  'k8s onboard w1 --role admin',
])
  await succeeds(line)
const start = await readWorld(ground, account)

const asked = suite('k8s at a terminal')
asked.before.each(() => restore(ground, account, start))
asked.after(async () => {
  account.close()
  await ground.stop()
})

async function succeeds(line: string): Promise<void> {
  const { code, stderr } = await ground.iamRa(line.split(' '))
  if (code !== 0) throw new Error(`${line}: ${stderr}`)
}

const sit = (line: string, at: string, keys: string): Promise<Sitting> =>
  onTerminal([...PROGRAM, ...line.split(' ')], { at, keys, env: ground.env })

async function isUnchanged(): Promise<void> {
  assert.equal(comparable(await readWorld(ground, account)), comparable(start))
}

for (const [line, at] of [
  ['k8s onboard w2 --role admin', '[Y/n]'],
  ['k8s offboard w1', '[y/N]'],
  ['k8s setup other --reviewer vault', '[Y/n]'],
] as const) {
  for (const [what, keys, code, says] of [
    ['Ctrl-C', '\\x03', 130, /stopped by Ctrl-C; nothing was changed/],
    ['Ctrl-D', '\\x04', 9, /not confirmed; nothing was changed/],
    ['n', 'n', 9, /not confirmed; nothing was changed/],
  ] as const) {
    asked(`${what} at the question of ${line} changes nothing`, async () => {
      const sitting = await sit(line, at, keys)
      assert.is(sitting.code, code, sitting.shown)
      assert.match(sitting.shown, says)
      assert.is(sitting.stdout, '')
      await isUnchanged()
    })
  }
}

for (const [line, action] of [
  ['k8s onboard w2 --role admin', 'iam:TagRole'],
  ['k8s offboard w1 --yes', 'iam:UntagRole'],
] as const) {
  asked(`${line} ends with 143 by SIGTERM, and the next run completes it`, async () => {
    await succeeds(line)
    const after = comparable(await readWorld(ground, account))
    await restore(ground, account, start)
    // The program is the process, so that a signal of its own parent is the program's.
    const script = `${PROGRAM.join(' ')} ${line} & echo $! > "$HOME/pid"; wait $!`
    aws.gate.after = async (call) => {
      if (call.action !== action) return undefined
      aws.gate.after = undefined
      await ground.shell('kill -TERM $(cat "$HOME/pid"); sleep 0.2')
      return undefined
    }
    const { code, stdout, stderr } = await ground.shell(script)
    aws.gate.after = undefined
    assert.is(code, 143, stderr)
    assert.match(stderr, /^iam-ra: stopped by SIGTERM$/m)
    assert.match(stderr, /^hint: run the same command again to continue/m)
    assert.is(stdout, '')
    await succeeds(line)
    assert.equal(comparable(await readWorld(ground, account)), after)
  })
}

/** One after the other. */
const QUESTIONS = 'Let it in too? [y/N]\nContinue? [Y/n]'

/** By hand: as somebody does it who may tag roles, and nothing else. */
async function plant(): Promise<void> {
  const own = start.roles[0]?.tags.find(({ Key }) => Key.endsWith('/w1'))
  if (own === undefined) throw new Error('no tag')
  const [Key, Value] = [own.Key.replace(/w1$/, 'mallory'), own.Value.replace(/^w1/, 'mallory')]
  const tag = { 'Tags.member.1.Key': Key, 'Tags.member.1.Value': Value }
  const { status } = await askIam(aws.motoUrl, { Action: 'TagRole', RoleName: 'iam-ra-admin', ...tag })
  assert.is(status, 200)
}

async function policy(): Promise<string> {
  return (await readWorld(ground, account)).roles[0]?.policy ?? ''
}

asked('no command lets in whom a tag alone names, and each onboarding lists it apart', async () => {
  await plant()
  for (const line of [
    'init',
    `role create admin --policy ${POLICY}`,
    'k8s setup prod --yes',
    'k8s onboard w1 --role admin --yes',
    'k8s onboard w2 --role admin --yes',
    'k8s offboard w2 --yes',
  ]) {
    const { code, stderr } = await ground.iamRa(line.split(' '))
    assert.is(code, 0, `${line}\n${stderr}`)
    assert.not.match(await policy(), /mallory/, line)
    if (line.includes('onboard')) {
      assert.match(stderr, /^note: .*workload\/prod\/default\/mallory .*--settle-others admits it$/m)
      assert.not.match(stderr, /mallory\.default\.prod may/)
    }
  }
})

asked('a terminal is asked about it, with No for Enter; the rest goes on', async () => {
  await plant()
  const { shown, code } = await sit('k8s onboard w2 --role admin', QUESTIONS, '\\r\n\\r')
  assert.match(shown, /default\/mallory of prod, with the certificate mallory\.default\.prod/)
  assert.is(code, 0, shown)
  assert.match(shown, /Let it in too\? \[y\/N\]/)
  assert.not.match(await policy(), /mallory/)
})

asked('Ctrl-C at that question changes nothing', async () => {
  await plant()
  const planted = comparable(await readWorld(ground, account))
  const { code, shown } = await sit('k8s onboard w2 --role admin', 'Let it in too? [y/N]', '\\x03')
  assert.is(code, 130, shown)
  assert.equal(comparable(await readWorld(ground, account)), planted)
})

asked('a yes of its own lets it in, and the plan shows it', async () => {
  await plant()
  const { code, shown } = await sit('k8s onboard w1 --role admin', QUESTIONS, 'y\ny')
  assert.is(code, 0, shown)
  assert.match(shown, /trust policy: \(nothing\) -> mallory\.default\.prod/)
  assert.match(await policy(), /mallory\.default\.prod/)
})

asked('--settle-others lets it in, and --yes asks nothing', async () => {
  await plant()
  const line = ['k8s', 'onboard', 'w1', '--role', 'admin', '--settle-others']
  const { code, stderr } = await ground.iamRa(line)
  assert.is(code, 0, stderr)
  assert.match(await policy(), /mallory\.default\.prod/)
  await restore(ground, account, start)
  await plant()
  const sitting = await sit('k8s onboard w2 --role admin --yes', 'never shown', '')
  assert.is(sitting.code, 0, sitting.shown)
  assert.not.match(await policy(), /mallory/)
})

asked('an offboarding that ended between tag and policy is completed by the next one', async () => {
  const key = start.roles[0]?.tags.find(({ Key }) => Key.endsWith('/w1'))?.Key ?? ''
  await askIam(aws.motoUrl, { Action: 'UntagRole', RoleName: 'iam-ra-admin', 'TagKeys.member.1': key })
  assert.match(await policy(), /w1\.default\.prod/)
  const { code, stderr } = await ground.iamRa(['k8s', 'offboard', 'w1', '--yes'])
  assert.is(code, 0, stderr)
  assert.match(stderr, /trust policy: w1\.default\.prod -> \(nothing\)/)
  assert.not.match(await policy(), /w1/)
})

asked.run()
