/** SDKs that others wrote, before the shipped agent at the address that they know from EKS Pod Identity. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from '../../e2e/harness.ts'
import { startAgent } from '../../e2e/node-agent.ts'
import { EXAMPLE, startStage } from '../../rig/emulators/stage.ts'
import { inOwnNetwork } from '../../rig/processes/own-network.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { appEnv } from './apps.ts'
import { eachOf, lackOf, tryPair, type Expected, type Outcome } from './readers/pairs.ts'
import { TESTED_READERS, type ReaderName } from './readers/readers.ts'
import { startRunner } from './readers/runner.ts'

inOwnNetwork(import.meta.filename)

const IPV4 = '169.254.170.23'
const REPORTED_EARLY_MS = 15 * 60_000
const home = scratchFolder('agent-readers')
const stage = await startStage()
assert.is((await run(stage, { args: ['agent-address'] })).code, 0)
const agent = await startAgent(stage, { env: { AGENT_ADDRS: undefined, AGENT_POD_RANGES: `${IPV4}/32` } })
await agent.shows('listening on')
const token = join(home, 'token')
writeFileSync(token, stage.token())
const told = {
  ...appEnv(stage, home),
  AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${IPV4}:9911/v1/credentials?role=${EXAMPLE.roleArn}`,
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: token,
}
const seen = await eachOf(TESTED_READERS, 2, ask)

async function ask(reader: ReaderName): Promise<Outcome> {
  const runner = startRunner(reader)
  try {
    return await tryPair(reader, runner, 'container endpoint', told, issued)
  } finally {
    await runner.end()
  }
}

/** As the agent reports them. */
function issued(): readonly Expected[] {
  return stage.sessions.issued.map((keys) => ({ ...keys, expiresAtMs: keys.expiresAtMs - REPORTED_EARLY_MS }))
}

const readers = suite('SDKs at the agent’s address')
readers.after(async () => {
  await agent.stop()
  await stage.close()
})

for (const reader of TESTED_READERS) {
  const lack = lackOf(reader, 'container endpoint, token file')
  readers(`${reader}: ${lack ?? 'finds the keys'}`, () => {
    const outcome = seen.get(reader)
    assert.ok(outcome)
    assert.is(outcome.found, lack === undefined, outcome.found ? 'it does by now' : outcome.why)
  })
}

readers.run()
