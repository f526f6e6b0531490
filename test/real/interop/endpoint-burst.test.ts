/** Fifty apps that begin in one moment, before there are credentials and after: Vault and AWS are asked once. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { holdBack } from '../../e2e/servers.ts'
import { startStage } from '../../rig/emulators/stage.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { appEnv, aws, startApp, type Answer, type App } from './apps.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { makeSite, startServing, type Way } from './serving.ts'

const NONE_FOUND = /Unable to locate credentials|Could not load credentials/
/** boto3 gives an answer over IMDS a second, which so many threads of one interpreter may not come to. */
const PATIENCE_SECONDS = '10'
const SDKS = ['boto3', 'JavaScript SDK'] as const

// Not in a hook: uvu keeps to itself what one throws.
const python = pythonEnvironment()
const home = scratchFolder('endpoint-burst')
const stage = await startStage()
const gate = await holdBack((request) => stage.rolesAnywhereEmulator.handle(request))
const site = await makeSite()
const [container, imds] = [beginApps('container endpoint'), beginApps('IMDSv2')]

function beginApps(way: Way): {
  readonly env: Readonly<Record<string, string>>
  readonly sdks: readonly App[]
} {
  const env = { ...appEnv(stage, home), ...site.appEnv(way), AWS_METADATA_SERVICE_TIMEOUT: PATIENCE_SECONDS }
  return { env, sdks: SDKS.map((reader) => startApp(reader, env)) }
}

// Up and running, so that nothing but what they ask for takes time while CreateSession is held back: an attempt at that
// is given up after fifteen seconds.
for (const app of [...container.sdks, ...imds.sdks]) await app.ask({ app: 'fresh', count: 0 })
const serving = await startServing(stage, { AWS_ENDPOINT_URL_ROLESANYWHERE: gate.url }, site)

const burst = suite('fifty apps at once')
burst.after(async () => {
  await Promise.all([...container.sdks, ...imds.sdks].map((app) => app.end()))
  await serving.stop()
  await gate.close()
  await stage.close()
})

type Apps = typeof container

/** Half of them with each SDK. */
async function askSdks({ sdks }: Apps, count: number): Promise<readonly Answer[]> {
  return (await Promise.all(sdks.map((app) => app.ask({ app: 'fresh', count: count / 2 })))).flat()
}

async function askCommand({ env }: Apps): Promise<Answer> {
  const answer = await aws(python, env, 'sts', 'get-caller-identity', '--query', 'Arn')
  return 'error' in answer ? answer : { arn: answer.value as string }
}

const all = (count: number): readonly Answer[] =>
  Array.from({ length: count }, () => ({ arn: stage.sessions.issued[0]?.assumedRoleArn ?? '' }))

burst('who asks over IMDSv2 while CreateSession is not answered is refused', async () => {
  await gate.arrived
  // Neither SDK tries again there.
  for (const answer of await askSdks(imds, 50)) assert.match(JSON.stringify(answer), NONE_FOUND)
})

burst('who asks the container endpoint too early gets them by the retries of its SDK', async () => {
  const asked = askSdks(container, 50)
  await serving.untilMetric('requests_total{endpoint="container",status="503"}', 1)
  gate.open()
  assert.equal(await asked, all(50))
})

for (const [way, apps] of [
  ['the container endpoint', container],
  ['IMDSv2', imds],
] as const) {
  burst(`over ${way}, once they are there, each has the same`, async () => {
    const commands = [askCommand(apps), askCommand(apps)]
    assert.equal([...(await askSdks(apps, 48)), ...(await Promise.all(commands))], all(50))
  })
}

burst('one login, one certificate and one CreateSession were all', () => {
  assert.is(stage.rolesAnywhereEmulator.created.length, 1)
  const paths = stage.vault.requests.map(({ request }) => request.path)
  assert.is(paths.filter((path) => path.endsWith('/login')).length, 1)
  assert.is(paths.filter((path) => path.includes('/sign/')).length, 1)
})

burst.run()
