/**
 * 169.254.169.254 in a network of its own, as in a pod: the shipped file adds it with the one capability, serves there
 * without any, and curl and the SDKs of others find it without being told.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closed, listening } from '../../commands/reader.ts'
import { makeFolder, run, type Run, type RunFolder, type RunOptions } from '../../e2e/harness.ts'
import { endServing, latestKey, startLongLived, type LongLived } from '../../e2e/long-lived.ts'
import { EXAMPLE, startStage } from '../../rig/emulators/stage.ts'
import { cleanEnv } from '../../rig/processes/clean-env.ts'
import { runChild } from '../../rig/processes/child.ts'
import { createNeighbour } from '../../rig/flood/network.ts'
import { inOwnNetwork } from '../../rig/processes/own-network.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { appEnv, askOnce } from './apps.ts'
import { READERS } from './readers.ts'

inOwnNetwork(import.meta.filename)

const POD_USER = 65_532
const ADDRESS = '169.254.169.254'
const METADATA = { METADATA_ADDR: `${ADDRESS}:80` }
const ROLES = `http://${ADDRESS}/latest/meta-data/iam/security-credentials/`
const [ROLE] = EXAMPLE.roleArn.split('/').slice(-1)

const python = pythonEnvironment()
const stage = await startStage()

/** A container's root file system is read-only; the run's folder stays as it is, for the termination log. */
const READ_ONLY =
  'mount --make-rprivate / && mount --bind "$PWD" "$PWD" && mount -o remount,bind,ro / && cd "$PWD" && exec "$@"'

/** As the kubelet starts the init container: uid 0 and these capabilities, none to be gained. */
async function addAddress(
  capabilities: string,
  env: RunOptions['env'] = {},
): Promise<Pick<Run, 'code' | 'stderr' | 'terminationLog'>> {
  const drop = ['setpriv', '--no-new-privs', '--inh-caps=-all', `--bounding-set=${capabilities}`, '--']
  const under = ['unshare', '--mount', 'sh', '-c', READ_ONLY, 'sh', ...drop]
  return await run(stage, { args: ['metadata-address'], under, env })
}

function addressesOfLo(): string {
  return execFileSync('ip', ['-4', '-oneline', 'address', 'show', 'lo'], {
    env: cleanEnv({}),
    encoding: 'utf8',
  })
}

function allowPorts(from: number): void {
  writeFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', String(from))
}

function podFolder(): RunFolder {
  const folder = makeFolder()
  chmodSync(dirname(folder.path), 0o755)
  for (const path of [folder.path, folder.home, folder.terminationLog]) chmodSync(path, 0o777)
  return folder
}

async function serve(env: Readonly<Record<string, string>> = {}): Promise<LongLived> {
  const folder = podFolder()
  const serving = await startLongLived(stage, 'serve', {
    folder,
    uid: POD_USER,
    env: { ...METADATA, ...env },
  })
  await serving.shows('serving credentials')
  return serving
}

/** Of a serve that ends by itself. */
async function refusedServe(): Promise<string> {
  const done = await run(stage, { args: ['serve'], folder: podFolder(), uid: POD_USER, env: METADATA })
  assert.is(done.code, 6)
  assert.is(done.stderr.trim(), `aws-iam-ra: ${done.terminationLog}`.trim())
  return done.stderr
}

async function curl(...args: string[]): Promise<string> {
  const { stdout } = await runChild('curl', ['-s', '-w', '\n%{http_code}', ...args], cleanEnv({}))
  return stdout
}

const address = suite('169.254.169.254')
address.after(() => stage.close())

address('is not added by the pod’s user, nor by root without NET_ADMIN', async () => {
  const { code, stderr, terminationLog } = await addAddress('-all')
  const pods = await run(stage, { args: ['metadata-address'], folder: podFolder(), uid: POD_USER })
  assert.equal([code, pods.code], [6, 6])
  assert.is(pods.stderr, stderr)
  assert.match(
    stderr,
    /^aws-iam-ra: sink: cannot add .*: this container lacks the NET_ADMIN capability\nhint: /,
  )
  assert.is(`aws-iam-ra: ${terminationLog}`.trim(), stderr.trim())
  assert.not.match(addressesOfLo(), ADDRESS)
})

address('is what serve says is missing, before it was added', async () => {
  assert.match(
    await refusedServe(),
    /cannot listen on 169\.254\.169\.254:80: this pod has no such address, so the init container aws-iam-ra-address has not run\nhint: add it before/,
  )
})

address(
  'is added by root with NET_ADMIN alone, for this pod alone, and nothing is read or written',
  async () => {
    // Manifests set it for init containers, and without the compiler Bun calls no C library.
    const done = await addAddress('-all,+net_admin', {
      BUN_JSC_useJIT: '0',
      VAULT_ADDR: undefined,
      HOME: undefined,
    })
    assert.is(done.stderr, `aws-iam-ra: ${ADDRESS} added to lo\n`)
    assert.equal([done.code, done.terminationLog], [0, ''])
    assert.match(addressesOfLo(), `inet ${ADDRESS}/32 scope host lo`)
  },
)

address('may be added again, with NET_ADMIN or without, up or down', async () => {
  const already = { code: 0, stderr: `aws-iam-ra: ${ADDRESS} is already on lo\n` }
  for (const state of ['up', 'down', 'up']) {
    execFileSync('ip', ['link', 'set', 'lo', state], { env: cleanEnv({}) })
    const { code, stderr } = await addAddress('-all,+net_admin')
    assert.equal({ code, stderr }, already, state)
  }
  const { code, stderr } = await addAddress('-all')
  assert.equal({ code, stderr }, already)
  assert.is(addressesOfLo().split(ADDRESS).length, 2)
})

address('port 80 needs the pod’s sysctl, and nobody else on it', async () => {
  assert.match(
    await refusedServe(),
    /this user is not allowed to use that port\nhint: set the sysctl net\.ipv4\.ip_unprivileged_port_start/,
  )
  allowPorts(80)
  const app = await listening(80, '0.0.0.0')
  try {
    assert.match(
      await refusedServe(),
      /that port is already in use in this pod\nhint: let the app listen on another port/,
    )
  } finally {
    await closed(app)
  }
})

address('gives curl nothing without a session', async () => {
  const serving = await serve({ METADATA_REGION: 'eu-central-1' })
  await serving.shows(`listening on ${ADDRESS}, port 80, for instance metadata`)
  for (const url of [ROLES, `${ROLES}${ROLE}`, `http://${ADDRESS}/latest/meta-data/placement/region`])
    assert.match(await curl(url), /\n401$/)
  assert.match(
    await curl(`http://${ADDRESS}/v1/credentials`, '-H', `Authorization: ${serving.token()}`),
    /\n404$/,
  )
  await endServing(stage, serving)
})

address('gives curl the role, its keys and the region where IMDSv1 is asked for', async () => {
  const serving = await serve({ METADATA_REGION: 'eu-central-1', IMDS_V1: 'true' })
  assert.is(await curl(ROLES), `${ROLE}\n200`)
  assert.ok((await curl(`${ROLES}${ROLE}`)).includes(`"AccessKeyId":"${latestKey(stage)}"`))
  assert.is(await curl(`http://${ADDRESS}:80/latest/meta-data/placement/region`), 'eu-central-1\n200')
  const identity = `http://${ADDRESS}/latest/dynamic/instance-identity/document`
  assert.is(await curl(identity), '{\n  "accountId" : "111122223333",\n  "region" : "eu-central-1"\n}\n200')
  assert.match(
    await curl(`http://127.0.0.1:${serving.port}/latest/meta-data/`, '-H', `Host: ${ADDRESS}`),
    /\n403$/,
  )
  assert.match(await curl(ROLES, '-H', 'Host: localhost'), /\n403$/)
  await endServing(stage, serving)
})

address('is not reached from another machine of the same link', async () => {
  const serving = await serve({ IMDS_V1: 'true' })
  const neighbour = createNeighbour()
  try {
    const [ip = '', ...within] = neighbour.within
    const from = [...within, 'ip', 'route', 'add', ADDRESS, 'via', neighbour.address]
    execFileSync(ip, from, { env: cleanEnv({}) })
    const url = [`http://${neighbour.address}:9`, ROLES].map((one) =>
      runChild(ip, [...within, 'curl', '-s', '--max-time', '5', one], cleanEnv({})),
    )
    const [other, ours] = await Promise.all(url)
    // Refused by the kernel, where nobody listens; closed by us, without a byte of an answer.
    assert.is(other?.code, 7)
    assert.ok([52, 56].includes(ours?.code ?? 0), String(ours?.code))
    assert.is(ours?.stdout, '')
  } finally {
    neighbour.remove()
  }
  assert.is(await curl(ROLES), `${ROLE}\n200`)
  await endServing(stage, serving)
})

for (const reader of READERS) {
  address(
    `${reader} finds credentials there without a word about it, after a restart of serve too`,
    async () => {
      const home = scratchFolder('metadata-address')
      for (let start = 0; start < 2; start += 1) {
        const serving = await serve()
        const answer = await askOnce(reader, python, appEnv(stage, home))
        assert.equal(answer, { arn: stage.sessions.issued.at(-1)?.assumedRoleArn, buckets: stage.buckets })
        await endServing(stage, serving)
      }
    },
  )
}

address.run()
