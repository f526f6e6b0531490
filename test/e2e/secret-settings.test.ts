/** The shipped file with a secret in the place of a setting: exit 2, unshown, nothing sent, whatever the option and command. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { OPTIONS, type Option } from '../../src/settings/options.ts'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { PASSWORD, SECRETS, showsPartOf, WITH_PASSWORD } from '../settings/shapes.ts'
import { makeFolder, put, run, type Run } from './harness.ts'
import { succeeded } from './outcome.ts'
import { startProxy } from './servers.ts'

const secrets = suite('e2e: secrets in settings')

let stage: Stage
secrets.before(async () => {
  stage = await startStage()
})
secrets.after(() => stage.close())

const COMMANDS = [[], ['check'], ['check', '--json'], ['serve'], ['renew'], ['credential-process']] as const
/** Kept, since the last message goes there and is searched too. */
const TABLE: readonly Option[] = OPTIONS
const NAMES = TABLE.map(({ name }) => name).filter((name) => name !== 'TERMINATION_LOG')
/** An address has a check of its own, by the source that uses it. */
const ADDRESSES = TABLE.filter(({ sensitive }) => sensitive === true).map(({ name }) => name)

function all(
  value: (name: string) => Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.assign({}, ...NAMES.map(value)) as Record<string, string | undefined>
}

/** On stderr as text or JSON, on stdout of check. */
function everything({ stdout, stderr, terminationLog }: Run): string {
  return [stdout, stderr, terminationLog].join('\n')
}

function refused(done: Run, value: string, problem: RegExp): void {
  assert.is(done.code, 2, done.stderr)
  const text = everything(done)
  assert.not.ok(showsPartOf(value, text), 'a part is shown')
  const words = text.replaceAll(/\s+/g, ' ')
  for (const name of NAMES) {
    const said = words
      .split(new RegExp(`\\b${name}: `))
      .slice(1)
      .map((rest) => rest.split(/\b[A-Z]\w+: /)[0] ?? '')
    assert.ok(
      said.some((one) => problem.test(one)),
      `${name} is not refused as it must be`,
    )
  }
  assert.is(done.vault.length + done.aws.length, 0)
  assert.equal(done.files, [])
}

for (const [what, [value, problem]] of Object.entries(SECRETS)) {
  secrets(`${what} in every option, by variable and by file`, async () => {
    const path = put(makeFolder(), 'value', value)
    for (const args of COMMANDS) {
      refused(await run(stage, { args, env: all((name) => ({ [name]: value })) }), value, problem)
    }
    const env = all((name) => ({ [name]: undefined, [`${name}_FILE`]: path }))
    for (const args of [[], ['check']]) refused(await run(stage, { args, env }), value, problem)
  })
}

secrets('a password in every option is shown by none', async () => {
  for (const value of WITH_PASSWORD) {
    for (const args of COMMANDS) {
      const done = await run(stage, { args, env: all((name) => ({ [name]: value })), secrets: [PASSWORD] })
      assert.is(done.code, 2)
      assert.is(done.vault.length + done.aws.length, 0)
      for (const name of NAMES.filter((one) => !ADDRESSES.includes(one))) {
        assert.match(everything(done), new RegExp(`\\b${name}: `))
      }
    }
  }
})

secrets('a proxy’s password works, and is shown by no command', async () => {
  const proxy = await startProxy({ routes: { 'vault.example:8200': stage.vault.port } })
  try {
    const url = proxy.url.replace('//', `//me:${PASSWORD}@`)
    const env = { VAULT_ADDR: 'http://vault.example:8200', VAULT_PROXY_ADDR: url, HTTPS_PROXY: url }
    const done = await run(stage, { args: ['--verbose'], env, secrets: [PASSWORD] })
    succeeded(stage, done)
    const checked = await run(stage, { args: ['check'], env, secrets: [PASSWORD] })
    assert.is(checked.code, 0, checked.stdout)
    const login = Buffer.from(`me:${PASSWORD}`).toString('base64')
    assert.ok(proxy.heads.every((head) => head.includes(`Proxy-Authorization: Basic ${login}`)))
    for (const one of [done, checked]) assert.not.ok(everything(one).includes(login))
  } finally {
    await proxy.close()
  }
})

secrets.run()
