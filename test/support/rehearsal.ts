/** A whole run in memory: the emulators answer as functions, the clock is the test's, and only files are real. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import * as fsPromises from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryFiles } from '../../src/run/memory-files.ts'
import type { HttpRequest } from '../../src/net/http.ts'
import { once } from '../../src/commands/once.ts'
import { readArguments } from '../../src/settings/arguments.ts'
import { readInvocation } from '../../src/settings/read.ts'
import type { Settings } from '../../src/settings/settings.ts'
import { emulatorRequest } from '../rig/emulators/http.ts'
import { startStage, type Stage, type StageOptions } from '../rig/emulators/stage.ts'
import {
  fakeClock,
  fakeRuntime,
  scriptedHttp,
  type FakeClock,
  type FakeRuntime,
  type ScriptedAnswer,
  type ScriptedHttp,
} from './fake-runtime.ts'

export const STEPS = ['login', 'sign', 'revoke', 'exchange'] as const
export type Step = (typeof STEPS)[number]

export interface Rehearsal {
  readonly stage: Stage
  readonly clock: FakeClock
  readonly wire: ScriptedHttp
  readonly runtime: FakeRuntime
  readonly credentialsFile: string
  /** Each request as its step, and `answered <step>` once the answer goes out. */
  readonly events: readonly string[]
  /** Instead of the emulator's answer; undefined leaves it to answer. `count` is 1 for the step's first request. */
  meddle: (step: Step, count: number) => ScriptedAnswer | undefined | Promise<ScriptedAnswer | undefined>
  /** What the run reads of the environment. */
  readonly env: Record<string, string>
  settings(): Promise<Settings>
  /** The credentials file's text; undefined where there is none. */
  written(): string | undefined
  close(): Promise<void>
}

export async function rehearse(options: Omit<StageOptions, 'now'> = {}): Promise<Rehearsal> {
  const clock = fakeClock()
  const stage = await startStage({ ...options, now: () => clock.now() })
  const folder = mkdtempSync(join(tmpdir(), 'iam-ra-'))
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, stage.token())
  const credentialsFile = join(folder, 'aws', 'credentials')
  const events: string[] = []
  const counts = new Map<Step, number>()
  const wire = scriptedHttp(async (request) => {
    const step = stepOf(request)
    events.push(step)
    const count = (counts.get(step) ?? 0) + 1
    counts.set(step, count)
    const answer = (await rehearsal.meddle(step, count)) ?? emulated(stage, step, request)
    events.push(`answered ${step}`)
    return answer
  })
  const env: Record<string, string> = {
    ...stage.env,
    SERVICE_ACCOUNT_TOKEN_FILE: tokenFile,
    AWS_SHARED_CREDENTIALS_FILE: credentialsFile,
    TERMINATION_LOG: join(folder, 'termination-log'),
  }
  const rehearsal: Rehearsal = {
    stage,
    clock,
    wire,
    runtime: fakeRuntime({ http: wire.http, clock, env }),
    credentialsFile,
    events,
    meddle: () => undefined,
    env,
    settings: async () => {
      const invocation = await readInvocation(readArguments([], []), once.settings, {
        env,
        home: folder,
        fs: fsPromises,
        memoryFiles,
        clock,
      })
      if ('shows' in invocation) throw new Error(`expected settings, got ${invocation.shows}`)
      return invocation.settings
    },
    written: () => (existsSync(credentialsFile) ? readFileSync(credentialsFile, 'utf8') : undefined),
    close: async () => {
      rmSync(folder, { recursive: true })
      await stage.close()
    },
  }
  return rehearsal
}

function stepOf({ url }: HttpRequest): Step {
  if (url.pathname === '/sessions') return 'exchange'
  if (url.pathname.endsWith('/login')) return 'login'
  return url.pathname.endsWith('/revoke-self') ? 'revoke' : 'sign'
}

function emulated(stage: Stage, step: Step, request: HttpRequest): ScriptedAnswer {
  const emulator = step === 'exchange' ? stage.rolesAnywhereEmulator : stage.vaultEmulator
  const { status, headers, body } = emulator.handle(
    emulatorRequest({
      method: request.method,
      target: request.url.pathname + request.url.search,
      headers: Object.entries(request.headers),
      ...(request.body === undefined ? {} : { body: request.body }),
    }),
  )
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  return { status, body, headers: Object.fromEntries(lower) as Record<string, string> }
}
