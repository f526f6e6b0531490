/** What stands under the node inside of its namespaces: a bridge with addresses, and places to write to that end with it. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const BRIDGE = 'iamra0'
/** Given, as a bridge without has its lowest port's: pods would ask at the old one for seconds when others come and go. */
const BRIDGE_MAC = '0a:58:0a:58:00:01'
export const SUBNET = '10.88.0.0/16'
/** Of the node, and of what is outside of the cluster: AWS has an address for each service. */
export const ADDRESSES = {
  node: '10.88.0.1',
  rolesanywhere: '10.88.0.2',
  sts: '10.88.0.3',
  s3: '10.88.0.4',
  iam: '10.88.0.5',
} as const
/** In memory; everything that the node writes is below. */
export const RUN = '/run/iam-ra'
export const CONTAINERD = join(RUN, 'containerd.sock')

export function layGround(): void {
  for (const folder of ['/run', '/var/log', '/var/lib'])
    command('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', folder)
  // For these namespaces alone: what would stay behind elsewhere fails instead.
  command('mount', '-o', 'remount,bind,ro', '/')
  mkdirSync(join(RUN, 'kernel'), { recursive: true })
  keepKernelSettings()
  command('ip', 'link', 'set', 'lo', 'up')
  command('ip', 'link', 'add', BRIDGE, 'address', BRIDGE_MAC, 'type', 'bridge')
  for (const address of Object.values(ADDRESSES)) command('ip', 'addr', 'add', `${address}/16`, 'dev', BRIDGE)
  command('ip', 'link', 'set', BRIDGE, 'up')
}

/** The kubelet sets these for the whole machine. Here it writes into files that lie over them. */
function keepKernelSettings(): void {
  for (const name of [
    'vm/overcommit_memory',
    'vm/panic_on_oom',
    'kernel/panic',
    'kernel/panic_on_oops',
    'kernel/keys/root_maxkeys',
    'kernel/keys/root_maxbytes',
  ]) {
    const setting = join('/proc/sys', name)
    const over = join(RUN, 'kernel', name.replaceAll('/', '.'))
    writeFileSync(over, readFileSync(setting))
    command('mount', '--bind', over, setting)
  }
}

/** @throws Error with what the command wrote to stderr */
export function command(name: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(name, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name} ${args.join(' ')} failed: ${error?.message ?? stderr}`)
  return stdout
}
