/** Servers that say more than anybody reads: five texts and a count, and the error that ends the run is said last. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isRecord } from '../../src/text/json.ts'
import type { EmulatorRequest, EmulatorResponse } from '../rig/emulators/http.ts'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { run } from './harness.ts'
import { failed } from './outcome.ts'

const floods = suite('e2e: floods of text')

let stage: Stage
floods.before(async () => {
  stage = await startStage()
})
floods.after(() => stage.close())
floods.after.each(() => {
  stage.vault.intercept = undefined
  stage.rolesAnywhere.intercept = undefined
})

const MANY = Array.from({ length: 60_000 }, (_, at) => `text ${at}`)

/** The emulator's own answer, with this besides. */
function answering(
  path: RegExp,
  more: (body: Record<string, unknown>) => object,
): (request: EmulatorRequest) => EmulatorResponse | undefined {
  return (request) => {
    if (!path.test(request.path)) return undefined
    const answer = stage.vaultEmulator.handle(request)
    return { ...answer, body: JSON.stringify(more(JSON.parse(answer.body) as Record<string, unknown>)) }
  }
}

for (const args of [[], ['--verbose'], ['--log-format=json'], ['--quiet'], ['credential-process']]) {
  floods(
    `60,000 warnings of a signature are five and a count, before the error: ${args.join(' ') || 'once'}`,
    async () => {
      stage.vault.intercept = answering(/\/sign\//, (body) => ({ ...body, warnings: MANY }))
      stage.rolesAnywhere.intercept = () => ({
        status: 403,
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ message: 'Untrusted signing certificate' }),
      })
      const done = await run(stage, { args })
      assert.is(done.code, 5, done.stderr)
      const lines = done.stderr.trimEnd().split('\n')
      const warnings = lines.filter((line) => /Vault on the certificate/.test(line))
      assert.is(warnings.length, 6)
      assert.match(warnings[4] ?? '', 'text 4')
      assert.match(warnings[5] ?? '', 'and 59995 more')
      assert.ok(lines.length < 20)
      const last = lines.findLastIndex((line) => /Untrusted signing certificate/.test(line))
      assert.ok(last > lines.indexOf(warnings[5] ?? ''))
      if (args[0] !== 'credential-process') assert.match(done.terminationLog, /Untrusted signing certificate/)
    },
  )
}

floods('60,000 errors of a refused login are five and a count in one sentence', async () => {
  stage.vault.intercept = ({ path }) =>
    path.endsWith('/login')
      ? {
          status: 400,
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ errors: MANY }),
        }
      : undefined
  const done = await run(stage)
  failed(done, 3, /\(400, text 0; text 1; text 2; text 3; text 4; and 59995 more\)/)
  assert.ok(done.stderr.length < 2000)
})

floods('60,000 policies of a token are five and a count', async () => {
  stage.vault.intercept = (request) => {
    if (/\/sign\//.test(request.path)) {
      return {
        status: 403,
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ errors: ['permission denied'] }),
      }
    }
    return answering(/\/login$/, (body) => ({
      ...body,
      auth: { ...(isRecord(body['auth']) ? body['auth'] : {}), policies: MANY },
    }))(request)
  }
  const done = await run(stage)
  failed(done, 4, /permission denied/, /\(it has: text 0, text 1, text 2, text 3, text 4, and 59995 more\)/)
  assert.ok(done.stderr.length < 2000)
  const checked = await run(stage, { args: ['check'] })
  assert.match(checked.stdout, /and 59995 more/)
  assert.ok(checked.stdout.length < 8000)
})

floods.run()
