/** A long-lived process that nobody asks for credentials; only the kubelet's probe calls it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Memory } from '../../../test/rig/processes/memory.ts'
import type { Scene } from '../../../test/rig/processes/programs.ts'
import { probe } from './readers.ts'
import type { Service } from '../../../test/rig/processes/service.ts'

/** The period of the liveness probe in k8s/sidecar. */
const PROBE_SECONDS = 20

/** @returns its memory after this many seconds, and the resident set in MiB at each */
export async function idleOf(
  service: Service,
  scene: Scene,
  seconds: number,
): Promise<{ readonly memory: Memory; readonly rss: readonly number[] }> {
  const rss = [service.memory().rss]
  for (let second = 1; second <= seconds; second += 1) {
    await delay(1000)
    if (second % PROBE_SECONDS === 0) await probe(scene)
    rss.push(service.memory().rss)
  }
  return { memory: service.memory(), rss }
}

/** Close enough to count as equal. MiB */
const SAME = 0.5

/** @returns the first second from which on the resident set stays at its final value */
export function settledAfter(rss: readonly number[]): number {
  const last = rss.at(-1) ?? 0
  return rss.findLastIndex((sample) => Math.abs(sample - last) > SAME) + 1
}
