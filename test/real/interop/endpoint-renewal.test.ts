/** Apps that stay up while `serve` renews, while it cannot, and after the credentials have ended. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startStage, type Stage } from '../../rig/emulators/stage.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import {
  appEnv,
  arnOf,
  aws,
  nextAnswer,
  shown,
  startApp,
  type Answer,
  type App,
  type SdkReader,
} from './apps.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { makeSite, startServing, WAYS, type Serving, type Way } from './serving.ts'

/**
 * What ends within five minutes both SDKs ask for again at every use. The first renewal of its own would come after a
 * sixth of that life.
 */
const NEAR_END_SECONDS = 290
/**
 * botocore takes what it reads over IMDS and finds near its end as good for 17 to 25 minutes, and asks again when 15 are
 * left: 12 minutes on, it does at every use.
 */
const STRETCHED_SECONDS = 12 * 60

// Not in a hook: uvu keeps to itself what one throws.
const python = pythonEnvironment()
const home = scratchFolder('endpoint-renewal')

const SDKS = ['boto3', 'JavaScript SDK'] as const
const ALL = WAYS.flatMap((way) => SDKS.map((reader) => ({ way, reader })))

interface Kept {
  readonly reader: SdkReader
  readonly way: Way
  readonly app: App
}

interface Place {
  readonly stage: Stage
  readonly serving: Serving
  /** Up and running since before there were credentials. */
  readonly apps: readonly Kept[]
}

async function withPlace(
  lifeSeconds: number,
  which: readonly Omit<Kept, 'app'>[],
  test: (place: Place) => Promise<void>,
): Promise<void> {
  const stage = await startStage({ profile: { durationSeconds: lifeSeconds } })
  const site = await makeSite()
  const apps = which.map(({ reader, way }) => {
    const app = startApp(reader, { ...appEnv(stage, home), ...site.appEnv(way) })
    return { reader, way, app }
  })
  try {
    await Promise.all(apps.map(({ app }) => app.ask({ app: 'fresh', count: 0 })))
    const serving = await startServing(stage, { DEADLINE: '5' }, site)
    try {
      await serving.untilReady()
      await test({ stage, serving, apps })
    } finally {
      await serving.stop()
    }
  } finally {
    await Promise.all(apps.map(({ app }) => app.end()))
    await stage.close()
  }
}

/** What a command of the AWS CLI is answered over each way. */
async function commands({ stage, serving }: Place): Promise<readonly (readonly [Way, unknown])[]> {
  return await Promise.all(
    WAYS.map(async (way) => {
      const env = { ...appEnv(stage, home), ...serving.appEnv(way) }
      return [way, await aws(python, env, 'sts', 'get-caller-identity', '--query', 'Arn')] as const
    }),
  )
}

const UNAVAILABLE = { status: 503, headers: { 'Content-Type': 'text/html' }, body: '<html>' }

function fails(stage: Stage): void {
  stage.vault.intercept = () => UNAVAILABLE
  stage.rolesAnywhere.intercept = () => UNAVAILABLE
}

/** What Python's readers say once there is nothing: our sentence, where they have asked the container endpoint. */
const REFUSED = /503.*no valid credentials at the moment/
const NONE_FOUND = /Unable to locate credentials/
/** Of what it stretched, botocore leaves it to AWS to say that it ended. */
const STRETCHED = /ExpiredToken/

const renewal = suite('the endpoint, across a renewal')

for (const one of ALL) {
  renewal(`an app with ${one.reader} over ${one.way} goes on with the new credentials`, () =>
    withPlace(NEAR_END_SECONDS, [one], async ({ stage, serving, apps }) => {
      const [kept] = apps
      assert.ok(kept)
      const ahead = one.reader === 'boto3' && one.way === 'IMDSv2' ? STRETCHED_SECONDS : 0
      const first = await kept.app.askOne({ app: 'kept', ahead })
      const arns = (from: number): readonly string[] =>
        stage.sessions.issued.slice(from).map(({ assumedRoleArn }) => assumedRoleArn)
      assert.ok(arns(0).includes(arnOf(first)), arnOf(first))

      const before = stage.sessions.issued.length
      serving.hangUp()
      await serving.untilMetric('renewals_total{result="success"}', before + 1)
      const second = await nextAnswer(kept.app, first, { ahead })
      assert.ok(arns(before).includes(arnOf(second)), arnOf(second))
    }),
  )
}

renewal('while Vault and Roles Anywhere fail, apps go on with what there is', () =>
  withPlace(NEAR_END_SECONDS, ALL, async (place) => {
    const { stage, serving, apps } = place
    const arn = stage.sessions.issued[0]?.assumedRoleArn
    const usesIt = async (app: 'kept' | 'fresh'): Promise<void> => {
      const answers = await Promise.all(apps.map((one) => one.app.askOne({ app })))
      assert.equal(
        answers,
        apps.map(() => ({ arn })),
      )
    }
    await usesIt('kept')

    fails(stage)
    serving.hangUp()
    await serving.untilMetric('renewals_total{result="failure"}', 1)
    await serving.untilReady()
    await usesIt('kept')
    await usesIt('fresh')
    for (const [, answer] of await commands(place)) assert.equal(answer, { value: arn })
    assert.is(stage.sessions.issued.length, 1)
  }),
)

/** Less than the ten seconds after which a renewal comes at the earliest. */
const SHORT_LIFE_SECONDS = 9

renewal('once they have ended apps get an error, and never empty keys', () =>
  withPlace(SHORT_LIFE_SECONDS, ALL, async (place) => {
    const { stage, serving, apps } = place
    const arn = stage.sessions.issued[0]?.assumedRoleArn
    const ask = async (app: 'kept' | 'fresh'): Promise<readonly (Kept & { readonly answer: Answer })[]> =>
      await Promise.all(apps.map(async (one) => ({ ...one, answer: await one.app.askOne({ app }) })))
    for (const { answer } of await ask('kept')) assert.equal(answer, { arn })

    fails(stage)
    await serving.untilReady(false)
    for (const { reader, way, answer } of await ask('kept')) {
      assert.match(JSON.stringify(answer), shown(reader, way === 'IMDSv2' ? STRETCHED : REFUSED))
    }
    for (const { reader, way, answer } of await ask('fresh')) {
      assert.match(JSON.stringify(answer), shown(reader, way === 'IMDSv2' ? NONE_FOUND : REFUSED))
    }
    for (const [way, answer] of await commands(place)) {
      assert.match(JSON.stringify(answer), shown('AWS CLI', way === 'IMDSv2' ? NONE_FOUND : REFUSED))
    }
  }),
)

renewal.run()
