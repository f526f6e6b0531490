/**
 * Benchmarks the shipped executable against the minimum that its job takes (the floor) and against common alternatives,
 * and writes docs/lab/run.* and the tables of docs/performance.md. With --only or --rounds it prints one table and
 * writes nothing.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { report } from './bench/command.ts'
import { lineUp } from './bench/lineup.ts'
import { measure } from './bench/measure.ts'
import { filesToWeigh, RUN_PAGE } from './bench/page.ts'
import { publish } from './bench/pages.ts'
import type { Results } from './bench/results.ts'
import { runAll, withPlace } from './bench/run.ts'
import type { ServerKind } from './bench/servers.ts'
import { fileSizes } from './bench/sizes.ts'
import { SUBJECT_NAMES, type Subject, type SubjectName } from './bench/subjects.ts'
import { scenarioTable } from './bench/table.ts'
import { ROOT } from './checks/files.ts'
import { ensureServers } from '../test/rig/servers/build.ts'

const USAGE = `options: --emulators, --only ${SUBJECT_NAMES.join(',')}, --rounds <number>`

interface Options {
  readonly emulators: boolean
  readonly only: string | undefined
  readonly rounds: string | undefined
}

async function main({ emulators, only, rounds }: Options): Promise<void> {
  const names = only === undefined ? SUBJECT_NAMES : only.split(',').map(subjectName)
  const count = rounds === undefined ? undefined : wholeNumber(rounds)
  const kind = await chooseServers(emulators)
  report('building')
  const { subjects, missing } = lineUp(names)
  for (const { name, reason } of missing) report(`skipping ${name}: ${reason}`)
  report(
    `starting ${kind === 'real' ? 'Vault, kube-apiserver, etcd and emulators of AWS' : 'emulators only'}`,
  )
  if (only === undefined && count === undefined) await writeAll(subjects, kind)
  else await printOne(subjects, kind, count ?? 40)
}

/** The real servers if they are available. */
async function chooseServers(emulators: boolean): Promise<ServerKind> {
  if (emulators) return 'emulated'
  try {
    await ensureServers()
    return 'real'
  } catch (error) {
    report(`EMULATORS ONLY, because ${error instanceof Error ? error.message : String(error)}`)
    return 'emulated'
  }
}

async function printOne(subjects: readonly Subject[], kind: ServerKind, rounds: number): Promise<void> {
  await withPlace(kind, async (place) => {
    const scenario = { scheme: 'http', key: 'ec-p256', rounds, cold: false } as const
    const samples = await measure(subjects, scenario, place)
    const servers = kind === 'real' ? 'a real Vault with real TokenReview' : 'emulators only'
    process.stdout.write(`\n${servers}, http, ec-p256\n\n${scenarioTable({ ...scenario, samples })}`)
  })
}

async function writeAll(subjects: readonly Subject[], kind: ServerKind): Promise<void> {
  const found = await withPlace(kind, (place) => runAll(subjects, place, report))
  report('measuring file sizes')
  const sizes = await fileSizes(
    filesToWeigh({
      ours: join(ROOT, 'dist/aws-iam-ra'),
      node: join(ROOT, 'dist/bench/node-executable'),
      bunRuntime: join(ROOT, 'dist/bench/empty'),
      nodeRuntime: join(ROOT, 'node_modules/node/bin/node'),
    }),
  )
  const results: Results = { ...found, sizes }
  process.stdout.write(`\n${scenarioTable(results.scenarios.job)}\n`)
  await publish(RUN_PAGE, results)
}

function subjectName(text: string): SubjectName {
  const known = SUBJECT_NAMES.find((name) => name === text)
  if (known === undefined) throw new Error(`unknown subject ${text}\n${USAGE}`)
  return known
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`--rounds ${text} is not a number of rounds\n${USAGE}`)
  return Number(text)
}

try {
  const { values } = parseArgs({
    options: {
      emulators: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
    },
  })
  await main({ emulators: values.emulators, only: values.only, rounds: values.rounds })
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
