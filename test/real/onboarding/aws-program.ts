/** The program as processes of one operator of an emulated account, for the commands that work on AWS alone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { Account } from '../../../src/onboarding/aws/account.ts'
import { readInstallation, type Installation } from '../../../src/onboarding/aws/installation.ts'
import { runChild, type ChildRun } from '../../rig/processes/child.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { startOperatorAccount, type OperatorAccount } from '../../rig/servers/operator-account.ts'
import { PROGRAM } from './ground.ts'
import { openOperator, ROOT } from './operator.ts'

type Environment = Readonly<Record<string, string>>

export interface AwsProgram {
  readonly aws: OperatorAccount
  /** The library, in the test's own process. */
  readonly account: Account
  /** Of the operator's files. */
  readonly home: string
  read(): Promise<Installation>
  /** @returns its path */
  file(name: string, text: string): string
  /** @param line words, where ROOT is the file with the root's certificate */
  iamRa(line: string, env?: Environment): Promise<ChildRun>
  /** Expects that it works. @param says what stderr must match @returns its stdout */
  done(line: string, says?: RegExp): Promise<string>
  /** Expects an error with a hint, and nothing on stdout. */
  refused(line: string, exit: number, says: RegExp, env?: Environment): Promise<void>
  /** What is called meanwhile, by action. */
  callsOf(run: () => Promise<unknown>): Promise<Readonly<Record<string, number>>>
  /** Everything is permitted, and nothing is left. */
  reset(): Promise<void>
  stop(): Promise<void>
}

export async function startAwsProgram(): Promise<AwsProgram> {
  const home = mkdtempSync(join(tmpdir(), 'iam-ra-commands-'))
  process.on('exit', () => rmSync(home, { recursive: true, force: true }))
  const settings = { MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' }
  const aws = await startOperatorAccount(pythonEnvironment(), home, settings)
  const account = await openOperator(aws)
  const file = (name: string, text: string): string => {
    const path = join(home, name)
    writeFileSync(path, text)
    return path
  }
  const rootFile = file('root.pem', ROOT.pem)
  const iamRa = (line: string, env: Environment = {}): Promise<ChildRun> => {
    const words = line.split(' ').map((word) => (word === 'ROOT' ? rootFile : word))
    return runChild(PROGRAM[0], [PROGRAM[1], ...words], { ...aws.env, HOME: home, ...env })
  }
  const done = async (line: string, says?: RegExp): Promise<string> => {
    const { code, stdout, stderr } = await iamRa(line)
    assert.is(code, 0, `${line}: ${stderr}`)
    if (says !== undefined) assert.match(stderr, says)
    return stdout
  }
  return {
    ...{ aws, account, home, file, iamRa, done },
    read: () => readInstallation(account, 'default'),
    async refused(line, exit, says, env) {
      const { code, stdout, stderr } = await iamRa(line, env)
      assert.match(stderr, says, line)
      assert.is(code, exit, `${line}: ${stderr}`)
      assert.is(stdout, '', line)
      assert.match(stderr, /\nhint: \S[^\n]*\n$/, line)
    },
    async callsOf(run) {
      const before = [aws.gate.calls.length, aws.rolesAnywhere.calls.length] as const
      await run()
      const made = [...aws.gate.calls.slice(before[0]), ...aws.rolesAnywhere.calls.slice(before[1])]
      const groups = Map.groupBy(made, ({ action }) => action)
      return Object.fromEntries([...groups].map(([action, all]) => [action, all.length]))
    },
    async reset() {
      aws.permissions.refused.clear()
      for (const one of [aws.gate, aws.rolesAnywhere])
        Object.assign(one, { before: undefined, after: undefined })
      await done('destroy --yes')
      assert.is(aws.account.anchors.size + aws.account.profiles.size, 0)
    },
    async stop() {
      account.close()
      await aws.close()
    },
  }
}

export const READ_ONLY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
