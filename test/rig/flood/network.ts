/** Another network namespace with one link to this one: where a flood comes from that is not loopback's. Needs root. */
import { execFileSync } from 'node:child_process'
import { cleanEnv } from '../processes/clean-env.ts'

export interface Neighbour {
  /** This end's address. */
  readonly address: string
  /** What goes before a program that is to run at the other end. */
  readonly within: readonly string[]
  remove(): void
}

/** RFC 2544's addresses for benchmarks, which no network has: a /30 for each process that asks. */
export function createNeighbour(): Neighbour {
  const name = `flood-${process.pid}`
  const [link, peer] = [`fl${process.pid}a`, `fl${process.pid}b`]
  const base = (process.pid * 4) % 65_536
  const at = (host: number): string => `198.18.${Math.floor(base / 256)}.${(base % 256) + host}`
  const ip = (...args: string[]): void => {
    execFileSync('ip', args, { env: cleanEnv({}), stdio: ['ignore', 'ignore', 'pipe'] })
  }
  const remove = (): void => {
    // The link goes with its other end.
    ip('netns', 'del', name)
  }
  ip('netns', 'add', name)
  try {
    ip('link', 'add', link, 'type', 'veth', 'peer', 'name', peer, 'netns', name)
    ip('addr', 'add', `${at(1)}/30`, 'dev', link)
    ip('link', 'set', link, 'up')
    ip('-n', name, 'addr', 'add', `${at(2)}/30`, 'dev', peer)
    ip('-n', name, 'link', 'set', peer, 'up')
  } catch (error) {
    remove()
    throw error
  }
  return { address: at(1), within: ['ip', 'netns', 'exec', name], remove }
}
