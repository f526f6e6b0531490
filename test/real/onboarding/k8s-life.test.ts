/**
 * Workloads by the commands of the operator's program, on real servers: what a pod as printed gets, what it does not get,
 * and what list says when something was changed by hand.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import type { ChildRun } from '../../rig/processes/child.ts'
import { askIam } from '../../rig/servers/moto.ts'
import { startGround } from './ground.ts'
import { objectsIn, runPrinted } from './printed-pod.ts'

const life = suite('workloads of a cluster')
const ground = await startGround()
life.after(() => ground.stop())

async function done(line: string): Promise<ChildRun> {
  const result = await ground.shell(line)
  assert.is(result.code, 0, `${line}\n${result.stderr}`)
  return result
}

const READ_ONLY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
for (const line of [
  'iam-ra init',
  `iam-ra role create admin --policy ${READ_ONLY}`,
  `iam-ra role create readonly --policy ${READ_ONLY}`,
  'iam-ra k8s setup prod | kubectl apply -f -',
  'kubectl create namespace shop && kubectl create namespace other',
  'kubectl label namespace shop pod-security.kubernetes.io/enforce=restricted',
]) {
  await done(line)
}

/** Onboards, applies, and gives what was printed. */
async function onboard(words: string): Promise<string> {
  const { stdout } = await done(
    `iam-ra k8s onboard ${words} | tee "$HOME/printed" | kubectl apply -f - >/dev/null && cat "$HOME/printed"`,
  )
  return stdout
}

const AS = (role: string): RegExp => new RegExp(`:assumed-role/iam-ra-${role}/`)

life('get a role each in one namespace, and none gets the other one', async () => {
  const [backend, monitoring] = [
    await onboard('backend --role admin --k8s-namespace shop'),
    await onboard('monitoring --role readonly --k8s-namespace shop'),
  ]
  assert.match((await runPrinted(ground, backend)).identity ?? '', AS('admin'))
  assert.match((await runPrinted(ground, monitoring)).identity ?? '', AS('readonly'))
  const [config] = objectsIn(backend).filter(({ kind }) => kind === 'ConfigMap')
  const data = config?.['data'] as Record<string, string>
  const swapped = { ROLE_ARN: data['ROLE_ARN'] ?? '', PROFILE_ARN: data['PROFILE_ARN'] ?? '' }
  const refused = await runPrinted(ground, monitoring, swapped)
  assert.is(refused.code, 5)
  assert.is(refused.identity, undefined)
  assert.match(refused.stderr, /Unable to assume role/)
})

life('of another namespace, account or cluster get nothing', async () => {
  const backend = await onboard('backend --role admin --k8s-namespace shop')
  // The same pod in another namespace, with a role of Vault that admits its account.
  await onboard('backend --role readonly --k8s-namespace other')
  const moved = await runPrinted(ground, backend.replaceAll('namespace: shop', 'namespace: other'), {
    VAULT_ROLE: 'other',
  })
  assert.is(moved.code, 5, moved.stderr)
  await onboard('stranger --role readonly --k8s-namespace shop')
  const stranger = await runPrinted(
    ground,
    backend.replace('serviceAccountName: backend', 'serviceAccountName: stranger'),
  )
  assert.is(stranger.code, 5, stranger.stderr)
  // Another account's name is signed for that account alone, whatever the pod asks for.
  const impostor = await runPrinted(
    ground,
    backend.replace('serviceAccountName: backend', 'serviceAccountName: stranger'),
    {
      VAULT_CERT_CN: 'backend.shop.prod',
      CERT_URI_SANS: '',
    },
  )
  assert.is(impostor.code, 4, impostor.stderr)
  // A second cluster on the same API server: its own logins and its own CA.
  await done('iam-ra k8s setup staging --k8s-namespace staging-system | kubectl apply -f -')
  const { stdout: staging } = await done(
    'iam-ra k8s onboard backend --role readonly --cluster staging --k8s-namespace shop',
  )
  const { arns } = roleOf(backend)
  const elsewhere = await runPrinted(ground, staging, arns)
  assert.is(elsewhere.code, 5, elsewhere.stderr)
  const claimed = await runPrinted(ground, staging, {
    ...arns,
    VAULT_CERT_CN: 'backend.shop.prod',
    CERT_URI_SANS: '',
  })
  assert.is(claimed.code, 4, claimed.stderr)
})

function roleOf(printed: string): { readonly arns: Record<string, string> } {
  const config = objectsIn(printed).find(({ kind }) => kind === 'ConfigMap')
  const data = config?.['data'] as Record<string, string>
  return { arns: { ROLE_ARN: data['ROLE_ARN'] ?? '', PROFILE_ARN: data['PROFILE_ARN'] ?? '' } }
}

life('move to another role when they are onboarded with it', async () => {
  const before = await onboard('mover --role admin --cluster prod')
  assert.match((await runPrinted(ground, before)).identity ?? '', AS('admin'))
  const after = await onboard('mover --role readonly --cluster prod')
  assert.match((await runPrinted(ground, after)).identity ?? '', AS('readonly'))
  assert.is((await runPrinted(ground, before)).code, 5)
})

life('get nothing any more when they are offboarded', async () => {
  const printed = await onboard('leaver --role admin --cluster prod')
  assert.match((await runPrinted(ground, printed)).identity ?? '', AS('admin'))
  const { stdout } = await done('iam-ra k8s offboard leaver --yes')
  assert.is(
    stdout,
    'kubectl --context admin -n default delete pod/leaver-sample configmap/leaver-iam-ra-config\n',
  )
  assert.is((await runPrinted(ground, printed)).code, 5)
  await done(stdout)
  const again = await done('iam-ra k8s offboard leaver --yes --cluster prod')
  assert.is(again.stdout, '')
  assert.match(again.stderr, /nothing to do/)
})

interface Listed {
  readonly workloads: readonly {
    readonly workload: string
    readonly cluster: string
    readonly aws: Standing
    readonly authority: Standing
    readonly objects: Standing
  }[]
}
type Standing = { readonly state: string; readonly why?: string }

async function listed(workload: string): Promise<readonly (string | undefined)[]> {
  const { stdout } = await done('iam-ra k8s list --json')
  const { workloads } = parse(stdout) as Listed
  const row = workloads.find((one) => one.workload === workload)
  return [row?.aws, row?.authority, row?.objects].map((one) => (one?.state === 'ok' ? 'ok' : one?.why))
}

life('are listed with what was changed by hand, and exit 8 if asked', async () => {
  await onboard('listed --role admin --cluster prod')
  assert.equal(await listed('listed'), ['ok', 'ok', 'ok'])
  await done('kubectl delete configmap listed-iam-ra-config')
  assert.equal(await listed('listed'), ['ok', 'ok', 'no ConfigMap'])
  const role = await ground.vaultServer.read('auth/kubernetes-prod/role/default')
  const data = role['data'] as Record<string, unknown>
  await ground.vaultServer.write('auth/kubernetes-prod/role/default', {
    ...data,
    bound_service_account_names: ['mover'],
  })
  const [, vault] = await listed('listed')
  assert.not.equal(vault, 'ok')
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
  })
  await askIam(ground.aws.motoUrl, {
    ...{ Action: 'UpdateAssumeRolePolicy', RoleName: 'iam-ra-admin', PolicyDocument: policy },
  })
  assert.is((await listed('listed'))[0], 'not in the trust policy')
  for (const format of ['', ' --json']) {
    const { code, stdout, stderr } = await ground.shell(`iam-ra k8s list --exit-code${format}`)
    assert.is(code, 8)
    assert.match(stdout, /not in the trust policy/)
    assert.match(
      stderr,
      /do not fit: iam-ra doctor --cluster prod --k8s-namespace default --workload listed says more/,
    )
  }
  // One command settles all of it.
  const printed = await onboard('listed --role admin --cluster prod')
  assert.equal(await listed('listed'), ['ok', 'ok', 'ok'])
  assert.match((await runPrinted(ground, printed)).identity ?? '', AS('admin'))
})

life('leave a cluster that can then be torn down', async () => {
  const refused = await ground.shell('iam-ra k8s teardown staging --yes')
  assert.is(refused.code, 2)
  assert.is(refused.stdout, '')
  assert.match(refused.stderr, /shop\/backend/)
  await done('iam-ra k8s offboard backend --cluster staging --yes --apply')
  const { stdout, stderr } = await done('iam-ra k8s teardown staging --yes')
  assert.match(stdout, /^kubectl --context admin delete clusterrolebinding/)
  assert.match(stderr, /vault secrets disable pki-staging/)
  await done(stdout)
  assert.is((await ground.shell('kubectl get clusterrolebinding iam-ra-staging-vault-reviewer')).code, 1)
})

life('of another installation are not taken over by what is printed', async () => {
  await done('iam-ra init --installation blue')
  const { code, stdout, stderr } = await ground.shell('iam-ra k8s setup prod --installation blue')
  assert.is(code, 7, stderr)
  assert.is(stdout, '')
  assert.match(stderr, / belongs to installation default, not blue\n/)
  await done('iam-ra destroy --installation blue --yes')
})

life('cost no reviewer token in a dry run', async () => {
  const { stderr } = await done('iam-ra k8s setup prod --replace-reviewer-token --dry-run')
  assert.match(stderr, /token_reviewer_jwt: /)
  assert.not.match(stderr, /expires at/)
  const replaced = await done('iam-ra k8s setup prod --replace-reviewer-token')
  assert.match(replaced.stderr, /note: Vault's reviewer token expires at \d{4}-/)
})

life('have their ARNs in Vault with --arns operator', async () => {
  const { stdout } = await done('iam-ra k8s onboard kept --role admin --cluster prod --arns operator')
  const objects = objectsIn(stdout)
  const secret = objects.find(({ kind }) => kind === 'VaultStaticSecret')
  const { mount, path } = secret?.['spec'] as { readonly mount: string; readonly path: string }
  const entry = await ground.vaultServer.read(`${mount}/data/${path}`)
  const { data } = entry['data'] as { readonly data: Record<string, string> }
  assert.match(data['ROLE_ARN'] ?? '', /iam-ra-admin$/)
  assert.equal(Object.keys(data).toSorted(), ['PROFILE_ARN', 'ROLE_ARN', 'TRUST_ANCHOR_ARN'])
  assert.not.match(stdout, data['ROLE_ARN'] ?? 'none')
})

life.run()
