/** Vault leases on keys that apps may still hold. Ending a lease takes its keys from them at once. */
import type { Clock } from '../run/runtime.ts'
import type { Lease } from '../credentials.ts'

export interface Leases {
  /** @param lifeMs how long the keys handed out may be used */
  hold(lease: Lease, lifeMs: number): void
  /** Ends the leases whose keys have expired everywhere, so that no Vault token outlives its use. */
  endLapsed(): void
  /** Ends them all; each one bounds its own time, and none rejects. */
  endAll(): Promise<void>
}

export function createLeases(clock: Pick<Clock, 'elapsed'>): Leases {
  /** By the monotonic clock: a wall clock set ahead would take keys from apps too early. */
  const lapseMs = new Map<Lease, number>()
  const end = async (lease: Lease): Promise<void> => {
    await lease.end()
    lapseMs.delete(lease)
  }
  return {
    hold: (lease, lifeMs) =>
      void lapseMs.set(lease, Math.max(lapseMs.get(lease) ?? 0, clock.elapsed() + lifeMs)),
    endLapsed: () => {
      for (const [lease, atMs] of lapseMs) {
        if (atMs <= clock.elapsed()) void end(lease)
      }
    },
    endAll: async () => {
      await Promise.all([...lapseMs.keys()].map(end))
    },
  }
}
