/** Runs of `iam-ra` that are killed after one of their calls, or that never learn its answer; and what the next run makes of it. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import type { Account } from '../../../src/onboarding/aws/account.ts'
import type { Call } from '../../rig/emulators/calls.ts'
import type { ChildRun } from '../../rig/processes/child.ts'
import { cleanEnv } from '../../rig/processes/clean-env.ts'
import { startKubeGateway, type KubeGateway } from '../../rig/servers/kube-gateway.ts'
import { startGround, type Ground } from './ground.ts'
import { comparable, openPastGate, readWorld, restore, type World } from './world.ts'

const POLICY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'

/** A whole life, in its order. */
export const LIFE = [
  'init --ca-mode vault',
  `role create admin --policy ${POLICY}`,
  'k8s setup prod --apply',
  'k8s onboard w1 --role admin --apply',
  'k8s offboard w1 --apply --yes',
  'destroy --yes',
] as const

export type End = 'killed' | 'lost'

export interface Scene {
  readonly ground: Ground
  run(line: string): Promise<ChildRun>
  /**
   * For each call of the command in turn: the run that ends there, and another one.
   * @param counted the calls that are meant
   * @returns how many there were
   */
  disturb(line: string, end: End, counted: 'every call' | 'writes'): Promise<number>
  close(): Promise<void>
}

export async function startScene(): Promise<Scene> {
  const ground = await startGround()
  const kube = await startKubeGateway(ground.kubernetes)
  const account = await openPastGate(ground.aws)
  await namespaceIsThere(ground)
  writeFileSync(ground.env['KUBECONFIG'] ?? '', kube.kubeconfig, { mode: 0o600 })
  const run = (line: string, onStart?: (kill: () => void) => void): Promise<ChildRun> =>
    runProgram(line, ground.env, onStart)
  return {
    ground,
    run,
    disturb: (line, end, counted) => disturb({ ground, kube, account, run }, line, end, counted),
    async close() {
      account.close()
      await kube.close()
      await ground.stop()
    },
  }
}

/** The API server makes it itself, some time after its start. */
async function namespaceIsThere({ kubernetes }: Ground): Promise<void> {
  const isThere = (): Promise<boolean> =>
    kubernetes.request('GET', '/api/v1/namespaces/default').then(
      () => true,
      () => false,
    )
  while (!(await isThere())) await delay(100)
}

interface Work {
  readonly ground: Ground
  readonly kube: KubeGateway
  readonly account: Account
  run(line: string, onStart?: (kill: () => void) => void): Promise<ChildRun>
}

async function disturb(
  { ground, kube, account, run }: Work,
  line: string,
  end: End,
  counted: 'every call' | 'writes',
): Promise<number> {
  const before = await readWorld(ground, account)
  // The first set-up of a cluster prints the account whose token the second one gives Vault.
  const again = async (name: string): Promise<void> => {
    await succeeds(name, run(line))
    if (line.startsWith('k8s setup')) await succeeds(name, run(line))
  }
  await again(line)
  const after = comparable(await readWorld(ground, account))
  const rewind = async (): Promise<World> => {
    await restore(ground, account, before)
    return await readWorld(ground, account)
  }
  for (let at = 1; ; at += 1) {
    assert.equal(comparable(await rewind()), comparable(before), 'the test itself')
    const fault = { isReached: false, kill: (): void => undefined }
    arm({ ground, kube }, at, counted, () => {
      fault.isReached = true
      if (end === 'killed') fault.kill()
    })
    const first = await run(line, (kill) => (fault.kill = kill))
    calm({ ground, kube })
    const name = `${line}, ${end} after call ${at}`
    if (!fault.isReached) {
      assert.is(first.code, 0, name)
      return at - 1
    }
    if (end === 'killed') assert.is(first.code, null, name)
    await again(name)
    assert.equal(comparable(await readWorld(ground, account)), after, name)
  }
}

async function succeeds(name: string, run: Promise<ChildRun>): Promise<void> {
  const { code, stderr } = await run
  assert.is(code, 0, `${name}\n${stderr}`)
}

/** On whichever server the call is. */
function arm(
  { ground, kube }: Pick<Work, 'ground' | 'kube'>,
  at: number,
  counted: 'every call' | 'writes',
  happen: () => void,
): void {
  let count = 0
  const fate = (isWrite: boolean): 'cut' | undefined => {
    if (counted === 'writes' && !isWrite) return undefined
    count += 1
    if (count !== at) return undefined
    happen()
    return 'cut'
  }
  const { gate, rolesAnywhere } = ground.aws
  const isWrite = ({ action }: Call): boolean => !/:(?:Get|List)/.test(action)
  gate.after = (call) => fate(isWrite(call))
  rolesAnywhere.after = (call) => fate(isWrite(call))
  ground.vault.after = ({ method }) => fate(method !== 'GET' && method !== 'LIST')
  kube.after = (method) => fate(method !== 'GET')
}

function calm({ ground, kube }: Pick<Work, 'ground' | 'kube'>): void {
  const { gate, rolesAnywhere } = ground.aws
  for (const one of [gate, rolesAnywhere, ground.vault, kube]) one.after = undefined
}

/** In a process group of its own, so that a kubectl that it has started ends with it. */
function runProgram(
  line: string,
  env: Readonly<Record<string, string>>,
  onStart?: (kill: () => void) => void,
): Promise<ChildRun> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'hurried.ts'), ...line.split(' ')], {
    ...{ env: cleanEnv(env), detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  })
  onStart?.(() => process.kill(-(child.pid ?? 0), 'SIGKILL'))
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output.stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output.stderr += chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...output }))
  })
}
