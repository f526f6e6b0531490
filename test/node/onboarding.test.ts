/**
 * What `iam-ra` prints, applied as it is printed, in namespaces that enforce the Pod Security Standard `restricted`. No object
 * is changed. What differs from an operator's day is in the images, which no registry has here: that of the sample's app, the
 * AWS CLI's, is one that answers `aws sts get-caller-identity` by AWS's JavaScript SDK and its own credential chain, and both
 * trust the CA of the servers that answer for AWS.
 */
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import type { ChildRun } from '../rig/processes/child.ts'
import { until } from './cluster.ts'
import { KUBERNETES_PAGE, pageWithOutputs } from './kubernetes-page.ts'
import { inNamespaces } from './namespaces.ts'
import { RESTRICTED, startOperator } from './operator.ts'
import {
  appOf,
  completedPod,
  initEnd,
  podsOf,
  sessionOf,
  sidecarOf,
  untilLogged,
  untilPod,
  type Pod,
} from './pods.ts'

await inNamespaces(import.meta.filename)

const READONLY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
const OTHER = 'other'
/** Besides payment-service, the pod with `serve` of docs/kubernetes.md. */
const WORKLOADS = [
  { workload: 'report', role: 'readonly', mode: 'init', sample: 'deployment' },
  { workload: 'poller', role: 'admin', mode: 'renew', sample: 'pod' },
  { workload: 'archive', role: 'readonly', mode: 'imds', sample: 'deployment' },
  { workload: 'nightly', role: 'admin', mode: 'serve', sample: 'job' },
  { workload: 'backup', role: 'readonly', mode: 'imds', sample: 'job' },
  { workload: 'cleanup', role: 'admin', mode: 'init', sample: 'job' },
] as const

const operator = await startOperator()
const onboarding = suite('workloads that iam-ra has onboarded, on a real node')
onboarding.after(() => operator.stop())

await operator.kubectl(['create', 'namespace', OTHER])
await operator.kubectl(['label', 'namespace', OTHER, RESTRICTED])

onboarding('docs/kubernetes.md shows what its commands print, and its pod has its role', async () => {
  const page = readFileSync(KUBERNETES_PAGE, 'utf8')
  const made = await pageWithOutputs(operator, page)
  assert.is(examplesIn(page), examplesIn(made), 'run node test/node/kubernetes-page.ts')
  assert.is(page, made)
  await untilLogged(operator, ['default', 'payment-service-sample'], 'app', identityOf('admin'))
})

onboarding('the namespace refuses a pod that is not restricted', async () => {
  const { code, stderr } = await operator.shell('kubectl run any --image localhost/any')
  assert.is(code, 1)
  assert.match(stderr, 'violates PodSecurity "restricted')
})

onboarding('in each mode and kind the app has the role of its workload, and no other', async () => {
  await succeeds(`iam-ra role create readonly --policy ${READONLY}`)
  for (const { workload, role, mode, sample } of WORKLOADS) {
    const line = `iam-ra k8s onboard ${workload} --role ${role} --mode ${mode} --sample ${sample}`
    await succeeds(`${line} | kubectl apply -f -`)
  }
  for (const { workload, role } of WORKLOADS) {
    const pod = await podOf('default', workload)
    const log = await untilLogged(operator, ['default', pod.metadata.name], 'app', /"Arn"/)
    assert.match(log, identityOf(role), workload)
  }
})

onboarding('a Job completes, its sidecar ended by itself', async () => {
  for (const { workload } of WORKLOADS.filter(({ sample }) => sample === 'job')) {
    const pod = await completedPod(operator, ['default', `${workload}-sample`])
    assert.equal([sidecarOf(pod).state.terminated?.exitCode, sidecarOf(pod).restartCount], [0, 0], workload)
  }
})

onboarding('--apply --wait ends when the pod has credentials', async () => {
  const { stderr } = await succeeds('iam-ra k8s onboard ledger --role admin --apply --wait')
  assert.match(stderr, 'pod/ledger-sample has credentials')
  await untilLogged(operator, ['default', 'ledger-sample'], 'app', identityOf('admin'))
})

onboarding("a claim to another's role is refused by AWS, and by Vault if it is to the name too", async () => {
  const { stdout: own } = await succeeds(
    `iam-ra k8s onboard intruder --role readonly --mode init --k8s-namespace ${OTHER}`,
  )
  const [mine, others] = [arnsIn(own), await arnsOf('default', 'payment-service')]
  const role = own.replaceAll(mine.role, others.role).replaceAll(mine.profile, others.profile)
  const name = role.replace(
    /\$\(POD_SERVICE_ACCOUNT\)\..*\$\(CLUSTER\)(?="?$)/m,
    'payment-service.default.demo',
  )
  const [toRole = '', toName = ''] = [role, name].map((text, at) =>
    text.replaceAll(/intruder(?=-sample|-iam-ra)/g, `claim-${at}`),
  )
  for (const text of [own, toRole, toName]) await operator.kubectl(['apply', '--filename', '-'], text)
  const [byAws, byVault] = [await refusalOf('claim-0-sample'), await refusalOf('claim-1-sample')]
  assert.equal([byAws.exitCode, byVault.exitCode], [5, 4])
  assert.match(byAws.message, `Unable to assume role for ${others.role}`)
  assert.match(byVault.message, 'common name payment-service.default.demo not allowed by this role')
  // All else is as it must be.
  await untilLogged(operator, [OTHER, 'intruder-sample'], 'app', identityOf('readonly'))
  for (const kind of ['pod', 'configmap']) {
    const selector = ['--selector', 'iam-ra/workload=intruder', '--namespace', OTHER]
    await operator.kubectl(['delete', kind, ...selector, '--now'])
  }
  await operator.kubectl(['apply', '--filename', '-'], own)
})

onboarding('doctor and list find nothing that does not fit', async () => {
  await succeeds('iam-ra k8s list --exit-code')
  await succeeds('iam-ra doctor --exchange --workload ledger')
})

onboarding('after offboard a new pod gets nothing', async () => {
  const { stdout } = await succeeds('iam-ra k8s onboard payment-service --role admin')
  await succeeds('iam-ra k8s offboard payment-service --yes --apply')
  await operator.kubectl(['wait', 'pod/payment-service-sample', '--for=delete', '--timeout=60s'])
  await operator.kubectl(['apply', '--filename', '-'], stdout)
  const name = ['default', 'payment-service-sample'] as const
  await untilLogged(operator, name, 'aws-iam-ra', /no credentials yet.*Unable to assume role for/)
  const pod = await untilPod(operator, name, 'not started', () => true)
  assert.is(appOf(pod).state.running, undefined)
})

onboarding.run()

async function succeeds(line: string): Promise<ChildRun> {
  const ran = await operator.shell(line)
  assert.is(ran.code, 0, `${line}\n${ran.stdout}${ran.stderr}`)
  return ran
}

/** How its init container ended. */
async function refusalOf(name: string): Promise<{ readonly exitCode: number; readonly message: string }> {
  const pod = await untilPod(operator, [OTHER, name], 'refused', (one) => initEnd(one) !== undefined)
  assert.is(appOf(pod).state.running, undefined, 'the app never starts')
  return { exitCode: 0, message: '', ...initEnd(pod) }
}

/** Without the long rest of the page. */
function examplesIn(page: string): string {
  return (page.match(/^```console\n[^]*?^```/gm) ?? []).join('\n')
}

function identityOf(role: string): RegExp {
  return sessionOf(`arn:aws:iam::${EXAMPLE.account}:role/iam-ra-${role}`)
}

async function podOf(namespace: string, workload: string): Promise<Pod> {
  const selector = `iam-ra/workload=${workload}`
  return await until(
    `a pod of ${workload}`,
    async () => (await podsOf(operator, namespace, selector))[0],
    () => operator.kubectl(['get', 'events', '--namespace', namespace]),
  )
}

interface Arns {
  readonly role: string
  readonly profile: string
}

async function arnsOf(namespace: string, workload: string): Promise<Arns> {
  return arnsIn(
    await operator.kubectl([
      ...['get', 'configmap', '--namespace', namespace, `${workload}-iam-ra-config`, '--output', 'yaml'],
    ]),
  )
}

function arnsIn(yaml: string): Arns {
  const [role, profile] = ['ROLE_ARN', 'PROFILE_ARN'].map(
    (name) => new RegExp(`^ +${name}: "?(arn:[^"\\s]+)`, 'm').exec(yaml)?.[1],
  )
  if (role === undefined || profile === undefined) throw new Error(`no ARNs in:\n${yaml}`)
  return { role, profile }
}
