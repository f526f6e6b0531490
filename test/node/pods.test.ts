import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { AUDIT_ROLE, BUCKET } from './cloud.ts'
import { startCluster, STRANGER, until } from './cluster.ts'
import { inNamespaces } from './namespaces.ts'
import {
  callerIn,
  describe,
  initEnd,
  inPod,
  isReady,
  podsOf,
  searchIn,
  sessionOf,
  untilPod,
  untilRootAlone,
} from './pods.ts'
import { killContainer, killPod } from './restarts.ts'

await inNamespaces(import.meta.filename)

const { namespace } = EXAMPLE
const CLASSIC = [namespace, 'demo'] as const
const LATE = [namespace, 'demo-late'] as const
const overlay = (name: string): string => `test/node/overlay/${name}`

const cluster = await startCluster()
await cluster.apply(overlay('late'))
const whileDown = await untilPod(
  cluster,
  LATE,
  'the init container failed',
  (pod) => initEnd(pod) !== undefined,
)
await cluster.vault.relay.open()
for (const name of ['classic', 'other-uid', 'two-roles', 'deployment', 'stranger', 'job']) {
  await cluster.apply(overlay(name))
}

const pods = suite('pods on a real node')
pods.after(() => cluster.stop())

pods('a pod that starts while Vault is down says so, and recovers when Vault is up', async () => {
  const { exitCode, message = '' } = initEnd(whileDown) ?? {}
  assert.is(exitCode, 3)
  assert.match(message, /Vault/)
  assert.match(message, /\nhint: /)
  await untilPod(cluster, LATE, 'ready', isReady)
  assert.match(await callerIn(cluster, LATE), sessionOf(EXAMPLE.roleArn))
})

pods('the pod of the classic set-up is ready, and its app is who it should be', async () => {
  const pod = await untilPod(cluster, CLASSIC, 'ready', isReady)
  assert.is(pod.status.initContainerStatuses?.[0]?.restartCount, 0)
  assert.match(await callerIn(cluster, CLASSIC), sessionOf(EXAMPLE.roleArn))
  assert.match(await inPod(cluster, CLASSIC, ['aws', 's3', 'ls']), new RegExp(BUCKET))
})

pods('an app that runs as another user reads the file by its group', async () => {
  const pod = [namespace, 'other-uid'] as const
  await untilPod(cluster, pod, 'succeeded', ({ status }) => status.phase === 'Succeeded')
  await callerInLog('other-uid', EXAMPLE.roleArn)
})

pods('a pod with two roles has both', async () => {
  const pod = [namespace, 'two-roles'] as const
  await untilPod(cluster, pod, 'succeeded', ({ status }) => status.phase === 'Succeeded')
  for (const role of [EXAMPLE.roleArn, AUDIT_ROLE]) await callerInLog('two-roles', role)
})

pods('a pod of another namespace is refused by Vault, and kubectl describe says why', async () => {
  const pod = [STRANGER, 'demo'] as const
  const refused = await untilPod(cluster, pod, 'refused', (one) => initEnd(one) !== undefined)
  const { exitCode, message = '' } = initEnd(refused) ?? {}
  assert.is(exitCode, 3)
  assert.match(message, /refused the login .* as role frontend .* does not allow the namespace stranger/)
  assert.match(message, /\nhint: /)
  assert.not.match(message, /\beyJ/, 'a token stands in the message')
  const described = await describe(cluster, ...pod)
  for (const line of message.trim().split('\n')) assert.ok(described.includes(line), line)
  assert.is(refused.status.containerStatuses?.[0]?.state.running, undefined, 'the app never starts')
})

pods('with base, nothing of the exchange can be found from the app container', async () => {
  const pod = await readyReplica()
  const token = projectedToken(pod.metadata.uid)
  const secrets = cluster.vault.secrets()
  assert.ok(secrets.includes(token), 'the token that Vault was shown is among what is looked for')
  const { found, mounts, files } = await searchIn(cluster, [namespace, pod.metadata.name], secrets)
  assert.equal(found, [])
  assert.ok(files > 20, 'it looked at files')
  const kept = mounts.filter((line) => /vault|serviceaccount/.test(line))
  assert.equal(kept, [])
})

pods('what looks for it does find the credentials, where they should be and nowhere else', async () => {
  const pod = await readyReplica()
  const keys = cluster.cloud.sessions.issued.map(({ secretAccessKey }) => secretAccessKey)
  const { found } = await searchIn(cluster, [namespace, pod.metadata.name], keys)
  assert.equal(
    found.map(({ where }) => where),
    ['/home/app/.aws/credentials'],
  )
})

pods("in the classic pod the account's own token is the app's too, and Vault refuses it", async () => {
  const { found, mounts } = await searchIn(cluster, CLASSIC, cluster.vault.secrets())
  const tokens = found.filter(({ where }) => !where.startsWith('/proc/'))
  assert.ok(tokens.length > 0)
  for (const { where, which } of tokens) {
    assert.is(which, 'JWT')
    assert.match(where, /\/secrets\/kubernetes\.io\/serviceaccount\//)
  }
  assert.not.match(mounts.join('\n'), /secrets\/vault/)
  const jwt = await inPod(cluster, CLASSIC, [
    '/bin/busybox',
    'cat',
    '/var/run/secrets/kubernetes.io/serviceaccount/token',
  ])
  const answer = await cluster.vault.login(namespace, jwt)
  assert.is(answer.status, 403)
})

pods('an app container that is killed starts again and finds a working file', async () => {
  const before = await untilPod(cluster, CLASSIC, 'ready', isReady)
  const caller = await callerIn(cluster, CLASSIC)
  const app = before.status.containerStatuses?.[0]
  killContainer(app?.containerID ?? '')
  await untilPod(cluster, CLASSIC, 'restarted', (pod) => {
    const now = pod.status.containerStatuses?.[0]
    return isReady(pod) && now !== undefined && now.restartCount > (app?.restartCount ?? 0)
  })
  assert.is(await callerIn(cluster, CLASSIC), caller, 'the same session')
})

pods(
  'a pod that the node starts anew runs its init container again, over the file that is there',
  async () => {
    const before = await readyReplica()
    const pod = [namespace, before.metadata.name] as const
    const caller = await callerIn(cluster, pod)
    const init = before.status.initContainerStatuses?.[0]?.containerID
    killPod(before.metadata.uid)
    await untilPod(cluster, pod, 'ready again', (now) => {
      return isReady(now) && now.status.initContainerStatuses?.[0]?.containerID !== init
    })
    const again = await callerIn(cluster, pod)
    assert.match(again, sessionOf(EXAMPLE.roleArn))
    assert.is.not(again, caller, 'another session')
  },
)

pods('all completions of a job succeed, each with a session of its own', async () => {
  await until(
    'the job',
    async () => {
      const job = await cluster.request('GET', `/apis/batch/v1/namespaces/${namespace}/jobs/thousand`)
      const { succeeded = 0 } = job['status'] as { succeeded?: number }
      return succeeded === 20 ? succeeded : undefined
    },
    () => cluster.kubectl(['describe', 'job', '--namespace', namespace, 'thousand']),
  )
  const done = await podsOf(cluster, namespace, 'batch.kubernetes.io/job-name=thousand')
  assert.is(done.length, 20, 'no pod failed')
  const callers = await Promise.all(done.map(({ metadata }) => callerInLog(metadata.name, EXAMPLE.roleArn)))
  assert.is(new Set(callers).size, 20)
})

pods('no token of a pod is left in Vault', async () => {
  assert.ok(cluster.cloud.sessions.issued.length > 25)
  // A pod that the node has just started anew may hold one at this moment.
  await untilRootAlone(cluster, namespace)
})

pods.run()

/** The node's runtime may write the last lines of a container after it has said that it ended. */
async function callerInLog(name: string, roleArn: string): Promise<string> {
  const log = (): Promise<string> => cluster.kubectl(['logs', '--namespace', namespace, name])
  return await until(
    `the caller in the log of ${name}`,
    async () => sessionOf(roleArn).exec(await log())?.[0],
    log,
  )
}

async function readyReplica() {
  return await until(
    'a replica of the deployment',
    async () => (await podsOf(cluster, namespace, 'app=s3-reader')).find(isReady),
    () => cluster.kubectl(['describe', 'pod', '--namespace', namespace, '--selector', 'app=s3-reader']),
  )
}

/** As it lies on the node. */
function projectedToken(uid: string): string {
  const volumes = join('/var/lib/kubelet/pods', uid, 'volumes/kubernetes.io~projected')
  return readFileSync(join(volumes, 'iam-ra-token/token'), 'utf8')
}
