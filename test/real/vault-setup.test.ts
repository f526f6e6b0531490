/** vault-setup on an empty Vault, a second time, and on one that has drifted. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { dataOf, makeRoot, PATHS, podRuns, reads, startGround, withArns } from './vault-setup.ts'

const { namespace, serviceAccount, roleArn } = EXAMPLE

const setting = suite('real: vault-setup')

const ground = await startGround()
setting.after(() => ground.stop())
await makeRoot(ground)
await ground.kubernetes.makeServiceAccount(namespace, serviceAccount)
const setup = withArns(ground.setup)
const first = ['--reviewer-token', ground.reviewerFile, '--root-mount', 'pki-root']

setting('without --apply it shows all that is missing, and writes nothing', async () => {
  const before = await reads(ground)
  const shown = await ground.run(first, { setup })
  assert.is(shown.code, 0, shown.stderr)
  assert.ok(shown.methods.length > 0 && shown.methods.every((method) => method === 'GET'))
  assert.equal(await reads(ground), before)
  for (const path of PATHS.slice(2)) {
    if (!path.startsWith('pki/issuer') && path !== 'pki/config/issuers')
      assert.ok(shown.stdout.includes(`+ create ${path}\n`), path)
  }
  assert.match(shown.stdout, /^\+ create sys\/auth\/kubernetes$/m)
  assert.match(
    shown.stdout,
    /^\+ create pki: a key that stays in Vault and its certificate, signed by pki-root/m,
  )
  assert.match(shown.stdout, /^14 to create, 0 to change; nothing was written: run with --apply to write$/m)
})

setting('with --apply an empty Vault has all of it, with a token that may do no more than that', async () => {
  const done = await ground.run([...first, '--apply'], { setup })
  assert.is(done.code, 0, done.stderr)
  assert.match(done.stdout, /^done: Vault has all of it$/m)
})

setting('then a pod has credentials', async () => {
  await podRuns(ground)
})

setting('a second run with --apply changes nothing', async () => {
  const before = await reads(ground)
  for (const args of [['--apply'], [...first, '--apply'], []]) {
    const done = await ground.run(args, { setup })
    assert.is(done.code, 0, done.stderr)
    assert.match(done.stdout, /^nothing to do$/m)
    assert.ok(done.methods.every((method) => method === 'GET'))
  }
  assert.equal(await reads(ground), before)
})

setting('drift is shown, with what there is and what is wanted, and mended by --apply', async () => {
  const { server } = ground
  const before = await reads(ground)
  const drift: readonly (readonly [string, object, RegExp])[] = [
    [
      'pki/roles/iam-ra',
      { allow_any_name: true, enforce_hostnames: false, key_type: 'any', allowed_domains: ['example.com'] },
      /allow_any_name: true -> false$/m,
    ],
    [
      'auth/kubernetes/role/frontend',
      {
        bound_service_account_names: ['vault-auth', 'default'],
        token_ttl: '24h',
        token_max_ttl: '48h',
        token_policies: ['iam-ra', 'admin'],
      },
      /bound_service_account_names: \["default"\] -> \[\]$/m,
    ],
    [
      'auth/kubernetes/role/vault-secrets-operator',
      { bound_service_account_namespace_selector: '{"matchLabels":{"a":"b"}}' },
      /bound_service_account_namespace_selector: .* -> ""$/m,
    ],
    [
      'sys/policies/acl/iam-ra',
      { policy: 'path "pki/*" { capabilities = ["create", "update"] }' },
      /policy: path "pki\/\*" .* -> path "pki\/sign\/iam-ra" \{ capabilities = \["update"\]/m,
    ],
    ['pki/config/urls', { crl_distribution_points: [] }, /crl_distribution_points: \[\] -> \["https:/m],
    [
      'secret/data/iam-ra/frontend/role-arn',
      { data: { arn: `${roleArn}-2`, other: 'not to be shown' } },
      /arn: "arn:aws:iam::\d+:role\/frontend-s3-read-2" -> "arn:.*-read"\n {4}other: \(a value\) -> \(nothing\)$/m,
    ],
  ]
  for (const [path, change] of drift) await server.write(path, change)
  const shown = await ground.run([], { setup })
  for (const [path, , says] of drift) {
    assert.ok(shown.stdout.includes(`~ change ${path}\n`), path)
    assert.match(shown.stdout, says)
  }
  assert.not.match(shown.stdout, /not to be shown/)
  assert.match(shown.stdout, /token_ttl: 86400 -> 300$/m)
  assert.match(shown.stdout, /token_policies: \["admin"\] -> \[\]$/m)
  assert.match(shown.stdout, /^0 to create, 6 to change/m)
  assert.is((await server.read('pki/roles/iam-ra').then(dataOf))['allow_any_name'], true)
  assert.is((await ground.run(['--apply'], { setup })).code, 0)
  const versionless = (all: readonly unknown[]): unknown =>
    JSON.parse(JSON.stringify(all).replaceAll(/"(created_time|version)":[^,}]+/g, '"$1":0'))
  assert.equal(versionless(await reads(ground)), versionless(before))
})

setting('what narrows a role beyond the set-up stays', async () => {
  const path = 'auth/kubernetes/role/frontend'
  await ground.server.write(path, {
    token_bound_cidrs: ['127.0.0.0/8'],
    token_num_uses: 2,
    audience: 'other',
  })
  assert.is((await ground.run(['--apply'], { setup })).code, 0)
  const role = dataOf(await ground.server.read(path))
  assert.equal(role['token_bound_cidrs'], ['127.0.0.0/8'])
  assert.is(role['token_num_uses'], 2)
  assert.is(role['audience'], 'vault')
})

setting('the command itself finds the same, with the token that vault login left', async () => {
  await ground.run([], { setup })
  writeFileSync(join(ground.folder, '.vault-token'), `${ground.adminToken}\n`, { mode: 0o600 })
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'scripts/vault-setup.ts'), '--setup', join(ground.folder, 'setup.json')],
    { env: cleanEnv({ HOME: ground.folder, VAULT_ADDR: ground.server.url }), encoding: 'utf8' },
  )
  assert.is(status, 0, stderr)
  assert.match(stdout, /^nothing to do$/m)
})

setting.run()
