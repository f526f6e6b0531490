import { mkdirSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createBounds } from '../../src/run/deadline.ts'
import { IamRaError, type ErrorCode, type Stage } from '../../src/errors.ts'
import { createHttpClient, type HttpClient, type HttpClientOptions } from '../../src/net/http.ts'
import { openSink } from '../../src/sink/sinks.ts'
import { runPipeline } from '../../src/sources/pipeline.ts'
import type { KeyType } from '../../src/certificate/settings.ts'
import type { Obtained } from '../../src/credentials.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { errorText } from '../support/error-text.ts'
import { recordingLogger, type RecordingLogger, type ScriptedAnswer } from '../support/fake-runtime.ts'
import { rehearse, type Rehearsal, type Step } from '../support/rehearsal.ts'

interface Play {
  readonly result: Promise<Obtained>
  readonly logger: RecordingLogger
}

async function play(rehearsal: Rehearsal, interrupt = new AbortController().signal): Promise<Play> {
  const logger = recordingLogger()
  const settings = await rehearsal.settings()
  const bounds = createBounds(settings.deadlineMs, rehearsal.clock, interrupt)
  const result = runPipeline(settings.source, openSink(settings.sink), {
    runtime: rehearsal.runtime,
    bounds,
    logger,
  })
  const release = (): void => bounds.release()
  result.then(release, release)
  return { result, logger }
}

/** Runs with a stage that is closed at the end, whatever happens. */
async function onStage(
  run: (rehearsal: Rehearsal) => Promise<void>,
  options?: Parameters<typeof rehearse>[0],
): Promise<void> {
  const rehearsal = await rehearse(options)
  try {
    await run(rehearsal)
  } finally {
    await rehearsal.close()
  }
}

/** Turn after turn of the event loop. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

/** Nothing of the run is left: no token, no connection. */
function isTidy({ stage, wire }: Rehearsal): void {
  assert.is(stage.vaultEmulator.liveTokens(), 0, 'no token lives on')
  assert.is(wire.open(), 0, 'every client is closed')
}

const pipeline = suite('the pipeline')

pipeline('waits for a certificate that begins soon, without the token', () =>
  onStage(
    async (rehearsal) => {
      const { clock, stage, wire } = rehearsal
      const { result, logger } = await play(rehearsal)
      await result
      assert.ok(clock.sleeps.includes(4000))
      assert.equal(logger.messages('warn'), [
        'the certificate and its chain are not valid before 2026-11-21T12:00:03Z, in 3 s: waiting until then',
      ])
      const [revoked, exchanged] = [/revoke-self/, /sessions/].map((path) =>
        wire.requests.findIndex(({ url }) => path.test(url.pathname)),
      )
      assert.ok(revoked !== undefined && exchanged !== undefined && revoked < exchanged)
      assert.is(stage.sessions.issued.length, 1)
      isTidy(rehearsal)
    },
    { pkiRole: { notBeforeSeconds: -3 } },
  ),
)

pipeline('does not wait beyond the deadline', () =>
  onStage(
    async (rehearsal) => {
      rehearsal.env['DEADLINE'] = '40'
      const { result } = await play(rehearsal)
      const error = await rejectsWithCode(result, 'CERTIFICATE_UNFIT')
      assert.is(error.stage, 'certificate')
      assert.is(rehearsal.events.includes('exchange'), false)
      isTidy(rehearsal)
    },
    { pkiRole: { notBeforeSeconds: -45 } },
  ),
)

pipeline('goes from login to signature to exchange, and leaves the credentials in the file', () =>
  onStage(async (rehearsal) => {
    const { result, logger } = await play(rehearsal)
    const { certificate, credentials } = await result
    const { stage, events } = rehearsal
    assert.equal(events.filter((event) => !event.startsWith('answered')).sort(), [
      'exchange',
      'login',
      'revoke',
      'sign',
    ])
    assert.equal(events.slice(0, 4), ['login', 'answered login', 'sign', 'answered sign'])
    const [created] = stage.rolesAnywhereEmulator.created
    assert.is(credentials.accessKeyId, created?.accessKeyId)
    assert.is(certificate?.serialHex.toLowerCase(), created?.serial)
    assert.is(credentials.sessionName, created?.sessionName)
    assert.is(certificate?.requestId, stage.vaultEmulator.signs[0]?.requestId)
    assert.match(rehearsal.written() ?? '', `aws_access_key_id = ${credentials.accessKeyId}`)
    assert.equal(logger.messages('warn'), [])
    isTidy(rehearsal)
  }),
)

type GenerateKey = (...asked: unknown[]) => Promise<unknown>

/** Puts another in the place of the runtime's maker of keys while `run` runs. */
async function withKeys(make: (real: GenerateKey) => GenerateKey, run: () => Promise<void>): Promise<void> {
  const real = crypto.subtle.generateKey.bind(crypto.subtle) as GenerateKey
  Object.assign(crypto.subtle, { generateKey: make(real) })
  try {
    await run()
  } finally {
    Reflect.deleteProperty(crypto.subtle, 'generateKey')
  }
}

/** Whether a key is asked for before the login is answered, which waits for it a thousand turns. */
async function isMadeBeside(keyType: KeyType): Promise<boolean> {
  let asked = false
  let beside = false
  const watch =
    (real: GenerateKey): GenerateKey =>
    (...algorithm) => {
      asked = true
      return real(...algorithm)
    }
  await withKeys(watch, () =>
    onStage(async (rehearsal) => {
      rehearsal.env['KEY_TYPE'] = keyType
      rehearsal.meddle = async (step) => {
        let turns = 0
        if (step === 'login') await until(() => asked || (turns += 1) > 1000)
        if (step === 'login') beside = asked
        return undefined
      }
      await (
        await play(rehearsal)
      ).result
      assert.ok(asked)
    }),
  )
  return beside
}

pipeline('makes an EC key while Vault thinks about the login', async () => {
  assert.is(await isMadeBeside('ec-p256'), true)
})

pipeline(
  'makes an RSA key after the login, since it holds the thread that is to read the answer',
  async () => {
    assert.is(await isMadeBeside('rsa-2048'), false)
  },
)

const NO_KEY: (real: GenerateKey) => GenerateKey = () => () => Promise.reject(new Error('no entropy'))

pipeline('a key that cannot be made is a failure of ours, after which the token is revoked', () =>
  withKeys(NO_KEY, () =>
    onStage(async (rehearsal) => {
      const { result } = await play(rehearsal)
      const error = await result.then(
        () => assert.unreachable(),
        (thrown: unknown) => thrown,
      )
      assert.is((error as Error).message, 'no entropy')
      isTidy(rehearsal)
    }),
  ),
)

pipeline('a login that is refused is what failed, whatever became of the key', () =>
  withKeys(NO_KEY, () =>
    onStage(async (rehearsal) => {
      const strays: unknown[] = []
      const keep = (error: unknown): void => void strays.push(error)
      process.on('unhandledRejection', keep)
      try {
        let turns = 0
        rehearsal.meddle = async (step) => {
          if (step === 'login') await until(() => (turns += 1) > 200)
          return step === 'login' ? { status: 403, body: { errors: ['permission denied'] } } : undefined
        }
        assert.is((await rejectsWithCode((await play(rehearsal)).result, 'REFUSED')).stage, 'identity')
        assert.equal(strays, [])
      } finally {
        process.off('unhandledRejection', keep)
      }
    }),
  ),
)

pipeline('makes the key even where no transport says that the login is on its way', () =>
  onStage(async (rehearsal) => {
    const { http } = rehearsal.runtime
    const runtime = {
      ...rehearsal.runtime,
      http: (options: HttpClientOptions): HttpClient => {
        const client = http(options)
        return { ...client, request: ({ onSent: _onSent, ...request }) => client.request(request) }
      },
    }
    const bounds = createBounds(60_000, rehearsal.clock, new AbortController().signal)
    const { source, sink } = await rehearsal.settings()
    await runPipeline(source, openSink(sink), { runtime, bounds, logger: recordingLogger() })
    bounds.release()
    assert.match(rehearsal.written() ?? '', /aws_session_token/)
  }),
)

pipeline('does not wait for the revocation before the exchange', () =>
  onStage(async (rehearsal) => {
    let exchanging = false
    rehearsal.meddle = (step) => {
      if (step === 'exchange') exchanging = true
      return step === 'revoke' ? until(() => exchanging).then(() => ({ status: 204 })) : undefined
    }
    await (
      await play(rehearsal)
    ).result
    assert.ok(rehearsal.events.indexOf('exchange') < rehearsal.events.indexOf('answered revoke'))
  }),
)

pipeline('ends only when the revocation has', () =>
  onStage(async (rehearsal) => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<ScriptedAnswer>()
    rehearsal.meddle = (step) => (step === 'revoke' ? answered : undefined)
    const { result } = await play(rehearsal)
    let ended = false
    const end = (): void => void (ended = true)
    result.then(end, end)
    await until(() => rehearsal.written() !== undefined)
    // Time enough for what the file's writing still does.
    let turns = 0
    await until(() => ended || (turns += 1) > 2000)
    assert.not.ok(ended)
    answer({ status: 204 })
    await result
  }),
)

pipeline('revokes as soon as the certificate is there, before the exchange is answered', () =>
  onStage(async (rehearsal) => {
    await (
      await play(rehearsal)
    ).result
    const { events } = rehearsal
    assert.ok(events.indexOf('revoke') < events.indexOf('answered exchange'))
  }),
)

pipeline('a revocation that fails is a warning, and the credentials stand', () =>
  onStage(async (rehearsal) => {
    rehearsal.meddle = (step) => (step === 'revoke' ? { status: 500, body: { errors: ['no'] } } : undefined)
    const { result, logger } = await play(rehearsal)
    await result
    assert.match(logger.messages('warn').join('\n'), /could not be revoked/)
    assert.match(rehearsal.written() ?? '', /aws_session_token/)
  }),
)

pipeline('a batch token is not revoked', () =>
  onStage(
    async (rehearsal) => {
      const { result, logger } = await play(rehearsal)
      await result
      assert.not.ok(rehearsal.events.includes('revoke'))
      assert.equal(logger.messages('warn'), [])
    },
    { authRole: { type: 'batch' } },
  ),
)

pipeline('a token of one use is used up by the signature, without a warning', () =>
  onStage(
    async (rehearsal) => {
      const { result, logger } = await play(rehearsal)
      await result
      assert.equal(logger.messages('warn'), [])
      isTidy(rehearsal)
    },
    { authRole: { numUses: 1 } },
  ),
)

pipeline.run()

const outliving = suite('a wait that outlives')

const LATER: ScriptedAnswer = { status: 503, headers: { 'retry-after': '15' }, body: { errors: ['busy'] } }

outliving('the token begins again with a login', () =>
  onStage(
    async (rehearsal) => {
      rehearsal.meddle = (step, count) => (step === 'sign' && count === 1 ? LATER : undefined)
      const { result, logger } = await play(rehearsal)
      await result
      assert.is(rehearsal.stage.vaultEmulator.logins.length, 2)
      assert.match(
        logger.messages('warn')[0] ?? '',
        /token expired before Vault could sign: logging in again/,
      )
      isTidy(rehearsal)
    },
    { authRole: { ttlSeconds: 10 } },
  ),
)

outliving('the certificate begins again with a login', () =>
  onStage(
    async (rehearsal) => {
      rehearsal.meddle = (step, count) => (step === 'exchange' && count === 1 ? LATER : undefined)
      const { result } = await play(rehearsal)
      const { certificate } = await result
      const { logins, signs, revocations } = rehearsal.stage.vaultEmulator
      assert.equal([logins.length, signs.length, revocations.length], [2, 2, 2])
      assert.is(
        rehearsal.stage.rolesAnywhereEmulator.created[0]?.serial,
        certificate?.serialHex.toLowerCase(),
      )
      isTidy(rehearsal)
    },
    { pkiRole: { ttlSeconds: 10 } },
  ),
)

outliving('each time ends with the deadline', () =>
  onStage(
    async (rehearsal) => {
      rehearsal.meddle = (step) => (step === 'sign' ? LATER : undefined)
      const error = await rejectsWithCode((await play(rehearsal)).result, 'DEADLINE')
      assert.is(error.stage, 'certificate')
      assert.ok(rehearsal.stage.vaultEmulator.logins.length > 2)
    },
    { authRole: { ttlSeconds: 10 } },
  ),
)

outliving.run()

const failing = suite('a run that fails')

const NO: ScriptedAnswer = { status: 403, body: { errors: ['permission denied'] } }

for (const [step, stage, answer, code] of [
  ['login', 'identity', NO, 'REFUSED'],
  ['sign', 'certificate', NO, 'REFUSED'],
  ['sign', 'certificate', { status: 200, body: { data: {} } }, 'ANSWER_INVALID'],
  ['sign', 'certificate', new TypeError('a bug'), undefined],
  ['exchange', 'exchange', { status: 403, body: { message: 'Untrusted signing certificate' } }, 'REFUSED'],
  ['exchange', 'exchange', { status: 201, body: {} }, 'ANSWER_INVALID'],
  ['exchange', 'exchange', new TypeError('a bug'), undefined],
] as const satisfies readonly (readonly [Step, Stage, ScriptedAnswer, ErrorCode | undefined])[]) {
  failing(`at ${step} with ${code ?? 'a bug'} has revoked its token and written nothing`, () =>
    onStage(async (rehearsal) => {
      rehearsal.meddle = (at) => (at === step ? answer : undefined)
      const { result } = await play(rehearsal)
      if (code === undefined) {
        assert.is(await result.catch((error: unknown) => error), answer)
      } else {
        assert.is((await rejectsWithCode(result, code)).stage, stage)
      }
      assert.is(rehearsal.written(), undefined)
      assert.is(rehearsal.stage.vaultEmulator.revocations.length, step === 'login' ? 0 : 1)
      isTidy(rehearsal)
    }),
  )
}

failing('ends only when the revocation has', () =>
  onStage(async (rehearsal) => {
    const { events } = rehearsal
    rehearsal.meddle = (step) => {
      if (step === 'exchange') return { status: 403, body: { message: 'no' } }
      if (step !== 'revoke') return undefined
      return until(() => events.includes('answered exchange'))
        .then(() => new Promise((resolve) => setImmediate(resolve)))
        .then(() => ({ status: 204 }))
    }
    await rejectsWithCode((await play(rehearsal)).result, 'REFUSED')
    assert.is(events.at(-1), 'answered revoke')
  }),
)

failing('at the file has revoked its token', () =>
  onStage(async (rehearsal) => {
    mkdirSync(rehearsal.credentialsFile, { recursive: true })
    const error = await rejectsWithCode((await play(rehearsal)).result, 'FILE')
    assert.is(error.stage, 'sink')
    isTidy(rehearsal)
  }),
)

for (const step of ['sign', 'exchange'] as const) {
  failing(`by a signal during ${step} has revoked its token and says the signal`, () =>
    onStage(async (rehearsal) => {
      const stop = new AbortController()
      const reason = new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 })
      rehearsal.meddle = (at) => {
        if (at !== step) return undefined
        setImmediate(() => stop.abort(reason))
        return 'hang'
      }
      assert.is(await rejectsWithCode((await play(rehearsal, stop.signal)).result, 'INTERRUPTED'), reason)
      assert.is(rehearsal.written(), undefined)
      isTidy(rehearsal)
    }),
  )

  failing(`by the deadline during ${step} has revoked its token and names the step`, () =>
    onStage(async (rehearsal) => {
      rehearsal.meddle = (at) => {
        if (at !== step) return undefined
        setImmediate(() => rehearsal.clock.advance(60_000))
        return 'hang'
      }
      const error = await rejectsWithCode((await play(rehearsal)).result, 'DEADLINE')
      assert.is(error.stage, step === 'sign' ? 'certificate' : 'exchange')
      assert.match(error.message, /DEADLINE of 60 s ran out/)
      assert.match(error.hint ?? '', /DEADLINE/)
      assert.is(rehearsal.written(), undefined)
      isTidy(rehearsal)
    }),
  )
}

failing('by the deadline between two logins names the step and the last answer', () =>
  onStage(async (rehearsal) => {
    rehearsal.meddle = () => ({
      status: 503,
      headers: { 'retry-after': '55' },
      body: { errors: ['Vault is sealed'] },
    })
    const { result } = await play(rehearsal)
    const isWaiting = (): boolean => rehearsal.clock.sleeps.some((ms) => ms >= 55_000 && ms < 60_000)
    void until(isWaiting).then(() => rehearsal.clock.advance(60_000))
    const error = await rejectsWithCode(result, 'DEADLINE')
    assert.is(error.stage, 'identity')
    assert.match(error.message, /is sealed/)
    isTidy(rehearsal)
  }),
)

failing('by the deadline just before the file is written names the sink', () =>
  onStage(async (rehearsal) => {
    const settings = await rehearsal.settings()
    const bounds = createBounds(settings.deadlineMs, rehearsal.clock, new AbortController().signal)
    const logger = {
      ...recordingLogger(),
      step: (message: string) => {
        if (message.startsWith('exchanged')) rehearsal.clock.advance(60_000)
      },
    }
    const run = runPipeline(settings.source, openSink(settings.sink), {
      runtime: rehearsal.runtime,
      bounds,
      logger,
    })
    const error = await rejectsWithCode(run, 'DEADLINE')
    assert.is(error.stage, 'sink')
    assert.is(rehearsal.stage.rolesAnywhereEmulator.created.length, 1)
    assert.is(rehearsal.written(), undefined)
    isTidy(rehearsal)
  }),
)

failing('leaves the file of an earlier run as it was', () =>
  onStage(async (rehearsal) => {
    await (
      await play(rehearsal)
    ).result
    const before = rehearsal.written()
    rehearsal.meddle = (step) => (step === 'exchange' ? { status: 403, body: { message: 'no' } } : undefined)
    const error = await rejectsWithCode((await play(rehearsal)).result, 'REFUSED')
    assert.is(rehearsal.written(), before)
    assert.ok(before)
    assert.not.match(errorText(error), /aws_secret_access_key|hvs\.|eyJ/)
  }),
)

failing.run()

const loopback = suite('over loopback, the emulators accept')

/** With the real transport and the system's clock for what the servers check. */
async function overLoopback(
  options: Parameters<typeof rehearse>[0],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await onStage(async (rehearsal) => {
    Object.assign(rehearsal.env, env)
    const runtime = { ...rehearsal.runtime, http: createHttpClient }
    const settings = await rehearsal.settings()
    const bounds = createBounds(settings.deadlineMs, rehearsal.clock, new AbortController().signal)
    try {
      const { credentials } = await runPipeline(settings.source, openSink(settings.sink), {
        runtime,
        bounds,
        logger: recordingLogger(),
      })
      const { stage } = rehearsal
      assert.is(stage.rolesAnywhereEmulator.created[0]?.accessKeyId, credentials.accessKeyId)
      assert.is(stage.rolesAnywhere.requests.length, 1)
      assert.is(stage.vault.requests.length, 3)
      assert.is(stage.vaultEmulator.liveTokens(), 0)
    } finally {
      bounds.release()
    }
  }, options)
}

const KEYS: readonly [KeyType, NonNullable<Parameters<typeof rehearse>[0]>][] = [
  ['ec-p256', {}],
  ['ec-p384', { authorityKey: 'ec-p384' }],
  ['rsa-2048', { authorityKey: 'rsa-2048' }],
]
for (const [keyType, options] of KEYS) {
  loopback(`a request signed by ${keyType}`, () => overLoopback(options, { KEY_TYPE: keyType }))
}

loopback('a certificate of the root itself, without a chain', () => overLoopback({ intermediates: 0 }))

loopback('a chain of five, without ca_chain too', async () => {
  await overLoopback({ intermediates: 5 })
  await overLoopback({ intermediates: 1, caChain: 'absent' })
})

loopback('a Host with an IPv6 literal and a port', () => overLoopback({ address: '::1' }))

loopback('a login by jwt auth and in a namespace', async () => {
  await overLoopback({}, { VAULT_AUTH_METHOD: 'jwt' })
  await overLoopback({ vaultNamespace: 'team' })
})

loopback('a duration, a session name, a TTL and names', () =>
  overLoopback(
    { profile: { acceptRoleSessionName: true } },
    {
      SESSION_DURATION: '900',
      SESSION_NAME: 'my-session',
      CERT_TTL: '30m',
      CERT_URI_SANS: 'spiffe://demo/ns/frontend/sa/vault-auth',
    },
  ),
)

loopback.run()
