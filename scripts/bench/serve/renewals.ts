/** Renewals one after another, and their cost. */
import { setTimeout as delay } from 'node:timers/promises'
import { findChild, readMemory, type Memory } from '../../../test/rig/processes/memory.ts'
import type { ChildSample, Results } from './results.ts'
import type { Service } from '../../../test/rig/processes/service.ts'

/** @param check called after each renewal */
export async function renewMany(
  service: Service,
  count: number,
  check: () => Promise<unknown>,
): Promise<Results['renewals']> {
  const rss: number[] = []
  const ms: number[] = []
  for (let done = 0; done < count; done += 1) {
    ms.push(tenths(await service.renew()))
    await check()
    rss.push(service.memory().rss)
  }
  return { rss, ms }
}

const LOOK_MS = 4

/** One renewal, with both processes observed all the time. @throws Error if its process was not seen */
export async function watchRenewal(service: Service): Promise<ChildSample> {
  const renewed = { isDone: false }
  const renewal = service.renew().finally(() => (renewed.isDone = true))
  const looks: { readonly child: Memory; readonly parent: Memory }[] = []
  // It has exited before its result is served.
  while (!renewed.isDone) {
    const pid = findChild(service.pid, 'obtain')
    const child = pid === undefined ? undefined : readIfThere(pid)
    if (child !== undefined) looks.push({ child, parent: service.memory() })
    await delay(LOOK_MS)
  }
  await renewal
  if (looks.length === 0) throw new Error('the process of a renewal was not seen')
  const greatest = (value: (look: (typeof looks)[number]) => number): number =>
    hundredths(Math.max(...looks.map(value)))
  return {
    peak: greatest(({ child }) => child.peak),
    together: greatest(({ child, parent }) => child.share + parent.share),
    anonymousTogether: greatest(({ child, parent }) => child.anonymousShare + parent.anonymousShare),
  }
}

/** Undefined if it exits at this moment. */
function readIfThere(pid: number): Memory | undefined {
  try {
    return readMemory(pid)
  } catch {
    return undefined
  }
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100
}
