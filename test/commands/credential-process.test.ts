import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { main } from '../../src/aws-iam-ra.ts'
import type { Runtime } from '../../src/run/runtime.ts'
import { rehearse, type Rehearsal } from '../support/rehearsal.ts'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function end(
  { runtime, env }: Rehearsal,
  argv: readonly string[] = [],
  onPrinted: () => void = () => undefined,
): Promise<Ended> {
  const written = { stdout: '', stderr: '' }
  const whole: Runtime = {
    ...runtime,
    env,
    argv: ['credential-process', ...argv],
    stdout: (text) => {
      written.stdout += text
      onPrinted()
    },
    stderr: (text) => void (written.stderr += text),
  }
  const code = await main(whole, new AbortController().signal)
  assert.not.match(written.stderr, /hv[sb]\.|eyJ|PRIVATE KEY|ASIA/)
  return { code, ...written }
}

async function onStage(run: (rehearsal: Rehearsal) => Promise<void>): Promise<void> {
  const rehearsal = await rehearse({ pkiRole: { keyType: 'rsa' } })
  // Two things to warn of: this, and the key that the PKI role wants.
  rehearsal.env['VAULT_TOKEN'] = 'a-token-that-is-ignored'
  try {
    await run(rehearsal)
  } finally {
    await rehearsal.close()
  }
}

const process = suite('credential-process')

process('prints the credentials as JSON and nothing else, not even warnings', () =>
  onStage(async (rehearsal) => {
    const { code, stdout, stderr } = await end(rehearsal)
    assert.is(code, 0)
    assert.is(stderr, '')
    const [issued] = rehearsal.stage.sessions.issued
    assert.equal(JSON.parse(stdout), {
      Version: 1,
      AccessKeyId: issued?.accessKeyId,
      SecretAccessKey: issued?.secretAccessKey,
      SessionToken: issued?.sessionToken,
      Expiration: '2026-11-21T13:00:00Z',
    })
    assert.is(rehearsal.written(), undefined)
    assert.ok(rehearsal.events.includes('answered revoke'))
  }),
)

process('ends once the Vault token is revoked, for which the credentials do not wait', () =>
  onStage(async (rehearsal) => {
    const { promise: laterThanPrinted, resolve } = Promise.withResolvers<undefined>()
    rehearsal.meddle = (step) => (step === 'revoke' ? laterThanPrinted : undefined)
    const { code } = await end(rehearsal, [], () => void setImmediate(resolve, undefined))
    assert.is(code, 0)
    assert.is(rehearsal.events.at(-1), 'answered revoke')
  }),
)

process('says steps and warnings on stderr with --verbose', () =>
  onStage(async (rehearsal) => {
    const { code, stdout, stderr } = await end(rehearsal, ['--verbose'])
    assert.is(code, 0)
    assert.match(stderr, 'VAULT_TOKEN is set and ignored')
    assert.match(stderr, 'signs RSA keys only')
    assert.match(stderr, 'logged in to Vault')
    assert.is((JSON.parse(stdout) as { Version: number }).Version, 1)
  }),
)

process('that fails prints nothing on stdout, and the warnings before the error', () =>
  onStage(async (rehearsal) => {
    rehearsal.meddle = (step) =>
      step === 'exchange' ? { status: 403, body: { message: 'Invalid signature' } } : undefined
    const { code, stdout, stderr } = await end(rehearsal)
    assert.is(code, 5)
    assert.is(stdout, '')
    assert.match(
      stderr,
      /^aws-iam-ra: warning: VAULT_TOKEN [^]*signs RSA keys only[^]*\naws-iam-ra: exchange: [^\n]+\nhint: [^\n]+\n$/,
    )
  }),
)

process('ends by the deadline', () =>
  onStage(async (rehearsal) => {
    rehearsal.meddle = (step) => {
      if (step !== 'exchange') return undefined
      setImmediate(() => rehearsal.clock.advance(60_000))
      return 'hang'
    }
    const { code, stdout } = await end(rehearsal)
    assert.is(code, 5)
    assert.is(stdout, '')
  }),
)

process.run()
