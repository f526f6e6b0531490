/** Eight operators at once on one role: whoever was bound can exchange, whoever was unbound cannot, whatever the order of their calls. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readInstallation } from '../../../src/onboarding/aws/installation.ts'
import { settle } from '../../../src/onboarding/aws/settle.ts'
import { seededRandom } from '../../rig/chance.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { startOperatorAccount } from '../../rig/servers/operator-account.ts'
import { exchange, initialize, makeRole, openOperator, roleOf, workload } from './operator.ts'

const home = mkdtempSync(join(tmpdir(), 'iam-ra-races-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))
const aws = await startOperatorAccount(pythonEnvironment(), home)
/** Whose 3 s, in which the last write of others must arrive, are 0.75 of ours: a busy machine must not take longer for one call. */
const FACTOR = 4
const operators = await Promise.all(Array.from({ length: 8 }, () => openOperator(aws, { factor: FACTOR })))
const [first] = operators
if (first === undefined) throw new Error('no operator')
await initialize(first)
await makeRole(first, { policies: [], inline: {} })
const start = await readInstallation(first, 'default')
const role = roleOf(start, 'admin')
const random = seededRandom(14)
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

const races = suite('operators at once')
races.after.each(() => {
  Object.assign(aws.gate, { before: undefined })
  Object.assign(aws.gate.stale, { tags: 0, policies: 0 })
})
races.after(async () => {
  for (const one of operators) one.close()
  await aws.close()
})

const exchanged = (): Promise<readonly string[]> =>
  Promise.all(NAMES.map((name) => exchange(aws, start, 'admin', `${name}.default.prod`)))

/** Calls take their time, each another one. */
function shuffle(mostMs: number): void {
  aws.gate.before = async () => {
    await delay(random() * mostMs)
    return undefined
  }
}

async function everybody(what: 'bind' | 'unbind'): Promise<void> {
  await Promise.all(
    operators.map(async (operator, index) => {
      await delay(random() * 40)
      await settle(operator, start.owner, { role: role.name, [what]: [workload(start, NAMES[index] ?? '')] })
    }),
  )
}

/** By one of them alone. */
async function nobody(): Promise<void> {
  if (first === undefined) throw new Error('no operator')
  const unbind = NAMES.map((name) => workload(start, name))
  await settle(first, start.owner, { role: role.name, unbind })
}

races('lose nobody in fifty rounds of binding, and keep nobody after unbinding', async () => {
  for (let round = 1; round <= 50; round += 1) {
    shuffle(15)
    await everybody('bind')
    assert.equal(
      await exchanged(),
      NAMES.map(() => 'done'),
      `round ${round}`,
    )
    if (round % 5 === 0) await everybody('unbind')
    else await nobody()
    const refused = await exchanged()
    assert.ok(
      refused.every((answer) => answer.startsWith('Unable to assume role')),
      `round ${round}`,
    )
  }
})

races('with old reads lose nobody once someone is told to settle', async () => {
  for (let round = 1; round <= 10; round += 1) {
    shuffle(10)
    Object.assign(aws.gate.stale, { tags: round % 3, policies: (round + 1) % 3 })
    // IAM catches up while they wait.
    const caughtUp = delay(400).then(() => Object.assign(aws.gate.stale, { tags: 0, policies: 0 }))
    await everybody('bind')
    await caughtUp
    await settle(first, start.owner, { role: role.name, letIn: NAMES.map((name) => workload(start, name)) })
    assert.equal(
      await exchanged(),
      NAMES.map(() => 'done'),
      `round ${round}`,
    )
    await nobody()
    assert.ok(
      (await exchanged()).every((answer) => answer.startsWith('Unable')),
      `round ${round}`,
    )
  }
})

races.run()
