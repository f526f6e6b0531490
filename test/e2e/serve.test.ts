import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accessKeyOf, ask, askContainer, askMetadata, hasIpv6 } from '../commands/reader.ts'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { childrenOf } from '../rig/processes/memory.ts'
import {
  childOf,
  endServing,
  eventually,
  isAlive,
  latestKey,
  listOf,
  servesLatest,
  startLongLived,
} from './long-lived.ts'
import { count } from './outcome.ts'
import { hangAt } from './servers.ts'

const stage: Stage = await startStage()

function reset(): void {
  stage.vault.intercept = undefined
  stage.rolesAnywhere.intercept = undefined
}

const serve = suite('e2e: serve')
serve.after.each(reset)

serve(
  'serves what AWS issued, renews at SIGHUP, and leaves the token file as all that it wrote',
  async () => {
    const serving = await startLongLived(stage, 'serve')
    await serving.shows('serving credentials')
    assert.ok(await servesLatest(stage, serving))
    if (hasIpv6) assert.is((await askContainer(serving.port, serving.token(), '::1')).status, 200)
    assert.is(accessKeyOf(await askMetadata(serving.port)), latestKey(stage))
    const [token, key] = [serving.token(), latestKey(stage)]
    serving.renew()
    await serving.shows('serving credentials', 2)
    assert.is.not(latestKey(stage), key)
    assert.ok(await servesLatest(stage, serving))
    assert.is(serving.token(), token)
    const done = await endServing(stage, serving)
    assert.equal(done.files, ['shared/authorization-token'])
    assert.is(done.aws.length, 2)
    assert.is(done.terminationLog, '')
    assert.not.match(done.stderr, /warning|hint/)
  },
)

serve('gives 50 readers one session, those that came before it too', async () => {
  const serving = await startLongLived(stage, 'serve')
  await serving.shows('listening on')
  const readers = Array.from({ length: 50 }, async () => {
    await eventually(async () => (await askContainer(serving.port, serving.token())).status === 200)
    return accessKeyOf(await askContainer(serving.port, serving.token()))
  })
  for (const key of await Promise.all(readers)) assert.is(key, latestKey(stage))
  assert.is((await endServing(stage, serving)).aws.length, 1)
})

serve.run()

const processes = suite('e2e: the processes of serve')
processes.after.each(reset)
processes.after(() => stage.close())

processes('are one without a compiler and one more for each run, with no secret in its words', async () => {
  const arrived = hangAt(stage.rolesAnywhere, /sessions/)
  const serving = await startLongLived(stage, 'serve', { args: ['--quiet'] })
  await serving.until(arrived)
  const child = await childOf(serving.pid)
  assert.ok(listOf(serving.pid, 'environ').includes('BUN_JSC_useJIT=0'))
  assert.not.ok(listOf(child, 'environ').some((text) => text.startsWith('BUN_JSC_useJIT=')))
  assert.equal(listOf(serving.pid, 'cmdline').slice(1), ['serve', '--quiet'])
  assert.equal(listOf(child, 'cmdline').slice(1), ['obtain', '--quiet'])
  const secrets = [
    serving.token(),
    ...stage.vault.requests.map(({ request }) => request.header('x-vault-token') ?? ''),
  ].filter((secret) => secret !== '')
  assert.ok(secrets.length > 1)
  const words = [serving.pid, child].flatMap((pid) => [...listOf(pid, 'environ'), ...listOf(pid, 'cmdline')])
  for (const text of words) {
    assert.not.ok(
      secrets.some((secret) => text.includes(secret)),
      'a secret in the words of a process',
    )
    assert.not.match(text, /PRIVATE KEY|hv[sbr]\.|eyJ/)
  }
  await endServing(stage, serving)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  for (const [what, path] of [
    ["Vault's login", /login/],
    ["Vault's sign", /\/sign\//],
    ['CreateSession', /sessions/],
  ] as const) {
    processes(`end by ${signal} with 0 while ${what} hangs, the Vault token revoked`, async () => {
      const arrived = hangAt(what === 'CreateSession' ? stage.rolesAnywhere : stage.vault, path)
      const serving = await startLongLived(stage, 'serve')
      await serving.until(arrived)
      const child = await childOf(serving.pid)
      const done = await endServing(stage, serving, signal)
      assert.not.ok(isAlive(child))
      assert.is(count(done.vault, /revoke-self/), what === "Vault's login" ? 0 : 1)
      // Nothing was wrong but that the probe, or whoever stopped it, did not wait for longer.
      assert.match(
        done.terminationLog,
        /^stopped [\d.]+ s into the first run, of which DEADLINE is 15 s\nhint: /,
      )
    })
  }
}

processes('survive the kill of a run, say it, and run again', async () => {
  const arrived = hangAt(stage.vault, /login/)
  const serving = await startLongLived(stage, 'serve')
  await serving.until(arrived)
  process.kill(await childOf(serving.pid), 'SIGKILL')
  await serving.shows('the process of the run ended by SIGKILL, without a result')
  assert.is((await ask(serving.healthPort, '/readyz')).body, 'no credentials yet: internal RUN_LOST\n')
  reset()
  serving.renew()
  await serving.shows('serving credentials')
  assert.ok(await servesLatest(stage, serving))
  assert.match((await endServing(stage, serving)).stderr, /code=RUN_LOST .*hint="[^"]*memory limit/)
})

processes('survive a stop of a run alone', async () => {
  const arrived = hangAt(stage.rolesAnywhere, /sessions/)
  const serving = await startLongLived(stage, 'serve')
  await serving.until(arrived)
  process.kill(await childOf(serving.pid), 'SIGTERM')
  await serving.shows('no credentials yet')
  assert.is(stage.vaultEmulator.liveTokens(), 0)
  reset()
  serving.renew()
  await serving.shows('serving credentials')
  await endServing(stage, serving)
})

processes('leave none behind between runs', async () => {
  const serving = await startLongLived(stage, 'serve')
  await serving.shows('serving credentials')
  await eventually(() => childrenOf(serving.pid).length === 0)
  await endServing(stage, serving)
})

processes('end their first run too where it never brought anything, with the reason left', async () => {
  const serving = await startLongLived(stage, 'serve', { env: { VAULT_ROLE: 'nobody' } })
  await serving.shows('no credentials yet')
  assert.match((await endServing(stage, serving)).terminationLog, /^identity: [^\n]+\nhint: [^\n]+$/)
})

processes.run()
