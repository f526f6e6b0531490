/** Every reader by every variation of its ways: `npm run interop` asks, table.ts puts what came into docs/readers.md. */
import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createEndpoint } from '../../../../src/endpoint/endpoint.ts'
import { listenOnLoopback } from '../../../../src/endpoint/listener.ts'
import { createRequestCounts } from '../../../../src/endpoint/request-counts.ts'
import { systemClock } from '../../../../src/run/runtime.ts'
import { writeCredentials } from '../../../../src/sink/credentials-file.ts'
import { host, type EmulatorRequest, type EmulatorResponse } from '../../../rig/emulators/http.ts'
import { CREDENTIALS, inScratch } from '../../../sink/scratch.ts'
import { scratchFolder } from '../../../rig/processes/process.ts'
import { EXISTING_FILES, type ExistingFile } from '../existing-files.ts'
import {
  askNew,
  eachOf,
  lackOf,
  tryPair,
  withNeeds,
  wrongWith,
  type Expected,
  type Outcome,
} from './pairs.ts'
import { READER_NAMES, specOf, type ReaderName } from './readers.ts'
import { startRunner, type Answer, type Runner } from './runner.ts'
import { makeScene, VARIATION_NAMES, VARIATIONS, type VariationName } from './scene.ts'

export const USER_KEYS = ['container endpoint', 'IMDSv2'] as const
/** Of an app that stays up while its keys are replaced, before they end. */
export const RENEWED = [
  'file',
  'container endpoint, token file',
  'IMDSv2, address with a slash at its end',
  'credential_process',
] as const satisfies readonly VariationName[]

/** `–`: there is no such way. */
export type Cell = Outcome | '–'

export interface Measured {
  readonly version: string
  readonly ways: Readonly<Record<VariationName, Outcome>>
  readonly userKeys: Readonly<Record<(typeof USER_KEYS)[number], Cell>>
  readonly renewed: Readonly<Record<(typeof RENEWED)[number], Cell>>
  /** The files that it cannot read after our edit, by their names in existing-files.ts. */
  readonly unread: readonly string[]
}

export type Results = Readonly<Record<ReaderName, Measured>>

/** How many readers are asked at once. */
const AT_ONCE = 2

export async function measure(progress: (line: string) => void): Promise<Results> {
  const runners = new Map(READER_NAMES.map((reader) => [reader, startRunner(reader)]))
  const of = (reader: ReaderName): Runner => runners.get(reader) ?? startRunner(reader)
  try {
    progress('the ways')
    const ways = await measureWays(of)
    progress('keys without a token')
    const userKeys = await measureUserKeys(of)
    progress('renewed credentials')
    const renewed = await measureRenewed()
    progress(`${EXISTING_FILES.length} credentials files`)
    const unread = await measureFiles(of)
    const versions = await eachOf(READER_NAMES, AT_ONCE, (reader) => of(reader).ask({ ask: 'version' }))
    return Object.fromEntries(
      READER_NAMES.map((reader) => [
        reader,
        {
          version: (versions.get(reader)?.version ?? '').replace(/^v/, ''),
          ways: ways.get(reader),
          userKeys: userKeys.get(reader),
          renewed: renewed.get(reader),
          unread: unread.get(reader),
        },
      ]),
    ) as unknown as Results
  } finally {
    await Promise.all([...runners.values()].map((runner) => runner.end()))
  }
}

type ByReader<Value> = Promise<ReadonlyMap<ReaderName, Value>>

async function measureWays(of: (reader: ReaderName) => Runner): ByReader<Record<string, Outcome>> {
  const scene = await makeScene()
  try {
    return await eachOf(READER_NAMES, AT_ONCE, async (reader) => {
      const outcomes: Record<string, Outcome> = {}
      for (const name of VARIATION_NAMES) {
        const issued = (): readonly Expected[] => scene.stage.sessions.issued
        const { way } = VARIATIONS[name]
        outcomes[name] = await tryPair(reader, of(reader), way, scene.told[name], issued)
      }
      return outcomes
    })
  } finally {
    await scene.close()
  }
}

async function measureUserKeys(of: (reader: ReaderName) => Runner): ByReader<Record<string, Cell>> {
  const { sessionToken: _sessionToken, ...keys } = CREDENTIALS
  const expected = { ...keys, expiresAtMs: Date.now() + 3_600_000 }
  const home = scratchFolder('user-keys')
  const authorizationToken = 'an-authorization-token'
  writeFileSync(join(home, 'token'), authorizationToken)
  const { loopback } = createEndpoint({
    current: () => expected,
    authorizationToken,
    imdsV1: false,
    sessionKey: new Uint8Array(32).fill(7),
    clock: systemClock,
    counts: createRequestCounts(),
  })
  const onError = (error: unknown): void => {
    throw error
  }
  const listener = await listenOnLoopback(0, loopback, { setting: 'ENDPOINT_PORT', onError })
  const address = `http://127.0.0.1:${listener.port}`
  const service = await host(anyService)
  const common = {
    HOME: home,
    AWS_REGION: 'eu-central-1',
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL_STS: service.url,
    AWS_ENDPOINT_URL_S3: service.url,
  }
  const told = {
    'container endpoint': {
      ...common,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${address}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(home, 'token'),
    },
    IMDSv2: { ...common, AWS_EC2_METADATA_SERVICE_ENDPOINT: `${address}/` },
  }
  try {
    return await eachOf(READER_NAMES, AT_ONCE, async (reader) => {
      const cells: Record<string, Cell> = {}
      for (const way of USER_KEYS) {
        const variation = VARIATION_NAMES.find((name) => VARIATIONS[name].way === way) ?? way
        if (lackOf(reader, variation) !== undefined) cells[way] = '–'
        else cells[way] = await trySigning(reader, of(reader), way, told[way], expected)
      }
      return cells
    })
  } finally {
    listener.close()
    await service.close()
  }
}

/** Refuses whoever sends a session token, and an empty one too: keys of an IAM user have none. */
function anyService(request: EmulatorRequest): EmulatorResponse {
  const status = request.header('x-amz-security-token') === undefined ? 200 : 400
  const s3 = request.header('authorization')?.includes('/s3/') === true
  const body = s3
    ? '<ListAllMyBucketsResult><Owner><ID>a</ID><DisplayName>a</DisplayName></Owner><Buckets/></ListAllMyBucketsResult>'
    : '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/a</Arn><UserId>a</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>'
  return { status, headers: { 'Content-Type': 'text/xml' }, body: status === 200 ? body : '' }
}

async function trySigning(
  reader: ReaderName,
  runner: Runner,
  way: (typeof USER_KEYS)[number],
  env: Readonly<Record<string, string>>,
  expected: Expected,
): Promise<Outcome> {
  const outcome = await tryPair(reader, runner, way, env, () => [expected])
  if (!outcome.found || specOf(reader).uses === 'nothing') return outcome
  const { error } = await askNew(reader, runner, way, { ask: 'use', env })
  return error === undefined ? outcome : { found: false, why: error }
}

/** Less than the five minutes before their end in which SDKs ask again. */
const NEAR_END_SECONDS = 290
/** Some use what they have and ask meanwhile. */
const MOST_USES = 20

async function measureRenewed(): ByReader<Record<string, Cell>> {
  const scene = await makeScene(NEAR_END_SECONDS)
  const apps = READER_NAMES.flatMap((reader) => {
    const shared = startRunner(reader)
    return RENEWED.filter((name) => lackOf(reader, name) === undefined).map((name) => ({
      reader,
      name,
      runner: specOf(reader).static?.includes(VARIATIONS[name].way) === true ? startRunner(reader) : shared,
      env: withNeeds(reader, VARIATIONS[name].way, scene.told[name]),
    }))
  })
  const ask = ({ runner, name, env }: (typeof apps)[number]): Promise<Answer> =>
    runner.ask({ ask: 'credentials', kept: name, env })
  try {
    const first = await eachOf(apps, AT_ONCE, ask)
    await scene.renew()
    const second = await eachOf(apps, AT_ONCE, async (app): Promise<Outcome> => {
      const before = first.get(app)
      if (before?.keys === undefined) return { found: false, why: before?.error ?? 'no answer' }
      for (let use = 0; use < MOST_USES; use += 1) {
        const answer = await ask(app)
        const wrong = wrongWith(answer, scene.stage.sessions.issued)
        if (wrong !== undefined) return { found: false, why: wrong }
        if (answer.keys?.id !== before.keys.id) return { found: true }
        await delay(50)
      }
      return { found: false, why: 'it keeps what it has' }
    })
    const cells = new Map(READER_NAMES.map((reader) => [reader, {}]))
    for (const reader of READER_NAMES) {
      for (const name of RENEWED) {
        const app = apps.find((one) => one.reader === reader && one.name === name)
        const outcome = app === undefined ? '–' : (second.get(app) ?? '–')
        Object.assign(cells.get(reader) ?? {}, { [name]: outcome })
      }
    }
    return cells
  } finally {
    await Promise.all([...new Set(apps.map(({ runner }) => runner))].map((runner) => runner.end()))
    await scene.close()
  }
}

async function measureFiles(of: (reader: ReaderName) => Runner): ByReader<readonly string[]> {
  const folder = mkdtempSync(join(scratchFolder('files'), 'files-'))
  const files = await Promise.all(
    EXISTING_FILES.map((file, index) => edited(file, join(folder, String(index)))),
  )
  return await eachOf(READER_NAMES, AT_ONCE, async (reader) => {
    const unread: string[] = []
    for (const { file, path, expected } of files) {
      const env = {
        HOME: folder,
        AWS_REGION: 'eu-central-1',
        AWS_SHARED_CREDENTIALS_FILE: path,
        AWS_PROFILE: file.profile ?? 'app',
        AWS_EC2_METADATA_DISABLED: 'true',
      }
      const question = { ask: 'credentials', env: withNeeds(reader, 'file', env) } as const
      if (wrongWith(await askNew(reader, of(reader), 'file', question), [expected]) !== undefined)
        unread.push(file.what)
    }
    return unread
  })
}

interface Edited {
  readonly file: ExistingFile
  readonly path: string
  readonly expected: Expected
}

/** In a folder of its own, with a config file beside it, which one reader needs. */
async function edited(file: ExistingFile, folder: string): Promise<Edited> {
  const path = join(mkdtempSync(`${folder}-`), 'credentials')
  writeFileSync(join(path, '../config'), '')
  if (file.before !== undefined) {
    writeFileSync(`${path}.before`, file.before)
    copyFileSync(`${path}.before`, path)
  }
  const expected = { ...CREDENTIALS, sessionToken: file.token ?? CREDENTIALS.sessionToken }
  await inScratch(async ({ context }) => {
    const target = { credentialsFile: path, profile: file.profile ?? 'app', fileMode: 0o600 }
    await writeCredentials(expected, target, context())
  })
  return { file, path, expected }
}
