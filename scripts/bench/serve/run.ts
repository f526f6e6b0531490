/** One complete run: the shipped file's `serve` through all its states, then the programs it is compared with. */
import { machineFacts } from '../machine.ts'
import { idleOf } from './idle.ts'
import { load, loadResult, type Mode } from './load.ts'
import {
  LISTENING,
  nodeServeProgram,
  renewProgram,
  responderProgram,
  serveProgram,
  type Scene,
} from '../../../test/rig/processes/programs.ts'
import { questionsOf, readBoth } from './readers.ts'
import { renewMany, watchRenewal } from './renewals.ts'
import { FLOOR, loadAll } from './requests.ts'
import type { ChildSample, KeptMode, OtherName, OtherResult, QuestionName, Results } from './results.ts'
import { startService, type Program, type Service } from '../../../test/rig/processes/service.ts'

export interface Counts {
  /** The kinds of request take turns, so that anything that slows the machine down affects all of them alike. */
  readonly rounds: number
  /** Of each kind, in each round. */
  readonly requests: Readonly<Record<Mode, number>>
  /** Renewals whose process is observed; separate from the others, since observing slows them down. */
  readonly watched: number
  readonly renewals: number
  /** For each program compared with ours. */
  readonly otherRenewals: number
  readonly idleSeconds: number
}

export type Report = (text: string) => void

export async function runServe(scene: Scene, counts: Counts, report: Report): Promise<Results> {
  const machine = Object.entries(machineFacts([])).filter(([name]) => !UNUSED.includes(name))
  const ours = await runOurs(scene, counts, report)
  const other = async (name: OtherName, program: Program): Promise<OtherResult> => {
    report(`for comparison: ${name}`)
    return await runOther(scene, program, name !== 'renew', counts)
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: Object.fromEntries(machine),
    ...ours,
    others: {
      // src/run/reexec.ts leaves the compiler on if its option is already set.
      compiler: await other('compiler', serveProgram(scene, { BUN_JSC_useJIT: '1' })),
      renew: await other('renew', renewProgram(scene)),
      node: await other('node', nodeServeProgram(scene)),
    },
  }
}

const UNUSED = ['openssl', 'curl', 'jq']

async function runOurs(
  scene: Scene,
  counts: Counts,
  report: Report,
): Promise<Omit<Results, 'date' | 'machine' | 'others'>> {
  const program = serveProgram(scene)
  return await running(program, async (service) => {
    await service.says(LISTENING)
    const start = service.memory()
    await service.says(program.renewed)
    const ready = service.memory()
    const questions = await questionsOf(scene)
    const bytes = await readBoth(scene, questions)
    report('requests')
    const requests = await running(responderProgram(bytes), async (responder) => {
      const floorPort = Number(/\d+$/.exec(await responder.says('port '))?.[0])
      const portOf = (name: QuestionName | 'floor'): number =>
        name === 'floor' ? floorPort : scene.endpointPort
      return await loadAll({ ...questions, floor: FLOOR }, portOf, counts)
    })
    const loaded = service.memory()
    report('idle')
    const idle = await idleOf(service, scene, counts.idleSeconds)
    report(`${counts.watched} and ${counts.renewals} renewals`)
    const children: ChildSample[] = []
    while (children.length < counts.watched) children.push(await watchRenewal(service))
    const renewals = await renewMany(service, counts.renewals, () => readBoth(scene, questions))
    const renewed = service.memory()
    report('idle')
    const idleAgain = await idleOf(service, scene, counts.idleSeconds)
    return {
      requests,
      memory: { start, ready, loaded, idle: idle.memory, renewed, idleAgain: idleAgain.memory },
      idle: { seconds: counts.idleSeconds, rss: idle.rss },
      children,
      renewals,
    }
  })
}

async function runOther(
  scene: Scene,
  program: Program,
  isServing: boolean,
  counts: Counts,
): Promise<OtherResult> {
  return await running(program, async (service) => {
    await service.says(program.renewed)
    const served = isServing ? { medianMs: await containerMedians(scene, counts) } : {}
    await renewMany(service, counts.otherRenewals, () => Promise.resolve())
    const { memory } = await idleOf(service, scene, counts.idleSeconds)
    return { idle: memory, ...served }
  })
}

async function containerMedians(scene: Scene, counts: Counts): Promise<Readonly<Record<KeptMode, number>>> {
  const { container } = await questionsOf(scene)
  const median = async (mode: KeptMode): Promise<number> => {
    const timings = await load(scene.endpointPort, container, mode, counts.rounds * counts.requests[mode])
    return loadResult([timings]).p50Ms
  }
  return { one: await median('one'), sixteen: await median('sixteen') }
}

async function running<T>(program: Program, use: (service: Service) => Promise<T>): Promise<T> {
  const service = startService(program)
  let result: T
  try {
    result = await use(service)
  } catch (error) {
    // The first error is the one to show.
    await service.stop().catch(() => undefined)
    throw error
  }
  await service.stop()
  return result
}
