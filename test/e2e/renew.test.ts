import { generateKeyPairSync } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ask } from '../commands/reader.ts'
import { createAuthority, pemOf, randomSerial, type Authority } from '../rig/emulators/authority.ts'
import { signCertificate } from '../rig/emulators/certificate.ts'
import { EXAMPLE, startStage, type Stage } from '../rig/emulators/stage.ts'
import { makeFolder, put, putCredentials, withStage, type Run } from './harness.ts'
import { isAlive, startLongLived, type LongLived } from './long-lived.ts'
import { hasCredentials } from './outcome.ts'
import { hangAt, serverIdentity } from './servers.ts'

const stage: Stage = await startStage()

const WRITTEN = 'credentials written to'
const OTHER = '[other]\naws_access_key_id = AKIAOTHEROTHEROTHER\n# kept\n'

/** Ended, with the latest credentials in the file and no Vault token left. */
async function ended(renewing: LongLived, own: Stage = stage, profile = 'default'): Promise<Run> {
  const done = await renewing.stop()
  hasCredentials(own, done, profile)
  assert.is(own.vaultEmulator.liveTokens(), 0)
  return done
}

const renew = suite('e2e: renew')
renew.after.each(() => {
  stage.vault.intercept = undefined
  stage.rolesAnywhere.intercept = undefined
})
renew.after(() => stage.close())

renew('writes the file at once and anew at SIGHUP, and keeps what is not its own', async () => {
  const folder = makeFolder()
  putCredentials(folder, OTHER)
  const renewing = await startLongLived(stage, 'renew', { folder, env: { AWS_PROFILE: 'app' } })
  await renewing.shows(WRITTEN)
  const first = readFileSync(folder.credentials, 'utf8')
  assert.is((await ask(renewing.healthPort, '/readyz')).status, 200)
  renewing.renew()
  await renewing.shows(WRITTEN, 2)
  const done = await ended(renewing, stage, 'app')
  assert.is.not(done.credentials, first)
  assert.ok(done.credentials?.startsWith(OTHER))
  assert.equal(done.files, ['.aws/credentials'])
  assert.is(statSync(folder.credentials).mode & 0o777, 0o600)
  assert.is(done.aws.length, 2)
  assert.is(done.terminationLog, '')
})

renew('leaves the file whole for who reads it all the time', async () => {
  const folder = makeFolder()
  const renewing = await startLongLived(stage, 'renew', { folder })
  await renewing.shows(WRITTEN)
  const texts = new Set<string>()
  const over = new AbortController()
  const reading = (async () => {
    while (!over.signal.aborted) {
      texts.add(readFileSync(folder.credentials, 'utf8'))
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  for (let times = 2; times <= 4; times += 1) {
    renewing.renew()
    await renewing.shows(WRITTEN, times)
  }
  const done = await ended(renewing)
  over.abort()
  await reading
  texts.add(done.credentials ?? '')
  const whole = stage.sessions.issued.map((one) =>
    [
      `aws_access_key_id = ${one.accessKeyId}`,
      `aws_secret_access_key = ${one.secretAccessKey}`,
      `aws_session_token = ${one.sessionToken}`,
    ].join('\n'),
  )
  assert.ok(
    [...texts].every((text) => text.endsWith('\n') && whole.some((lines) => text.includes(lines))),
    'half a file was read',
  )
  assert.is(texts.size, 4)
})

renew('lives on while Vault fails, with the file as it was', async () => {
  const folder = makeFolder()
  putCredentials(folder, OTHER)
  stage.vault.intercept = () => ({ status: 503, headers: {}, body: '{"errors":["Vault is sealed"]}' })
  const renewing = await startLongLived(stage, 'renew', { folder, env: { DEADLINE: '1' } })
  await renewing.shows('no credentials yet')
  stage.vault.intercept = () => ({ status: 403, headers: {}, body: '{"errors":["permission denied"]}' })
  renewing.renew()
  await renewing.shows('no credentials yet', 2)
  stage.vault.intercept = () => 'cut'
  renewing.renew()
  await renewing.shows('no credentials yet', 3)
  assert.ok(isAlive(renewing.pid))
  assert.is(readFileSync(folder.credentials, 'utf8'), OTHER)
  assert.is((await ask(renewing.healthPort, '/livez')).status, 200)
  stage.vault.intercept = undefined
  renewing.renew()
  await renewing.shows('renewals succeed again')
  assert.ok((await ended(renewing)).credentials?.startsWith(OTHER))
})

renew('ends with 0 while CreateSession hangs, the Vault token revoked and the file as it was', async () => {
  const folder = makeFolder()
  const renewing = await startLongLived(stage, 'renew', { folder })
  await renewing.shows(WRITTEN)
  const before = readFileSync(folder.credentials, 'utf8')
  const arrived = hangAt(stage.rolesAnywhere, /sessions/)
  renewing.renew()
  await renewing.until(arrived)
  const done = await renewing.stop('SIGINT')
  assert.is(done.credentials, before)
  assert.is(stage.vaultEmulator.liveTokens(), 0)
})

renew.run()

const inputs = suite('e2e: what renew reads anew')

inputs('the token, as the kubelet replaces it', () =>
  withStage({}, async (own) => {
    const [first, second] = [own.token(), own.token()]
    const folder = makeFolder()
    const renewing = await startLongLived(own, 'renew', { folder, token: first, secrets: [second] })
    await renewing.shows(WRITTEN)
    writeFileSync(folder.token, second)
    renewing.renew()
    await renewing.shows(WRITTEN, 2)
    const logins = (await ended(renewing, own)).vault.filter(({ request }) => request.path.endsWith('/login'))
    assert.equal(
      logins.map(({ request }) => [first, second].findIndex((token) => request.body.includes(token))),
      [0, 1],
    )
  }),
)

inputs("Vault's CA", () =>
  withStage({ tls: true }, async (own) => {
    const folder = makeFolder()
    const ca = put(folder, 'ca.pem', own.tlsAuthority ?? '')
    const renewing = await startLongLived(own, 'renew', {
      folder,
      env: { VAULT_CACERT: ca, AWS_CA_BUNDLE: put(folder, 'aws.pem', own.tlsAuthority ?? '') },
    })
    await renewing.shows(WRITTEN)
    put(folder, 'ca.pem', serverIdentity({}).ca)
    renewing.renew()
    await renewing.shows('not trusted')
    put(folder, 'ca.pem', 'no certificate')
    renewing.renew()
    await renewing.shows('contains no PEM certificate')
    put(folder, 'ca.pem', own.tlsAuthority ?? '')
    renewing.renew()
    await renewing.shows(WRITTEN, 2)
    assert.match(
      (await ended(renewing, own)).stderr,
      /stage=identity code=TLS [^]*stage=settings code=SETTINGS_INVALID/,
    )
  }),
)

inputs('a mounted certificate with its key', () =>
  withStage({}, async (own) => {
    const authority = createAuthority({ commonName: 'Another Root CA', nowMs: Date.now() })
    own.rolesAnywhereEmulator.options.anchors = [{ arn: EXAMPLE.anchorArn, certificates: [authority.pem] }]
    // Not in the run's folder, where no key may be found.
    const volume = mkdtempSync(join(tmpdir(), 'iam-ra-volume-'))
    try {
      const serials = [mount(volume, authority)]
      const renewing = await startLongLived(own, 'renew', {
        env: {
          ...Object.fromEntries(Object.keys(own.env).map((name) => [name, undefined])),
          ROLE_ARN: EXAMPLE.roleArn,
          ANCHOR_ARN: EXAMPLE.anchorArn,
          PROFILE_ARN: EXAMPLE.profileArn,
          AWS_ENDPOINT_URL_ROLESANYWHERE: own.rolesAnywhere.url,
          CERTIFICATE_FILE: join(volume, 'tls.crt'),
          PRIVATE_KEY_FILE: join(volume, 'tls.key'),
        },
      })
      await renewing.shows(WRITTEN)
      serials.push(mount(volume, authority))
      renewing.renew()
      await renewing.shows(WRITTEN, 2)
      assert.equal(
        own.rolesAnywhereEmulator.created.map(({ serial }) => serial.toLowerCase()),
        serials,
      )
      assert.is((await ended(renewing, own)).vault.length, 0)
    } finally {
      rmSync(volume, { recursive: true })
    }
  }),
)

/** The next version of a Secret's volume, swapped as a kubelet does. @returns the leaf's serial, lower-case hex */
function mount(volume: string, authority: Authority): string {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const serial = randomSerial()
  const nowMs = Date.now()
  const der = signCertificate(
    {
      subject: [['CN', EXAMPLE.commonName]],
      publicKey: keys.publicKey,
      serial,
      notBeforeMs: nowMs - 60_000,
      notAfterMs: nowMs + 3_600_000,
      keyUsage: ['digitalSignature'],
    },
    authority,
  )
  const files = {
    'tls.crt': `${pemOf('CERTIFICATE', der)}\n`,
    'tls.key': keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  }
  const isFirst = !existsSync(join(volume, '..data'))
  const version = `..${serial.toString('hex')}`
  mkdirSync(join(volume, version))
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(volume, version, name), text)
    if (isFirst) symlinkSync(`..data/${name}`, join(volume, name))
  }
  symlinkSync(version, join(volume, '..data_tmp'))
  renameSync(join(volume, '..data_tmp'), join(volume, '..data'))
  return serial.toString('hex')
}

inputs.run()
