/** Everything that the runners need, made or asked for before the first test: builders need what this machine says of its network. */
import { spawnSync } from 'node:child_process'
import { pythonEnvironment } from '../../../rig/processes/python.ts'
import { kitFolder, type KitName } from './kits.ts'

/** Of Debian, as its own interpreters find it. */
const DEBIAN = [
  { name: 'awscli', command: '/usr/bin/python3', args: ['-s', '-c', 'import awscli'] },
  { name: 'ruby-aws-sdk-core', command: '/usr/bin/ruby', args: ['-e', "require 'aws-sdk-core'"] },
] as const

/**
 * @param kits KITS, or those of what the tests ask
 * @throws Error that says what is missing, and where to get it
 */
export function prepareReaders(kits: readonly KitName[]): void {
  const missing = DEBIAN.filter(({ command, args }) => spawnSync(command, args).status !== 0)
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(' ')
    throw new Error(`readers: these tests need ${names}\nhint: on Debian: apt-get install ${names}`)
  }
  pythonEnvironment()
  for (const kit of kits) kitFolder(kit)
}
