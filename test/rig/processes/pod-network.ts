/** A pod's network, as a bridge plug-in makes it on the node of this process: behind a bridge, with a default route. */
import { execFileSync } from 'node:child_process'
import { cleanEnv } from './clean-env.ts'

export interface PodNetwork {
  /** Where its addresses are from. */
  readonly ranges: readonly string[]
  /** What goes before a program that is to run in the pod. */
  readonly within: readonly string[]
  remove(): void
}

const NODE = ['10.244.0.1/24', 'fd00:10:244::1/64'] as const
const POD = ['10.244.0.7/24', 'fd00:10:244::7/64'] as const

/** One in each network namespace. Needs root. */
export function createPod(): PodNetwork {
  const name = `pod-${process.pid}`
  const ip = (...args: string[]): void => {
    execFileSync('ip', args, { env: cleanEnv({}), stdio: ['ignore', 'ignore', 'pipe'] })
  }
  const remove = (): void => {
    ip('netns', 'del', name)
    ip('link', 'del', 'bridge0')
  }
  ip('link', 'add', 'bridge0', 'type', 'bridge')
  ip('netns', 'add', name)
  try {
    ip('link', 'set', 'bridge0', 'up')
    ip('link', 'add', 'veth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    ip('link', 'set', 'veth0', 'master', 'bridge0', 'up')
    ip('-n', name, 'link', 'set', 'eth0', 'up')
    for (const address of NODE) ip('addr', 'add', address, 'dev', 'bridge0', ...withoutDetection(address))
    for (const address of POD)
      ip('-n', name, 'addr', 'add', address, 'dev', 'eth0', ...withoutDetection(address))
    for (const gateway of NODE) ip('-n', name, 'route', 'add', 'default', 'via', gateway.split('/')[0] ?? '')
  } catch (error) {
    remove()
    throw error
  }
  return { ranges: ['10.244.0.0/24', 'fd00:10:244::/64'], within: ['ip', 'netns', 'exec', name], remove }
}

/** A detection of duplicates would keep the address from use for a second. */
function withoutDetection(address: string): string[] {
  return address.includes(':') ? ['nodad'] : []
}
