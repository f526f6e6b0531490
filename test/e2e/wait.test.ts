import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE, startStage, type Stage } from '../rig/emulators/stage.ts'
import { freePorts } from '../commands/reader.ts'
import { makeFolder, put, run, start, type RunFolder } from './harness.ts'
import { startAgent } from './node-agent.ts'

const stage: Stage = await startStage()

function envFor(port: number, folder: RunFolder, token = stage.token()): Readonly<Record<string, string>> {
  return {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/v1/credentials?role=${EXAMPLE.roleArn}`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: put(folder, 'agent-token', token),
  }
}

const waiting = suite('e2e: wait')
waiting.after(() => stage.close())

waiting('ends when there are credentials, and shows none', async () => {
  const agent = await startAgent(stage)
  await agent.shows('listening on')
  const folder = makeFolder()
  const { code, stderr, stdout, files } = await run(stage, {
    args: ['wait'],
    folder,
    env: envFor(agent.port, folder),
  })
  assert.is(code, 0, stderr)
  assert.is(stdout, '')
  assert.equal(files, [])
  assert.match(stderr, /there are credentials/)
  await agent.stop()
})

waiting('waits for an agent that is not there yet', async () => {
  const ports = await freePorts(2)
  const folder = makeFolder()
  const one = start(stage, { args: ['wait'], folder, env: envFor(ports[0] ?? 0, folder) })
  await one.shows('cannot be reached (ECONNREFUSED)')
  const agent = await startAgent(stage, {}, ports)
  assert.is((await one.finished).code, 0)
  await agent.stop()
})

waiting('fails after DEADLINE with what the agent said last, for the pod’s status too', async () => {
  const agent = await startAgent(stage)
  await agent.shows('listening on')
  const folder = makeFolder()
  const env = { ...envFor(agent.port, folder, stage.token({ audiences: ['x'] })), DEADLINE: '2' }
  const { code, stderr, terminationLog } = await run(stage, { args: ['wait'], folder, env })
  assert.is(code, 5)
  for (const text of [stderr, terminationLog])
    assert.match(
      text,
      /no credentials from \S+ within DEADLINE \(2 s\): the answer was 401, the token is not for/,
    )
  await agent.stop()
})

waiting('says that the token’s file is missing or has a line break', async () => {
  const folder = makeFolder()
  const env = { ...envFor(1, folder, `${stage.token()}\n`), DEADLINE: '1' }
  assert.match((await run(stage, { args: ['wait'], folder, env })).stderr, /agent-token has a line break/)
  const missing = { ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/nothing' }
  assert.match(
    (await run(stage, { args: ['wait'], env: missing })).stderr,
    /\/nothing cannot be read \(ENOENT\)/,
  )
})

waiting.run()
