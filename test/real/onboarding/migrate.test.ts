/**
 * `iam-ra k8s migrate` on a real cluster with the annotations of kiam's and kube2iam's own documents. What the plan says is
 * done, line by line, until pods are injected and get their roles; kiam's own access stays.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../../scripts/checks/files.ts'
import type { ChildRun } from '../../rig/processes/child.ts'
import { effectOf, type PolicyDocument } from '../../rig/emulators/identity-policy.ts'
import { EXAMPLE } from '../../rig/emulators/stage.ts'
import { askIam } from '../../rig/servers/moto.ts'
import { startGround } from './ground.ts'
import { runPrinted } from './printed-pod.ts'

const migrate = suite('k8s migrate')
const ground = await startGround()
migrate.after(() => ground.stop())

const ONBOARDING = JSON.parse(
  readFileSync(join(ROOT, 'k8s/aws/onboarding-policy.json'), 'utf8'),
) as PolicyDocument
/** Who binds workloads needs no more than the policy for it; those who own roles do. */
ground.aws.permissions.may = (asked) => !isMigrating || effectOf([ONBOARDING], asked) === 'Allow'
let isMigrating = false

async function done(line: string): Promise<ChildRun> {
  isMigrating = line.includes('iam-ra k8s migrate')
  const result = await ground.shell(line)
  assert.is(result.code, 0, `${line}\n${result.stderr}`)
  return result
}

const KIAM = `arn:aws:iam::${EXAMPLE.account}:role/kiam-server`

/** As docs/IAM.md of kiam has it, and with `ec2.amazonaws.com` alone for kiam's server itself. */
async function makeRole(name: string, path = '/'): Promise<void> {
  const statement = (Principal: object) => ({ Sid: '', Effect: 'Allow', Principal, Action: 'sts:AssumeRole' })
  const all = [
    statement({ Service: 'ec2.amazonaws.com' }),
    ...(name === 'kiam-server' ? [] : [statement({ AWS: KIAM })]),
  ]
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: all })
  const form = { Action: 'CreateRole', RoleName: name, Path: path, AssumeRolePolicyDocument }
  const { status, body } = await askIam(ground.aws.motoUrl, form)
  assert.is(status, 200, body)
}

const container = { name: 'app', image: 'nginx' }
const role = (name: string, more = {}) => ({ annotations: { 'iam.amazonaws.com/role': name, ...more } })

function deployment(namespace: string, name: string, metadata: object, spec: object = {}): object {
  const labels = { app: name }
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace } },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels, ...metadata }, spec: { containers: [container], ...spec } },
    },
  }
}

const account = (namespace: string, name: string) => ({
  ...{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
})
const namespace = (name: string, annotations: object = {}) => ({
  ...{ apiVersion: 'v1', kind: 'Namespace', metadata: { name, annotations } },
})

const OBJECTS = [
  // kiam's README.
  namespace('iam-example', { 'iam.amazonaws.com/permitted': '.*' }),
  account('iam-example', 'foo'),
  {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { name: 'foo', namespace: 'iam-example', ...role('reportingdb-reader') },
    spec: { serviceAccountName: 'foo', containers: [container] },
  },
  namespace('untouched', { 'iam.amazonaws.com/permitted': '.*' }),
  account('untouched', 'default'),
  namespace('stuck', { 'iam.amazonaws.com/permitted': 'a|b' }),
  deployment('stuck', 'nobody', role('no-such-role', { 'iam.amazonaws.com/external-id': 'x' })),
  deployment('stuck', 'elsewhere', role('arn:aws:iam::210987654321:role/there'), { hostNetwork: true }),
  // Of kube2iam's README, with iam-ra's own role.
  namespace('web', { 'iam.amazonaws.com/permitted': '.*/iam-ra/.*' }),
  account('web', 'nginx'),
  deployment('web', 'nginx-deployment', role('/iam-ra/default/iam-ra-web'), { serviceAccountName: 'nginx' }),
  {
    ...{
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'kiam-server', namespace: 'kube-system' },
    },
    spec: {
      selector: { matchLabels: { app: 'kiam' } },
      template: {
        metadata: { labels: { app: 'kiam' } },
        spec: {
          containers: [
            {
              ...{ name: 'kiam', image: 'quay.io/uswitch/kiam:v4.0', command: ['/kiam'] },
              args: ['server', '--role-base-arn-autodetect', `--assume-role-arn=${KIAM}`],
            },
          ],
        },
      },
    },
  },
]

interface Listed {
  readonly moved: boolean
  readonly namespaces: readonly {
    readonly name: string
    readonly commands: readonly string[]
    readonly findings: readonly { readonly code: string }[]
    readonly workloads: readonly {
      readonly name: string
      readonly lacks: readonly string[]
      readonly findings: readonly { readonly code: string }[]
    }[]
  }[]
  readonly roles: readonly {
    readonly arn: string
    readonly trusted: readonly string[]
    readonly commands: readonly string[]
  }[]
}

async function planned(words = ''): Promise<Listed> {
  return JSON.parse((await done(`iam-ra k8s migrate prod --json ${words}`)).stdout) as Listed
}

/** Vault has no certificate here. */
const PLAIN = { VAULT_CACERT: '', VAULT_REQUIRE_TLS: 'false' }

const codesOf = (some: readonly { readonly code: string }[]): readonly string[] =>
  some.map(({ code }) => code)

for (const name of ['kiam-server', 'reportingdb-reader']) await makeRole(name)
for (const line of [
  'iam-ra init',
  'iam-ra role create web --policy arn:aws:iam::aws:policy/ReadOnlyAccess',
  'iam-ra k8s setup prod | kubectl apply -f -',
]) {
  await done(line)
}
writeFileSync(
  join(ground.home, 'objects.json'),
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items: OBJECTS }),
)
await done('kubectl apply -f "$HOME/objects.json"')

migrate('prints what is missing and what cannot be kept, and changes nothing', async () => {
  const { stdout, stderr } = await done('iam-ra k8s migrate prod')
  assert.is(stderr, '')
  assert.match(stdout, /^from +kiam \(DaemonSet kube-system\/kiam-server\)$/m)
  assert.match(stdout, /^ {2}Pod\/foo +foo +reportingdb-reader +serve +lacks Vault, trust policy, profile$/m)
  assert.match(stdout, /^ {2}trusted now +ec2.amazonaws.com, arn:aws:iam::\d+:role\/kiam-server$/m)
  const { moved, namespaces } = await planned()
  assert.is(moved, false)
  assert.equal(namespaces.map(({ name }) => name).toSorted(), ['iam-example', 'stuck', 'web'])
  const stuck = namespaces.find(({ name }) => name === 'stuck')
  assert.equal(stuck?.commands, [])
  assert.equal(codesOf(stuck?.findings ?? []), ['not-permitted'])
  const codes = Object.fromEntries(stuck?.workloads.map((one) => [one.name, codesOf(one.findings)]) ?? [])
  assert.equal(codes, {
    elsewhere: ['other-account', 'shared-account', 'host-network'],
    nobody: ['role-missing', 'shared-account', 'external-id'],
  })
  assert.is((await ground.shell('iam-ra k8s migrate prod --exit-code')).code, 8)
})

migrate('refuses lines that do not say what is meant', async () => {
  for (const [line, why] of [
    ['--apply', /--apply needs --k8s-namespace/],
    ['--dry-run', /--dry-run needs --apply/],
    ['--k8s-namespace nowhere', /the cluster has no namespace nowhere/],
    ['--base-role-arn role/', /is not the start of a role's ARN/],
  ] as const) {
    const { code, stdout, stderr } = await ground.shell(`iam-ra k8s migrate prod ${line}`)
    assert.is(code, 2, line)
    assert.is(stdout, '')
    assert.match(stderr, why)
  }
})

/** Does what the plan says, until nothing is left. */
async function move(names: readonly string[], words = ''): Promise<Listed> {
  for (const name of names) {
    const { namespaces, roles } = await planned(`--k8s-namespace ${name} ${words}`)
    for (const command of namespaces[0]?.commands ?? []) {
      const [, arn] = /^# the commands of role (\S+), by its owner$/.exec(command) ?? []
      const lines = arn === undefined ? [command] : (roles.find((one) => one.arn === arn)?.commands ?? [])
      // These have no controller here.
      for (const line of lines.filter((one) => !one.includes('rollout restart')))
        await done(`cd "$HOME" && ${line}`)
    }
  }
  const all = names.map((name) => `--k8s-namespace ${name}`).join(' ')
  const plan = await planned(`${all} ${words}`)
  assert.ok(plan.moved, (await done(`iam-ra k8s migrate prod ${all} ${words}`)).stdout)
  return plan
}

migrate('moves a namespace by its own lines, and pods get what they ask for', async () => {
  await done(`kubectl apply -k ${join(ROOT, 'k8s/injection')}`)
  writeFileSync(join(ground.home, 'ca.crt'), 'none')
  const { roles } = await move(['iam-example', 'web'])
  assert.equal(roles.find(({ arn }) => arn.endsWith('reportingdb-reader'))?.trusted, [
    'ec2.amazonaws.com',
    KIAM,
  ])
  assert.is((await ground.shell('iam-ra k8s migrate prod --k8s-namespace web --exit-code')).code, 0)
  const pods = [
    ['iam-example', 'foo', 'reportingdb-reader', 'reportingdb-reader'],
    ['web', 'nginx', '/iam-ra/default/iam-ra-web', 'iam-ra-web'],
  ] as const
  for (const [space, serviceAccount, asked, got] of pods) {
    const pod = await created(space, serviceAccount, asked)
    const { identity, stderr } = await runPrinted(ground, pod, PLAIN)
    assert.match(identity ?? '', new RegExp(`:assumed-role/${got}/`), stderr)
  }
})

migrate('moves a cluster of kube2iam with the rules of its flags', async () => {
  await done('kubectl -n kube-system delete daemonset kiam-server')
  await makeRole('nginx', '/my-custom-path/')
  const fixture = join(import.meta.dirname, 'fixtures/migrating/kube2iam.yaml')
  await done(
    `sed 's/name: web/name: front/; s/namespace: web/namespace: front/' ${fixture} | kubectl apply -f -`,
  )
  await move(['front'], '--namespace-rules kube2iam')
  const pod = await created('front', 'nginx', 'my-custom-path/nginx')
  const { identity, stderr } = await runPrinted(ground, pod, PLAIN)
  assert.match(identity ?? '', /:assumed-role\/nginx\//, stderr)
})

migrate('leaves a namespace without the label to kiam', async () => {
  assert.not.match(await created('untouched', 'default', 'reportingdb-reader'), /aws-iam-ra/)
})

migrate('binds workloads that list and doctor then find in order', async () => {
  const { stdout } = await done('iam-ra k8s list')
  assert.match(stdout, /^prod +web +nginx +nginx +web +ok +ok +ok$/m, stdout)
  const doctor = await ground.shell('iam-ra doctor --workload nginx')
  assert.match(doctor.stdout, /web has ServiceAccount nginx and the label that enables injection/)
})

/** @returns the pod as the API server has it, as YAML */
async function created(space: string, serviceAccountName: string, asked: string): Promise<string> {
  const name = `asks-${serviceAccountName}`
  const pod = {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: space, ...role(asked) } },
    spec: { serviceAccountName, automountServiceAccountToken: false, containers: [container] },
  }
  writeFileSync(join(ground.home, 'pod.json'), JSON.stringify(pod))
  // The policies are in force after about a second.
  for (const deadline = Date.now() + 30_000; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    const tried = await ground.shell('kubectl create --dry-run=server -o yaml -f "$HOME/pod.json"')
    if (tried.code === 0 && (space === 'untouched' || tried.stdout.includes('iam-ra/injected')))
      return tried.stdout
    if (Date.now() > deadline) throw new Error(`${tried.stdout}${tried.stderr}`)
  }
}

migrate.run()
