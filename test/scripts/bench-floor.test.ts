/** The floor must do the whole job, or what is compared with it is not comparable. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { KEYS, podEnv, type Subject } from '../../scripts/bench/subjects.ts'
import { ROOT } from '../../scripts/checks/files.ts'
import { startStage } from '../rig/emulators/stage.ts'
import { runChild } from '../rig/processes/child.ts'

const folder = mkdtempSync(join(tmpdir(), 'iam-ra-floor-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const FLOOR: Subject = {
  name: 'floor',
  argv: [process.execPath, join(ROOT, 'scripts/bench/floor/floor.ts')],
  files: [],
  does: 'job',
  every: 1,
}

const floor = suite('floor of the bench')

for (const scheme of ['http', 'https'] as const) {
  for (const key of KEYS) {
    floor(`with a ${key} key over ${scheme} it writes credentials and revokes its token`, async () => {
      const stage = await startStage({ tls: scheme === 'https' })
      try {
        const home = mkdtempSync(join(folder, 'home-'))
        const tokenFile = join(home, 'token')
        const caFile = join(home, 'ca.pem')
        const credentials = join(home, '.aws/credentials')
        writeFileSync(tokenFile, stage.token())
        writeFileSync(caFile, stage.tlsAuthority ?? '')
        const vault = { http: stage.vault.url, https: stage.vault.url }
        const rolesAnywhere = { http: stage.rolesAnywhere.url, https: stage.rolesAnywhere.url }
        const servers = { vault, rolesAnywhere, caFile, tokenFile }
        const env = podEnv(FLOOR, { scheme, key }, servers, home, credentials)
        const [program = '', ...args] = FLOOR.argv
        const run = await runChild(program, args, env)
        assert.equal(run, { code: 0, stdout: '', stderr: '' })
        const [session] = stage.sessions.issued
        const text = readFileSync(credentials, 'utf8')
        for (const value of [session?.accessKeyId, session?.secretAccessKey, session?.sessionToken]) {
          assert.ok(text.includes(` = ${value ?? 'none'}\n`))
        }
        assert.is(statSync(credentials).mode & 0o777, 0o600)
        assert.equal(
          stage.vault.requests.map(({ request, status }) => [request.path, status]),
          [
            ['/v1/auth/kubernetes/login', 200],
            ['/v1/pki/sign/iam-ra', 200],
            ['/v1/auth/token/revoke-self', 204],
          ],
        )
        assert.is(stage.rolesAnywhere.requests.length, 1)
        assert.is(stage.vaultEmulator.liveTokens(), 0)
      } finally {
        await stage.close()
      }
    })
  }
}

floor.run()
