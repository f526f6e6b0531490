/** Runs a cell of the matrix: in this process over a real network, or on the shipped file. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { main } from '../../src/aws-iam-ra.ts'
import { createHttpClient } from '../../src/net/http.ts'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { makeFolder, put, putCredentials, start, type Run, type RunFolder } from '../e2e/harness.ts'
import { serverIdentity } from '../e2e/servers.ts'
import { fakeClock, fakeRuntime, type FakeClock } from '../support/fake-runtime.ts'
import { DEADLINE_SECONDS, type Cell } from './matrix.ts'
import { startFaultProxy, type Act, type FaultProxy } from './proxy.ts'
import { OLD_FILE } from './verdict.ts'

export interface Driven {
  readonly proxy: FaultProxy
  readonly run: Run
  /** What the emulators did in this run. */
  readonly issued: Stage['sessions']['issued']
  readonly logins: number
  /** Vault tokens of this run that still work. */
  readonly live: number
}

/** The emulators of many runs in this process, one after the other, and the clock of them all. */
export interface Theatre {
  readonly stage: Stage
  readonly clock: FakeClock
}

export async function openTheatre(): Promise<Theatre> {
  const clock = fakeClock()
  return { clock, stage: await startStage({ now: () => clock.now() }) }
}

/** Longer than any token of the emulated Vault lives. */
const BETWEEN_RUNS_MS = 3_600_000

export interface DriveOptions {
  /** How often the fault happens. Default always. */
  readonly times?: number
  /** Everything that can be logged, as JSON lines. Default the lines that a user sees. */
  readonly log?: 'text' | 'all as JSON'
}

function logging(options: DriveOptions): { readonly args: readonly string[]; readonly LOG_FORMAT: string } {
  return options.log === 'all as JSON'
    ? { args: ['--verbose'], LOG_FORMAT: 'json' }
    : { args: [], LOG_FORMAT: 'text' }
}

/** Waits pass at once; the network is real. */
export async function driveInProcess(
  { stage, clock }: Theatre,
  cell: Cell,
  options: DriveOptions = {},
): Promise<Driven> {
  // Tokens that a fault kept from an earlier run are gone then.
  clock.advance(BETWEEN_RUNS_MS)
  const seen = mark(stage)
  const { args, LOG_FORMAT } = logging(options)
  const folder = makeFolder()
  writeFileSync(folder.token, stage.token())
  putCredentials(folder, OLD_FILE)
  const proxy = await startFaultProxy({
    upstream: upstreamOf(cell, stage),
    step: cell.step,
    act: cell.act,
    now: () => clock.now(),
    ...(options.times === undefined ? {} : { times: options.times }),
  })
  try {
    const runtime = fakeRuntime({
      clock,
      http: createHttpClient,
      home: folder.home,
      argv: args,
      env: {
        ...stage.env,
        [addressOf(cell)]: proxy.url,
        SERVICE_ACCOUNT_TOKEN_FILE: folder.token,
        TERMINATION_LOG: folder.terminationLog,
        LOG_FORMAT,
      },
    })
    const code = await main(runtime, new AbortController().signal)
    const run: Run = {
      ...runtime.output,
      code,
      folder,
      credentials: readFileSync(folder.credentials, 'latin1'),
      terminationLog: readFileSync(folder.terminationLog, 'utf8'),
      vault: stage.vault.requests.slice(seen.vault),
      aws: stage.rolesAnywhere.requests.slice(seen.aws),
      files: filesOf(folder),
    }
    return { proxy, run, ...since(seen, stage) }
  } finally {
    await proxy.close()
  }
}

interface Mark {
  readonly vault: number
  readonly aws: number
  readonly issued: number
  readonly logins: number
  readonly live: number
}

function mark({ vault, rolesAnywhere, sessions, vaultEmulator }: Stage): Mark {
  return {
    vault: vault.requests.length,
    aws: rolesAnywhere.requests.length,
    issued: sessions.issued.length,
    logins: vaultEmulator.logins.length,
    live: vaultEmulator.liveTokens(),
  }
}

function since(seen: Mark, { sessions, vaultEmulator }: Stage): Pick<Driven, 'issued' | 'logins' | 'live'> {
  return {
    issued: sessions.issued.slice(seen.issued),
    logins: vaultEmulator.logins.length - seen.logins,
    live: vaultEmulator.liveTokens() - seen.live,
  }
}

/** What starting a process and revoking may take on a loaded machine, beside DEADLINE. */
const BEYOND_DEADLINE_MS = 8000

/** For faults that end a run, or nothing but the revocation, well before. */
const AMPLE_SECONDS = 20

/** @throws Error where the run goes on after DEADLINE: it then is killed */
export async function driveShipped(stage: Stage, cell: Cell, options: DriveOptions = {}): Promise<Driven> {
  const seen = mark(stage)
  const { args, LOG_FORMAT } = logging(options)
  const folder = makeFolder()
  putCredentials(folder, OLD_FILE)
  const deadline = cell.meaning.ending === 'again' ? DEADLINE_SECONDS : AMPLE_SECONDS
  const tls = cell.act.kind === 'tls' ? tlsOf(cell.act, folder) : undefined
  const proxy = await startFaultProxy({
    upstream: upstreamOf(cell, stage),
    step: cell.step,
    act: cell.act,
    now: Date.now,
    ...(tls === undefined ? {} : { tls: tls.identities }),
  })
  try {
    const running = start(stage, {
      folder,
      args,
      env: {
        LOG_FORMAT,
        [addressOf(cell)]: proxy.url,
        DEADLINE: String(deadline),
        ...(tls === undefined
          ? {}
          : { [cell.step === 'exchange' ? 'AWS_CA_BUNDLE' : 'VAULT_CACERT']: tls.trusted }),
      },
    })
    const bound = setTimeout(
      () => running.child.kill('SIGKILL'),
      DEADLINE_SECONDS * 1000 + BEYOND_DEADLINE_MS,
    )
    try {
      const run = await running.finished
      if (run.code === null) throw new Error('the run went on after DEADLINE and was killed')
      return { proxy, run, ...since(seen, stage) }
    } finally {
      clearTimeout(bound)
    }
  } finally {
    await proxy.close()
  }
}

function upstreamOf({ step }: Cell, stage: Stage): string {
  return step === 'exchange' ? stage.rolesAnywhere.url : stage.vault.url
}

function addressOf({ step }: Cell): string {
  return step === 'exchange' ? 'AWS_ENDPOINT_URL_ROLESANYWHERE' : 'VAULT_ADDR'
}

/** Of an unknown CA nothing is trusted; of the other flaws everything but the flaw is in order. */
function tlsOf(
  { flaw }: Extract<Act, { kind: 'tls' }>,
  folder: RunFolder,
): {
  readonly trusted: string
  readonly identities: { readonly good: ServerKey; readonly flawed: ServerKey }
} {
  const good = serverIdentity({})
  const flawed = serverIdentity({
    ...(flaw === 'wrong name' ? { dns: ['another.example'] } : {}),
    ...(flaw === 'expired' ? { lifetimeMs: -60_000 } : {}),
  })
  const trusted = flaw === 'unknown CA' ? good.ca : `${good.ca}\n${flawed.ca}`
  return {
    trusted: put(folder, 'ca.pem', `${trusted}\n`),
    identities: { good: good.tls, flawed: flawed.tls },
  }
}

type ServerKey = ReturnType<typeof serverIdentity>['tls']

function filesOf(folder: RunFolder): string[] {
  return readdirSync(folder.home, { recursive: true, encoding: 'utf8', withFileTypes: false })
    .filter((name) => name !== '.aws')
    .sort()
}

/** Starts all, as many at once as there are hands. @returns what waits for one of them */
export function startAll<T, H, R>(
  of: readonly T[],
  hands: readonly H[],
  run: (one: T, hand: H) => Promise<R>,
): (one: T) => Promise<R> {
  const results = new Map(of.map((one) => [one, Promise.withResolvers<R>()]))
  const waiting = [...results]
  const work = async (hand: H): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [one, { promise, resolve, reject }] = next
      // Whoever waits for it hears of a failure.
      promise.catch(() => undefined)
      await run(one, hand).then(resolve, reject)
    }
  }
  for (const hand of hands) void work(hand)
  return (one) => results.get(one)?.promise ?? Promise.reject(new Error('this was never started'))
}
