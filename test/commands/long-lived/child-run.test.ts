import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ChildResult, ChildRun } from '../../../src/run/child.ts'
import { obtainApart } from '../../../src/commands/long-lived/child-run.ts'
import { failureOutput } from '../../../src/commands/obtain/run.ts'
import { asIamRaError, IamRaError, type ErrorCode } from '../../../src/errors.ts'
import { createLogger, type Logger } from '../../../src/run/log.ts'
import { createFailureLog } from '../../../src/renewal/failure-log.ts'
import { rejectsWithCode } from '../../support/assert.ts'
import { fakeBounds, fakeClock } from '../../support/fake-runtime.ts'

const OBTAINED = {
  credentials: {
    accessKeyId: 'ASIAEXAMPLEEXAMPLE01',
    secretAccessKey: 's',
    sessionToken: 't',
    expiresAtMs: 1,
  },
  certificate: { serialHex: 'A1', requestId: 'r' },
}

const INTERRUPTED = new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 })
const DEADLINE = new IamRaError('DEADLINE', 'internal', 'DEADLINE of 60 s ran out')

function ended(given: Partial<ChildResult>): ChildResult {
  return { exitCode: 0, signal: null, stdout: '', ...given }
}

interface Apart {
  readonly obtained: ReturnType<typeof obtainApart>
  readonly run: ChildRun
  end(result: ChildResult): void
}

function apart(stop = new AbortController()): Apart {
  let [run, end] = [undefined as ChildRun | undefined, (_result: ChildResult): void => undefined]
  const again = (asked: ChildRun): Promise<ChildResult> => {
    run = asked
    return new Promise((resolve) => (end = resolve))
  }
  const bounds = fakeBounds(fakeClock(), 60_000, stop.signal)
  const obtained = obtainApart(['--verbose', '--deadline=60'], { runChild: again }, bounds)
  if (run === undefined) throw new Error('no child was started')
  return { obtained, run, end: (result) => end(result) }
}

async function failed(result: ChildResult, code: ErrorCode): Promise<IamRaError> {
  const { obtained, end } = apart()
  end(result)
  return await rejectsWithCode(obtained, code)
}

function verbose(log: (logger: Logger) => void): string {
  let text = ''
  const reporting = { format: 'text', verbosity: 'verbose', terminationLog: '' } as const
  log(createLogger(reporting, Date.now, (line) => void (text += line)))
  return text
}

const parent = suite('a run in a process of its own')

parent('the child gets our flags, and more time than its deadline', async () => {
  const { obtained, run, end } = apart()
  assert.equal(run.argv, ['obtain', '--verbose', '--deadline=60'])
  assert.ok(run.timeoutMs > 60_000)
  end(ended({ stdout: JSON.stringify({ obtained: OBTAINED }) }))
  assert.equal(await obtained, OBTAINED)
})

parent('its failure is ours, with all that it says', async () => {
  const failure = new IamRaError('THROTTLED', 'exchange', 'too many', {
    hint: 'wait',
    retryable: true,
    retryAfterMs: 1500,
    problems: ['one'],
    status: 429,
  })
  const error = await failed(ended({ exitCode: 5, stdout: failureOutput(failure) }), 'THROTTLED')
  for (const member of ['code', 'stage', 'message', 'hint', 'retryable', 'retryAfterMs', 'status'] as const)
    assert.is(error[member], failure[member])
  assert.equal(error.problems, ['one'])
})

parent('its causes come with name, code and status, and without their texts', async () => {
  const refused = Object.assign(new Error('canary'), { code: 'ECONNREFUSED' })
  const away = new IamRaError('UNAVAILABLE', 'identity', 'canary', { status: 503, cause: refused })
  const failure = new IamRaError('DEADLINE', 'identity', 'no time left', { cause: away })
  const stdout = failureOutput(failure)
  assert.not.match(stdout, 'canary')
  const told = await failed(ended({ exitCode: 3, stdout }), 'DEADLINE')
  assert.ok(told.cause instanceof Error)
  assert.is(told.cause.message, '')
  const [shown, before] = [told, failure].map((one) =>
    verbose((logger) => createFailureLog(fakeClock(), logger).failed(one, 1000)),
  )
  assert.match(shown ?? '', 'caused by IamRaError UNAVAILABLE 503, by Error ECONNREFUSED')
  assert.is(shown, before)
})

parent('a cause that leads back to itself is told a few times', () => {
  const failure = new IamRaError('UNREACHABLE', 'identity', 'away')
  failure.cause = failure
  assert.is(failureOutput(failure).match(/"cause"/g)?.length, 5)
})

parent('where a bug of the run was is not where its parent is', async () => {
  const stdout = failureOutput(asIamRaError(new TypeError('canary')))
  const bug = await failed(ended({ exitCode: 70, stdout }), 'INTERNAL')
  assert.match(
    verbose((logger) => logger.error(bug)),
    /caused by: TypeError *\n$/,
  )
})

parent('without a result it says how it ended, and what to do', async () => {
  const killed = await failed(
    ended({ exitCode: null, signal: 'SIGKILL', stdout: '{"obtained":{"cred' }),
    'RUN_LOST',
  )
  assert.match(killed.message, /ended by SIGKILL, without a result$/)
  assert.match(killed.hint ?? '', /memory limit/)
  const crashed = await failed(ended({ exitCode: 70 }), 'RUN_LOST')
  assert.match(crashed.message, /ended with exit code 70, without a result$/)
  assert.not.match(crashed.hint ?? '', /memory/)
})

parent('what we killed ourselves is not called a lack of memory', async () => {
  const hung = await failed(ended({ exitCode: null, signal: 'SIGKILL', killed: 'timeout' }), 'RUN_LOST')
  assert.match(hung.message, /hung and was killed$/)
  const flood = await failed(ended({ exitCode: null, signal: 'SIGKILL', killed: 'output' }), 'RUN_LOST')
  assert.match(flood.message, /wrote without end/)
  for (const { hint } of [hung, flood]) assert.not.match(hint ?? '', /memory/)
})

parent('a signal stops it, and its last word does not count', async () => {
  const stop = new AbortController()
  const { obtained, run, end } = apart(stop)
  assert.not(run.signal.aborted)
  stop.abort(INTERRUPTED)
  assert.ok(run.signal.aborted)
  end(ended({ stdout: JSON.stringify({ obtained: OBTAINED }) }))
  assert.is(await rejectsWithCode(obtained, 'INTERRUPTED'), INTERRUPTED)
})

parent('a deadline leaves it to say at what it ran out', async () => {
  const stop = new AbortController()
  const { obtained, run, end } = apart(stop)
  stop.abort(DEADLINE)
  assert.not(run.signal.aborted)
  end(ended({ exitCode: 3, stdout: failureOutput(new IamRaError('DEADLINE', 'identity', 'Vault is away')) }))
  assert.match((await rejectsWithCode(obtained, 'DEADLINE')).message, /Vault is away/)
})

parent.run()
