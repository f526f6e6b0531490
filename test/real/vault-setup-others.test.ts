/** What vault-setup meets in a Vault that others use too, and one that does not let it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import {
  dataOf,
  done,
  makeRoot,
  reads,
  rootToken,
  startGround,
  withArns,
  type SetupFile,
} from './vault-setup.ts'

const { namespace, serviceAccount } = EXAMPLE

const meeting = suite('real: vault-setup among others')

const ground = await startGround()
meeting.after(() => ground.stop())
await makeRoot(ground)
await ground.kubernetes.makeServiceAccount(namespace, serviceAccount)
const setup = withArns(ground.setup)
await done(ground, ['--reviewer-token', ground.reviewerFile, '--root-mount', 'pki-root', '--apply'], {
  setup,
})

meeting('a config that is written anew never loses the reviewer token silently', async () => {
  const host = {
    ...setup,
    kubernetes: { ...setup.kubernetes, host: ground.kubernetes.url.replace('127.0.0.1', 'localhost') },
  }
  const refused = await ground.run(['--apply'], { setup: host })
  assert.is(refused.code, 2)
  assert.match(
    refused.stderr,
    /auth\/kubernetes\/config is replaced as a whole, which drops its reviewer token: give --reviewer-token FILE too/,
  )
  assert.ok(refused.methods.every((method) => method === 'GET'))
  const token = ['--reviewer-token', ground.reviewerFile]
  const ran = await ground.run([...token, '--apply'], { setup: host })
  assert.is(ran.code, 0, ran.stderr)
  assert.match(ran.stdout, /token_reviewer_jwt: \(set\) -> \(from the file, never shown\)/)
  await done(ground, [...token, '--apply'], { setup })
  const kept = await done(ground, [...token, '--apply'], { setup })
  assert.match(
    kept.stdout,
    /already has a reviewer token: --replace-reviewer-token replaces it with this one/,
  )
  assert.match(kept.stdout, /^nothing to do$/m)
  const replaced = await done(ground, ['--replace-reviewer-token', ground.reviewerFile, '--apply'], { setup })
  assert.match(replaced.stdout, /^changed auth\/kubernetes\/config$/m)
  assert.is(
    (await ground.login(namespace, await ground.kubernetes.token(namespace, serviceAccount, 'vault'))).status,
    200,
  )
})

meeting('roles of others that undo the binding are named, and stay', async () => {
  const { server } = ground
  await server.write('auth/kubernetes/role/legacy', {
    bound_service_account_names: ['*'],
    bound_service_account_namespaces: ['*'],
    audience: 'vault',
    token_policies: ['iam-ra'],
  })
  await server.write('pki/roles/anyone', { allow_any_name: true })
  const shown = await ground.run(['--apply'], { setup })
  assert.match(
    shown.stdout,
    /^note: auth\/kubernetes\/role\/legacy is not in the setup but grants one of its policies: vault delete /m,
  )
  assert.match(
    shown.stdout,
    /^note: pki\/roles\/anyone signs below the same trust anchor and is not checked here/m,
  )
  assert.match(shown.stdout, /^nothing to do$/m)
  assert.ok((await server.list('auth/kubernetes/role')).includes('legacy'))
})

meeting(
  'a second cluster has a mount, a PKI role and policies of its own, and the first keeps its own',
  async () => {
    const before = await reads(ground)
    const second: SetupFile = {
      ...setup,
      cluster: 'other',
      kubernetes: { ...setup.kubernetes, mount: 'kubernetes-other' },
      pki: { ...setup.pki, role: 'iam-ra-other' },
      kv: { ...setup.kv, path: 'iam-ra-other' },
      operator: { ...setup.operator, role: 'vault-secrets-operator-other' },
    }
    const VAULT_TOKEN = await rootToken(ground)
    const ran = await ground.run(['--reviewer-token', ground.reviewerFile, '--apply'], {
      setup: second,
      env: { VAULT_TOKEN },
    })
    assert.is(ran.code, 0, ran.stderr)
    const role = JSON.stringify(dataOf(await ground.server.read('pki/roles/iam-ra-other')))
    const mounts = dataOf(await ground.server.read('sys/auth')) as Record<string, { accessor: string }>
    assert.ok(role.includes(mounts['kubernetes-other/']?.accessor ?? '-'))
    assert.not.ok(role.includes(mounts['kubernetes/']?.accessor ?? '-'))
    const without = (all: readonly unknown[]): readonly unknown[] => all.slice(2)
    assert.equal(without(await reads(ground)), without(before))
  },
)

meeting("a second cluster is not given the first one's role and policy", async () => {
  const before = await reads(ground)
  const second = {
    ...setup,
    cluster: 'third',
    kubernetes: { ...setup.kubernetes, mount: 'kubernetes-third' },
  }
  const refused = await ground.run(['--reviewer-token', ground.reviewerFile, '--apply'], { setup: second })
  assert.is(refused.code, 2, refused.stdout)
  assert.match(
    refused.stderr,
    /pki\/roles\/iam-ra binds callers of auth\/kubernetes\/, .*\n.*sys\/policies\/acl\/vault-secrets-operator binds/,
  )
  assert.ok(refused.methods.every((method) => method === 'GET'))
  assert.equal(await reads(ground), before)
})

meeting('ACME, which asks for no token of Vault, is named where it is on', async () => {
  const { server } = ground
  assert.not.match((await done(ground, [], { setup })).stdout, /ACME/)
  await server.write('pki/config/cluster', { path: `${server.url}/v1/pki` })
  await server.write('pki/config/acme', { enabled: true })
  assert.is((await ground.ask('', 'GET', 'pki/acme/directory')).status, 200)
  const { stdout } = await done(ground, [], { setup })
  assert.match(stdout, /^note: pki answers ACME, .*: vault write pki\/config\/acme enabled=false$/m)
  await server.write('pki/config/acme', { enabled: false })
})

meeting('a token that may not do it is told what was refused', async () => {
  const made = await ground.server.write('auth/token/create', {
    policies: ['iam-ra'],
    no_default_policy: true,
  })
  const VAULT_TOKEN = (made['auth'] as { client_token: string }).client_token
  const refused = await ground.run(['--apply'], { setup, env: { VAULT_TOKEN } })
  assert.is(refused.code, 1)
  assert.match(
    refused.stderr,
    /^vault-setup: Vault at http:\/\/127\.0\.0\.1:\d+ answered 403 to the read of sys\/mounts: permission denied\nhint: .*docs\/vault\.md/,
  )
})

meeting('a sealed Vault is to be unsealed', async () => {
  await ground.server.seal()
  const refused = await ground.run(['--apply'], { setup })
  await ground.server.unseal()
  assert.is(refused.code, 1)
  assert.match(refused.stderr, /answered 503 to the read of sys\/mounts: Vault is sealed\nhint: unseal it: /)
})

meeting('https to a Vault that speaks plain http is told of the scheme', async () => {
  const VAULT_ADDR = ground.server.url.replace('http:', 'https:')
  const refused = await ground.run([], { setup, env: { VAULT_ADDR } })
  assert.is(refused.code, 1)
  assert.match(refused.stderr, /\nhint: check the scheme and the port of VAULT_ADDR/)
})

meeting('a mount of another type in the way stops it before anything is written', async () => {
  const shown = await ground.run(['--apply'], { setup: { ...setup, kv: { mount: 'pki-root', path: 'a' } } })
  assert.is(shown.code, 2)
  assert.match(
    shown.stderr,
    /pki-root\/ is a mount of type pki, not kv: choose another kv\.mount\nvault-setup: nothing was written/,
  )
  await ground.server.write('sys/mounts/old', { type: 'kv', options: { version: '1' } })
  const old = await ground.run(['--apply'], { setup: { ...setup, kv: { mount: 'old', path: 'a' } } })
  assert.match(old.stderr, /old\/ is kv version 1, not 2/)
})

meeting("Vault's own account cannot review for a Vault in no pod, and that is said", async () => {
  const { caFile, ...kubernetes } = setup.kubernetes
  assert.is(typeof caFile, 'string')
  const inside = {
    ...setup,
    kubernetes: { ...kubernetes, reviewer: 'vault', mount: 'kubernetes-2' },
    pki: { ...setup.pki, role: 'iam-ra-2' },
    operator: { ...setup.operator, role: 'vault-secrets-operator-2' },
  }
  const VAULT_TOKEN = await rootToken(ground)
  const refused = await ground.run(['--apply'], { setup: inside, env: { VAULT_TOKEN } })
  assert.is(refused.code, 1)
  assert.match(refused.stderr, /answered 400 to the write of auth\/kubernetes-2\/config: /)
  assert.match(refused.stderr, /hint: this Vault does not run in a pod: set kubernetes\.reviewer to token/)
})

meeting.run()
