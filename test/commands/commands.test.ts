/** What the entry point does for each command by its flags: whose stdout, stderr and termination log are whose. */
import { readFileSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { main } from '../../src/aws-iam-ra.ts'
import { PROGRAM } from '../../src/commands/commands.ts'
import { IamRaError } from '../../src/errors.ts'
import { rehearse, type Rehearsal } from '../support/rehearsal.ts'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly terminationLog: string
}

const STOPPED = new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 })

async function end(
  { runtime, env }: Rehearsal,
  argv: readonly string[],
  changes: Readonly<Record<string, string>>,
  interrupt: AbortSignal,
): Promise<Ended> {
  const written = { stdout: '', stderr: '' }
  const terminationLog = env['TERMINATION_LOG'] ?? ''
  writeFileSync(terminationLog, '')
  const whole = {
    ...runtime,
    argv,
    env: { ...env, ...changes },
    stdout: (text: string) => void (written.stdout += text),
    stderr: (text: string) => void (written.stderr += text),
  }
  const code = await main(whole, interrupt)
  return { code, ...written, terminationLog: readFileSync(terminationLog, 'utf8') }
}

const named = ([name = 'once']: readonly string[]): string => name
/** Their container is the program's own. */
const OWN = ['once', 'serve', 'renew']
/** They obtain nothing for a pod of their own, and have other settings. */
const OF_A_NODE = ['agent', 'wait', 'agent-exchange']

const ALL = [[], ...PROGRAM.commands.map(({ name }) => [name])].filter(
  (argv) => !OF_A_NODE.includes(named(argv)),
)

/** The commands of which it is true. */
async function those(
  commands: readonly (readonly string[])[],
  is: (ended: Ended) => boolean,
  changes: Readonly<Record<string, string>>,
  interrupt = new AbortController().signal,
): Promise<string[]> {
  const rehearsal = await rehearse()
  const found: string[] = []
  try {
    for (const argv of commands)
      if (is(await end(rehearsal, argv, changes, interrupt))) found.push(named(argv))
  } finally {
    await rehearsal.close()
  }
  return found
}

const commands = suite('commands')

commands('settings that are wrong are in the termination log of a container that is ours', async () => {
  const wrong = { FILE_MODE: 'x', VAULT_CERT_CN: '' }
  assert.equal(await those(ALL, ({ terminationLog }) => terminationLog.includes('VAULT_CERT_CN'), wrong), OWN)
  assert.equal(await those(ALL, ({ stdout }) => stdout.includes('VAULT_CERT_CN'), wrong), ['check', 'obtain'])
})

commands(
  'a signal is told by the log, or to the parent; no app’s termination log is written to',
  async () => {
    const brief = ALL.filter((argv) => !['serve', 'renew'].includes(named(argv)))
    const stop = AbortSignal.abort(STOPPED)
    assert.equal(await those(brief, ({ code }) => code === 143, {}, stop), brief.map(named))
    assert.equal(await those(brief, ({ terminationLog }) => terminationLog !== '', {}, stop), [
      'once',
      'metadata-address',
      'agent-address',
    ])
    assert.equal(await those(brief, ({ stderr }) => stderr.includes('stopped by SIGTERM'), {}, stop), [
      'once',
      'credential-process',
      'check',
      'metadata-address',
      'agent-address',
    ])
  },
)

commands('warnings of the settings are logged by commands whose container is ours', async () => {
  const ignored = { VAULT_TOKEN: 'hvs.ignored', HOME: '/nothing', ENDPOINT_PORT: '1', DEADLINE: '1' }
  const stop = AbortSignal.abort(STOPPED)
  const brief = ALL.filter((argv) => named(argv) !== 'serve')
  const warned = await those(brief, ({ stderr }) => stderr.includes('warning: VAULT_TOKEN'), ignored, stop)
  assert.equal(warned, ['once', 'renew', 'credential-process'])
  // credential-process holds them back until something fails; check has them in its report.
  const works = ALL.filter((argv) => ['once', 'credential-process', 'check', 'obtain'].includes(named(argv)))
  const { VAULT_TOKEN } = ignored
  assert.equal(await those(works, ({ stderr }) => stderr.includes('warning: VAULT_TOKEN'), { VAULT_TOKEN }), [
    'once',
  ])
  assert.equal(await those(works, ({ stdout }) => stdout.includes('VAULT_TOKEN is set'), { VAULT_TOKEN }), [
    'check',
  ])
})

commands('each has a name of its own', () => {
  const names = [PROGRAM.oneShot, ...PROGRAM.commands].map(({ name }) => name)
  assert.equal([...new Set(names)], names)
})

commands.run()
