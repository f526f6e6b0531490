import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { installCertManager, issue } from './cert-manager.ts'
import { check, checkCopy } from './check.ts'
import { BUCKET } from './cloud.ts'
import { startCluster, STRANGER, until } from './cluster.ts'
import { inNamespaces } from './namespaces.ts'
import {
  appOf,
  callerIn,
  completedPod,
  describe,
  initEnd,
  isReady,
  podsOf,
  searchIn,
  sessionOf,
  sidecarOf,
  untilLogged,
  untilPod,
  untilRootAlone,
  type Pod,
  type PodName,
} from './pods.ts'
import { killContainer, signalContainer } from './restarts.ts'

await inNamespaces(import.meta.filename)

const { namespace } = EXAMPLE
const SESSION = sessionOf(EXAMPLE.roleArn)
const overlay = (name: string): string => `test/node/overlay/${name}`

const cluster = await startCluster()
await installCertManager(cluster)
await cluster.apply(overlay('sidecar-late'))
const late = await podOf('batch.kubernetes.io/job-name=report-late')
const logWhileDown = await untilLogged(cluster, nameOf(late), 'aws-iam-ra', / hint="/)
const describedWhileDown = await until(
  'a startup probe that failed',
  async () => /^.*Startup probe failed: .* 503$/m.exec(await describe(cluster, ...nameOf(late)))?.[0],
  () => describe(cluster, ...nameOf(late)),
)
const whileDown = await podOf('batch.kubernetes.io/job-name=report-late')
await cluster.vault.relay.open()
for (const name of ['cert-manager', 'sidecar', 'renew', 'sidecar-job', 'stranger']) {
  await cluster.apply(overlay(name))
  if (name === 'cert-manager') await issue(cluster, namespace, 'vault-auth')
}

const sidecars = suite('sidecars on a real node')
sidecars.after(() => cluster.stop())

sidecars('while Vault is down the app does not start, and the log and kubectl describe say why', () => {
  assert.equal(
    [sidecarOf(whileDown).started, appOf(whileDown).state.waiting?.reason],
    [false, 'PodInitializing'],
  )
  assert.match(describedWhileDown, /: HTTP probe failed with statuscode: 503$/)
  assert.match(logWhileDown, /warning: no credentials yet, next run in .*Vault/)
})

sidecars('the app gets its credentials from the sidecar, and no file of the pod has them', async () => {
  const pod = await readyPod('app=s3-service')
  assert.equal([sidecarOf(pod).restartCount, appOf(pod).restartCount], [0, 0])
  assert.match(await callerIn(cluster, nameOf(pod)), SESSION)
  assert.match(await metricsOf(pod), /requests_total\{endpoint="container",status="200"\} [1-9]/)
  assert.ok(await untilLogged(cluster, nameOf(pod), 'app', new RegExp(BUCKET)))
  const keys = cluster.cloud.sessions.issued.map(({ secretAccessKey }) => secretAccessKey)
  const { found, files, mounts } = await searchIn(cluster, nameOf(pod), [...keys, ...cluster.vault.secrets()])
  assert.equal(found, [])
  assert.ok(files > 20 && keys.length > 0, 'it looked for something')
  assert.equal(
    mounts.filter((line) => /vault|serviceaccount/.test(line)),
    [],
  )
})

sidecars("the token file is the app's own, for its user alone and without a newline", async () => {
  const file = tokenFile(await readyPod('app=s3-service'))
  const { mode, uid } = statSync(file)
  assert.equal([(mode & 0o7777).toString(8), uid], ['600', 65532])
  assert.ok(/^[\w+/=-]{32,}$/.test(readFileSync(file, 'utf8')))
})

sidecars('SIGHUP brings another session to an app that goes on', async () => {
  const before = await readyPod('app=s3-service')
  const caller = await callerIn(cluster, nameOf(before))
  signalContainer(sidecarOf(before).containerID ?? '', 'SIGHUP')
  await untilOther(before, caller)
  const after = await readyPod('app=s3-service', before.metadata.name)
  assert.equal(containersOf(after), containersOf(before))
})

sidecars('a sidecar that is killed starts again beside the app, with another token', async () => {
  const before = await readyPod('app=s3-service')
  const caller = await callerIn(cluster, nameOf(before))
  const token = readFileSync(tokenFile(before), 'utf8')
  killContainer(sidecarOf(before).containerID ?? '')
  const after = await untilPod(cluster, nameOf(before), 'the sidecar anew', (pod) => {
    return isReady(pod) && sidecarOf(pod).restartCount === 1
  })
  assert.is(sidecarOf(after).lastState.terminated?.exitCode, 137)
  assert.is(appOf(after).containerID, appOf(before).containerID)
  assert.ok(readFileSync(tokenFile(after), 'utf8') !== token, 'the token is another')
  assert.is(statSync(tokenFile(after)).mode & 0o7777, 0o600)
  await untilOther(before, caller)
})

sidecars('a Job completes, its sidecar ended by itself', async () => {
  const pod = await completedPod(cluster, [namespace, 'report'])
  assert.equal([sidecarOf(pod).state.terminated?.exitCode, sidecarOf(pod).restartCount], [0, 0])
  await untilLogged(cluster, nameOf(pod), 'app', SESSION)
})

sidecars("a certificate of cert-manager's, and the one after it, are an app's way through IMDS", async () => {
  const pod = await readyPod('app=s3-archive')
  const mounted = join(volumes(pod), 'kubernetes.io~secret/iam-ra-certificate/tls.crt')
  const caller = await callerIn(cluster, nameOf(pod))
  assert.match(caller, SESSION)
  const { serial, certificate } = await issue(cluster, namespace, 'vault-auth')
  assert.ok(!caller.endsWith(serial))
  await until(
    'the certificate in the volume',
    () => Promise.resolve(readFileSync(mounted, 'utf8') === certificate || undefined),
    () => describe(cluster, ...nameOf(pod)),
  )
  signalContainer(sidecarOf(pod).containerID ?? '', 'SIGHUP')
  const next = await untilOther(pod, caller)
  assert.ok(next.endsWith(`/${serial}`), next)
  assert.match(await metricsOf(pod), /requests_total\{endpoint="imds-credentials",status="200"\} [1-9]/)
})

sidecars('renew writes the file anew at SIGHUP, and ends with 0 when the pod is deleted', async () => {
  const pod = await readyPod('app=s3-poller')
  const caller = await callerIn(cluster, nameOf(pod))
  assert.match(caller, SESSION)
  signalContainer(sidecarOf(pod).containerID ?? '', 'SIGHUP')
  await untilOther(pod, caller)
  // What the API server would forget at once stays until it was looked at.
  await finalizers(pod, ['iam-ra.test/look'])
  await cluster.kubectl([...at(pod, 'delete'), '--wait=false', '--grace-period=3'])
  const ended = await untilPod(
    cluster,
    nameOf(pod),
    'ended',
    (now) => sidecarOf(now).state.terminated !== undefined,
  )
  await finalizers(pod, [])
  assert.is(sidecarOf(ended).state.terminated?.exitCode, 0)
})

sidecars(
  'check says in a pod whose init container fails what is wrong, as docs/kubernetes.md has it',
  async () => {
    const pod = [STRANGER, 'demo'] as const
    await untilPod(cluster, pod, 'refused', (one) => initEnd(one) !== undefined)
    const { exitCode, report } = await check(cluster, pod)
    assert.is(exitCode, 3)
    assert.match(report, /^FAILED +login to Vault$/m)
    assert.match(report.replaceAll(/\s+/g, ' '), /does not allow the namespace stranger/)
  },
)

sidecars('check goes the whole way in a pod that runs', async () => {
  const { exitCode, report } = await check(cluster, nameOf(await readyPod('app=s3-service')))
  assert.is(exitCode, 0, report)
})

sidecars('check goes the whole way in a copy of a pod that has ended', async () => {
  const { exitCode, report } = await checkCopy(
    cluster,
    nameOf(await completedPod(cluster, [namespace, 'report'])),
  )
  assert.is(exitCode, 0, report)
})

sidecars('once Vault is up the late one becomes ready by itself, and its Job completes', async () => {
  const pod = await completedPod(cluster, [namespace, 'report-late'])
  assert.is(pod.metadata.uid, whileDown.metadata.uid)
  assert.is(sidecarOf(pod).restartCount, 0)
})

sidecars('no token of a pod is left in Vault', async () => {
  await untilRootAlone(cluster, namespace)
})

sidecars.run()

function nameOf(pod: Pod): PodName {
  return [namespace, pod.metadata.name]
}

function at(pod: Pod, ...command: readonly string[]): readonly string[] {
  return [...command, '--namespace', namespace, 'pod', pod.metadata.name]
}

function containersOf(pod: Pod): readonly (string | undefined)[] {
  return [sidecarOf(pod), appOf(pod)].map(({ containerID }) => containerID)
}

/** Where the node has the pod's volumes. */
function volumes({ metadata }: Pod): string {
  return join('/var/lib/kubelet/pods', metadata.uid, 'volumes')
}

function tokenFile(pod: Pod): string {
  return join(volumes(pod), 'kubernetes.io~empty-dir/iam-ra-authorization/token')
}

async function podOf(selector: string, isIt: (pod: Pod) => boolean = () => true): Promise<Pod> {
  return await until(
    `a pod with ${selector}`,
    async () => (await podsOf(cluster, namespace, selector)).find(isIt),
    () => cluster.kubectl(['describe', 'pod', '--namespace', namespace, '--selector', selector]),
  )
}

async function readyPod(selector: string, name?: string): Promise<Pod> {
  return await podOf(selector, (pod) => isReady(pod) && (name ?? pod.metadata.name) === pod.metadata.name)
}

/** By the pod's address, as Prometheus asks. */
async function metricsOf({ metadata }: Pod): Promise<string> {
  const pod = `/api/v1/namespaces/${namespace}/pods/${metadata.name}`
  return await cluster.kubectl(['get', '--raw', `${pod}:9912/proxy/metrics`])
}

/** Waits until the app is someone else. */
async function untilOther(pod: Pod, caller: string): Promise<string> {
  const other = await until(
    'another session',
    async () => {
      const now = await callerIn(cluster, nameOf(pod))
      return now === caller ? undefined : now
    },
    () => describe(cluster, ...nameOf(pod)),
  )
  assert.match(other, SESSION)
  return other
}

async function finalizers(pod: Pod, list: readonly string[]): Promise<void> {
  const patch = JSON.stringify({ metadata: { finalizers: list } })
  await cluster.kubectl([...at(pod, 'patch'), '--type=merge', '--patch', patch])
}
