import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startStage } from './rig/emulators/stage.ts'

const entry = suite('the entry point')

const MAIN = join(import.meta.dirname, '../src/aws-iam-ra.ts')

/** A failure that nobody awaits, at the moment when the token file is read. */
const STRAYS = {
  'a rejection': "Promise.reject(new Error('canary'))",
  'an exception': "setImmediate(() => { throw new Error('canary') })",
}

for (const [title, stray] of Object.entries(STRAYS)) {
  entry(`${title} that nobody handles ends with 70, a revoked token and nothing of its text`, async () => {
    const stage = await startStage()
    const folder = mkdtempSync(join(tmpdir(), 'iam-ra-entry-'))
    try {
      const tokenFile = join(folder, 'token')
      writeFileSync(tokenFile, stage.token())
      const preload = `import fs from 'node:fs'
        import { syncBuiltinESMExports } from 'node:module'
        const open = fs.openSync
        fs.openSync = (path, ...rest) => {
          if (path === ${JSON.stringify(tokenFile)}) ${stray}
          return open(path, ...rest)
        }
        syncBuiltinESMExports()`
      const child = spawn(
        process.execPath,
        ['--import', `data:text/javascript,${encodeURIComponent(preload)}`, MAIN],
        {
          env: {
            ...stage.env,
            SERVICE_ACCOUNT_TOKEN_FILE: tokenFile,
            AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
            TERMINATION_LOG: join(folder, 'nothing'),
          },
          stdio: ['ignore', 'pipe', 'pipe'],
          timeout: 20_000,
        },
      )
      let shown = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => (shown += chunk.toString()))
      }
      const [code] = (await once(child, 'close')) as [number | null]
      assert.is(code, 70)
      assert.match(shown, /^aws-iam-ra: unexpected Error inside aws-iam-ra\nhint: /)
      assert.not.match(shown, /canary/)
      assert.equal(readdirSync(folder), ['token'])
      const paths = stage.vault.requests.map(({ request }) => request.path)
      assert.equal(paths, ['/v1/auth/kubernetes/login', '/v1/auth/token/revoke-self'])
    } finally {
      await stage.close()
      rmSync(folder, { recursive: true })
    }
  })
}

entry.run()
