/**
 * Any answer of any server, through the real clients: one of our errors or none, never exit 70, never a secret shown, and
 * the credentials file whole.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { main } from '../../src/aws-iam-ra.ts'
import { type HttpAnswer, type HttpRequest, TransportError } from '../../src/net/http.ts'
import type { Runtime } from '../../src/run/runtime.ts'
import { rehearse, STEPS, type Rehearsal, type Step } from '../support/rehearsal.ts'
import { fc } from '../support/generated.ts'

/** What becomes of the true answer. `known` are secrets of the run that an answer may echo. */
type Tamper = (answer: HttpAnswer, known: readonly string[]) => HttpAnswer

interface Ended {
  readonly code: number
  readonly shown: string
  readonly file: string | undefined
  readonly known: readonly string[]
}

const rehearsal = await rehearse()
const terminationLog = rehearsal.env['TERMINATION_LOG'] ?? ''

/** A run in which every answer to `step` is tampered with. */
async function end(
  { runtime, env, stage, written, credentialsFile }: Rehearsal,
  step: Step,
  tamper: Tamper,
): Promise<Ended> {
  const token = stage.token()
  writeFileSync(env['SERVICE_ACCOUNT_TOKEN_FILE'] ?? '', token)
  writeFileSync(terminationLog, '')
  rmSync(credentialsFile, { force: true })
  const before = stage.sessions.issued.length
  const known = [token]
  let shown = ''
  const http: Runtime['http'] = (options) => {
    const client = runtime.http(options)
    return {
      close: () => client.close(),
      request: async (request: HttpRequest) => {
        const vaultToken = request.headers['X-Vault-Token']
        if (vaultToken !== undefined) known.push(vaultToken)
        const answer = await client.request(request)
        return stepOf(request) === step ? tamper(answer, known) : answer
      },
    }
  }
  const own = { ...runtime, env, http, argv: ['--verbose'], stderr: (text: string) => void (shown += text) }
  const code = await main(own, new AbortController().signal)
  for (const one of stage.sessions.issued.slice(before)) known.push(one.secretAccessKey, one.sessionToken)
  return { code, shown: shown + readFileSync(terminationLog, 'utf8'), file: written(), known }
}

function stepOf({ url }: HttpRequest): Step {
  const path = url.pathname
  if (path === '/sessions') return 'exchange'
  return path.endsWith('/login') ? 'login' : path.endsWith('/revoke-self') ? 'revoke' : 'sign'
}

const status = fc.oneof(
  fc.constantFrom(
    200,
    201,
    204,
    301,
    302,
    307,
    400,
    401,
    403,
    404,
    405,
    408,
    412,
    413,
    429,
    472,
    473,
    500,
    502,
    503,
    504,
  ),
  fc.integer({ min: 200, max: 599 }),
)
const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    'Vault is sealed',
    'permission denied',
    '1 error occurred:\n\t* x',
    '-----BEGIN CERTIFICATE-----\nAA',
  ),
  fc.constantFrom(
    'role requires keys of type rsa',
    'Invalid signature',
    'Untrusted signing certificate',
    '<html>',
  ),
)
const headers = fc.dictionary(
  fc.constantFrom('content-type', 'retry-after', 'date', 'location', 'x-amzn-errortype', 'server'),
  fc.oneof(
    word,
    fc.constantFrom(
      '5',
      '-1',
      '99999999999',
      'Sat, 21 Nov 2026 12:00:05 GMT',
      'http://127.0.0.1:1/v1/x',
      '//',
    ),
  ),
)
const body = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
  fc.array(fc.oneof(word, fc.jsonValue()), { maxLength: 4 }).map((errors) => JSON.stringify({ errors })),
  fc
    .record({ message: word, Message: word, __type: word, code: fc.jsonValue() }, { requiredKeys: [] })
    .map((value) => JSON.stringify(value)),
)
const step = fc.constantFrom(...STEPS)

/** Puts `value` in the place of one member of the JSON, whichever `at` falls on. */
function replaceMember(text: string, at: number, value: unknown): string {
  const places: [Record<string, unknown>, string][] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    for (const key of Object.keys(node)) {
      places.push([node as Record<string, unknown>, key])
      visit((node as Record<string, unknown>)[key])
    }
  }
  const root: unknown = text === '' ? {} : JSON.parse(text)
  visit(root)
  const [parent, key] = places[at % Math.max(1, places.length)] ?? []
  if (parent === undefined || key === undefined) return JSON.stringify(value)
  if (value === undefined) Reflect.deleteProperty(parent, key)
  else parent[key] = value
  return JSON.stringify(root)
}

function judge({ code, shown, file, known }: Ended): void {
  assert.ok([0, 3, 4, 5, 6].includes(code), `exit ${code}: ${shown}`)
  assert.ok(
    known.every((secret) => !shown.includes(secret)),
    'a secret is shown',
  )
  assert.not.match(
    shown,
    /PRIVATE KEY|\bhv[sbr]\.[\w-]{16}|\beyJ[\w-]{8,}\.eyJ/,
    'the shape of a secret is shown',
  )
  if (code === 0) assert.match(file ?? '', /^\[default\]\n# aws-iam-ra: .*\n(?:aws_\w+ = \S+\n){3}$/)
  else assert.is(file, undefined)
  assert.is(rehearsal.wire.open(), 0, 'a client is not closed')
}

const answers = suite('properties: any answer')
answers.after(() => rehearsal.close())

answers('with any status, headers and body', async () => {
  await fc.assert(
    fc.asyncProperty(step, status, headers, body, async (at, code, fields, text) => {
      const header = (name: string): string | undefined => fields[name.toLowerCase()]
      judge(await end(rehearsal, at, () => ({ status: code, body: text, headers: fields, header })))
    }),
    { numRuns: 80 },
  )
})

answers('that is the true one with a member of it replaced or gone', async () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    word,
    fc.constant(undefined),
    fc.constantFrom(-1, 0, 1e-9, 1e300, 2 ** 53),
  )
  await fc.assert(
    fc.asyncProperty(step, fc.nat(40), value, async (at, member, replacement) => {
      judge(
        await end(rehearsal, at, (answer) => ({
          ...answer,
          body: replaceMember(answer.body, member, replacement),
        })),
      )
    }),
    { numRuns: 80 },
  )
})

answers('that echoes what was sent, cut anywhere', async () => {
  await fc.assert(
    fc.asyncProperty(step, status, word, fc.nat(60), async (at, code, before, cut) => {
      const tamper: Tamper = (answer, known) => {
        const echo = `${before} ${known.join(' ').slice(cut > 40 ? cut : 0)}`
        const text = JSON.stringify({
          errors: [echo],
          message: echo,
          warnings: [echo],
          data: { certificate: echo },
        })
        return { ...answer, status: code, body: text }
      }
      judge(await end(rehearsal, at, tamper))
    }),
    { numRuns: 40 },
  )
})

answers('or none at all: each fault below HTTP', async () => {
  const faults = ['unreachable', 'tls', 'timeout', 'too-large', 'cut-short', 'not-http', 'proxy'] as const
  await fc.assert(
    fc.asyncProperty(step, fc.constantFrom(...faults), word, async (at, fault, code) => {
      const tamper: Tamper = () => {
        throw new TransportError(fault, code, 'as the test has it')
      }
      judge(await end(rehearsal, at, tamper))
    }),
    { numRuns: 25 },
  )
})

answers.run()
