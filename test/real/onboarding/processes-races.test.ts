/** Processes of `iam-ra` at once, on one role: who was onboarded exchanges with a certificate that Vault signed, and who was offboarded does not. */
import { generateKeyPairSync } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readInstallation } from '../../../src/onboarding/aws/installation.ts'
import type { EmulatorResponse } from '../../rig/emulators/http.ts'
import { bodyOf, sessionRequest, signingRequestWith } from '../../rig/emulators/requests.ts'
import type { ChildRun } from '../../rig/processes/child.ts'
import { api } from '../../rig/servers/api.ts'
import { startGround } from './ground.ts'
import { roleOf } from './operator.ts'
import { openPastGate, readWorld } from './world.ts'

const NAMES = ['w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8'] as const
const POLICY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'

const ground = await startGround()
const { aws, kubernetes, vaultServer } = ground
const account = await openPastGate(aws)

const races = suite('processes at once')
races.after.each(() => void Object.assign(aws.gate.stale, { tags: 0, policies: 0 }))
races.after(async () => {
  account.close()
  await ground.stop()
})

async function succeeds(line: string): Promise<ChildRun> {
  const run = await ground.iamRa(line.split(' '))
  assert.is(run.code, 0, `${line}\n${run.stderr}`)
  return run
}

const onboard = (name: string): Promise<ChildRun> =>
  succeeds(`k8s onboard ${name} --role admin --cluster prod`)
const offboard = (name: string): Promise<ChildRun> => succeeds(`k8s offboard ${name} --yes --cluster prod`)

/** As its pod goes the way: login with the account's token, a certificate of Vault, a session. @returns `done`, or who refused */
async function exchange(name: string): Promise<string> {
  const jwt = await kubernetes.token('default', name, 'vault')
  const write = (path: string, body: object, token = '') =>
    api('PUT', `${vaultServer.url}/v1/${path}`, {
      body,
      headers: token === '' ? {} : { 'X-Vault-Token': token },
    })
  const login = await write('auth/kubernetes-prod/login', { role: 'default', jwt })
  if (login.status !== 200) return `Vault's login: ${login.status}`
  const { client_token: token } = login.json['auth'] as { readonly client_token: string }
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const csr = await signingRequestWith(keys, {
    ...{ subject: `CN=${name}.default.prod`, dns: [`${name}.default.prod`] },
    uris: [`spiffe://prod/ns/default/sa/${name}`],
  })
  const signed = await write('pki-prod/sign/iam-ra-prod', { csr }, token)
  if (signed.status !== 200) return `Vault's CA: ${signed.status} ${JSON.stringify(signed.json)}`
  const {
    certificate,
    ca_chain: chain,
    serial_number: serial,
  } = signed.json['data'] as {
    readonly certificate: string
    readonly ca_chain: readonly string[]
    readonly serial_number: string
  }
  const installation = await readInstallation(account, 'default')
  const { arn: roleArn, profiles } = roleOf(installation, 'admin')
  const der = (pem: string): Buffer => Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ''), 'base64')
  const request = sessionRequest({
    ...{ nowMs: Date.now(), key: keys.privateKey, leaf: der(certificate), chain: chain.slice(0, 1).map(der) },
    serial: BigInt(`0x${serial.replaceAll(':', '')}`),
    body: {
      ...{ trustAnchorArn: installation.anchor?.arn ?? '', roleArn },
      profileArn: profiles[0]?.arn ?? '',
    },
  })
  const answer = (await aws.rolesAnywhere.handle(request)) as EmulatorResponse
  return answer.status === 201 ? 'done' : String(bodyOf(answer)['message'])
}

/** Those of the names that get a session; all others are refused by the role, and by nothing before. */
async function whoExchanges(): Promise<readonly string[]> {
  const answers = await Promise.all(NAMES.map((name) => exchange(name)))
  for (const one of answers) assert.match(one, /^done$|^Unable to assume role/)
  return NAMES.filter((_name, at) => answers[at] === 'done')
}

/** One tag for each, one name in the policy for each, all of them admitted by Vault's one role. */
async function isWhole(bound: readonly string[]): Promise<void> {
  const { roles, vault } = await readWorld(ground, account)
  assert.is(roles.length, 1)
  const [role] = roles
  const tags = role?.tags.filter(({ Key }) => Key.includes('workload/')).map(({ Key }) => Key) ?? []
  assert.equal(
    tags.toSorted(),
    bound.map((name) => `iam-ra:default:workload/prod/default/${name}`),
  )
  const names = [...(role?.policy.matchAll(/\bw\d\.default\.prod\b/g) ?? [])].map(([name]) => name)
  assert.equal(
    names.toSorted(),
    bound.map((name) => `${name}.default.prod`),
  )
  const inVault = vault.auth['kubernetes-prod/']?.['roles'] as Readonly<
    Record<string, Readonly<Record<string, unknown>>>
  >
  assert.equal(Object.keys(inVault), ['default'])
  const admitted = inVault['default']?.['bound_service_account_names'] as readonly string[]
  assert.equal(admitted.toSorted(), NAMES)
}

for (const line of [
  'init --ca-mode vault',
  `role create admin --policy ${POLICY}`,
  'k8s setup prod --apply',
  'k8s setup prod',
]) {
  await succeeds(line)
}
for (const name of NAMES) await kubernetes.makeServiceAccount('default', name)

for (const [round, stale] of [
  { tags: 0, policies: 0 },
  { tags: 1, policies: 2 },
  { tags: 2, policies: 1 },
].entries()) {
  races(`nobody is lost or doubled, and nobody stays who was taken away: round ${round + 1}`, async () => {
    const left = NAMES.slice(4)
    // Who reads that it is bound, from before the offboarding of the last round, has nothing to do.
    aws.gate.catchUp()
    Object.assign(aws.gate.stale, stale)
    // IAM catches up meanwhile, as it does.
    const caughtUp = setTimeout(() => Object.assign(aws.gate.stale, { tags: 0, policies: 0 }), 4000)
    await Promise.all(NAMES.map((name) => onboard(name)))
    clearTimeout(caughtUp)
    Object.assign(aws.gate.stale, { tags: 0, policies: 0 })
    assert.equal(await whoExchanges(), NAMES)
    await isWhole(NAMES)
    await Promise.all(NAMES.slice(0, 4).map((name) => offboard(name)))
    assert.equal(await whoExchanges(), left)
    // Some come while others go.
    await Promise.all([
      ...NAMES.slice(0, 4).map((name) => onboard(name)),
      ...left.map((name) => offboard(name)),
    ])
    assert.equal(await whoExchanges(), NAMES.slice(0, 4))
    await isWhole(NAMES.slice(0, 4))
    await Promise.all(NAMES.slice(0, 4).map((name) => offboard(name)))
    assert.equal(await whoExchanges(), [])
  })
}

races.run()
