import * as fsPromises from 'node:fs/promises'
import { createPublicKey, verify, X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readMountedCertificate } from '../../src/certificate/mounted.ts'
import { IamRaError } from '../../src/errors.ts'
import type { Runtime } from '../../src/run/runtime.ts'
import type { IssuedCertificate } from '../../src/credentials.ts'
import { rejectsWithCode } from '../support/assert.ts'
import {
  fakeBounds,
  fakeClock,
  fakeRuntime,
  recordingLogger,
  type FakeClock,
} from '../support/fake-runtime.ts'
import { pem } from '../keys/read.ts'

const rotation = suite('a mounted certificate that is replaced')
const folder = mkdtempSync(join(tmpdir(), 'iam-ra-rotation-'))
rotation.after(() => rmSync(folder, { recursive: true }))

/** Two versions of one Secret. */
const OLD = { name: 'p256', 'tls.crt': pem('p256') + pem('intermediate'), 'tls.key': pem('p256-pkcs8') }
const NEW = {
  name: 'rsa-2048',
  'tls.crt': pem('rsa-2048') + pem('intermediate'),
  'tls.key': pem('rsa-2048-pkcs1'),
}
type Version = typeof OLD

interface Volume {
  readonly path: string
  readonly settings: { readonly certificateFile: string; readonly privateKeyFile: string }
}

let count = 0
function volume(): Volume {
  const path = join(folder, String((count += 1)))
  mkdirSync(path)
  return {
    path,
    settings: { certificateFile: join(path, 'tls.crt'), privateKeyFile: join(path, 'tls.key') },
  }
}

/** As spiffe-helper leaves it: plain files. */
function plain(version: Version): Volume {
  const made = volume()
  for (const file of ['tls.crt', 'tls.key'] as const) writeFileSync(join(made.path, file), version[file])
  return made
}

/** As a kubelet and cert-manager's CSI drivers leave it: the names lead through `..data`, which is swapped whole. */
function linked(version: Version): Volume {
  const made = volume()
  publish(made, version)
  for (const file of ['tls.crt', 'tls.key']) symlinkSync(`..data/${file}`, join(made.path, file))
  return made
}

function publish({ path }: Volume, version: Version): void {
  const data = `..${version.name}`
  mkdirSync(join(path, data))
  for (const file of ['tls.crt', 'tls.key'] as const) writeFileSync(join(path, data, file), version[file])
  symlinkSync(data, join(path, '..data_tmp'))
  renameSync(join(path, '..data_tmp'), join(path, '..data'))
  const old = version === NEW ? OLD : undefined
  if (old !== undefined) rmSync(join(path, `..${old.name}`), { recursive: true, force: true })
}

interface Read {
  readonly clock?: FakeClock
  readonly fs?: Runtime['fs']
  readonly deadlineMs?: number
  readonly signal?: AbortSignal
}

const logger = recordingLogger()

function read(
  { settings }: Volume,
  { clock = fakeClock(), fs = fsPromises, deadlineMs, signal }: Read = {},
): Promise<IssuedCertificate> {
  return readMountedCertificate(settings, {
    runtime: fakeRuntime({ clock, fs }),
    bounds: fakeBounds(clock, deadlineMs, signal),
    logger,
  })
}

/** A clock during whose pauses something happens: the first to the first pause, and so on. */
function pausing(...happenings: readonly (() => void)[]): FakeClock {
  const clock = fakeClock()
  let pauses = 0
  return {
    ...clock,
    sleep: async (ms, signal) => {
      happenings[pauses]?.()
      pauses += 1
      await clock.sleep(ms, signal)
    },
  }
}

async function isWhole(certificate: IssuedCertificate, version: Version): Promise<void> {
  assert.is(certificate.subject, `CN=${version.name}`)
  const data = Uint8Array.of(1, 2, 3)
  const { publicKey } = new X509Certificate(certificate.leaf)
  assert.ok(verify('sha256', data, publicKey, await certificate.sign(data)))
  assert.ok(publicKey.equals(createPublicKey(version['tls.key'])))
}

rotation('is read anew at each call', async () => {
  const mounted = plain(OLD)
  await isWhole(await read(mounted), OLD)
  for (const file of ['tls.crt', 'tls.key'] as const) writeFileSync(join(mounted.path, file), NEW[file])
  await isWhole(await read(mounted), NEW)
})

rotation('is one of the two versions and whole, wherever between the readings the volume swaps', async () => {
  let swaps = 0
  for (let at = 0; at < 5; at += 1) {
    const mounted = linked(OLD)
    let calls = 0
    const swapping = <T>(run: () => Promise<T>): Promise<T> => {
      if (calls === at) {
        publish(mounted, NEW)
        swaps += 1
      }
      calls += 1
      return run()
    }
    const fs = {
      ...fsPromises,
      stat: (path: string) => swapping(() => fsPromises.stat(path)),
      open: (path: string, flags: number) => swapping(() => fsPromises.open(path, flags)),
    } as unknown as Runtime['fs']
    const clock = fakeClock()
    const certificate = await read(mounted, { fs, clock })
    await isWhole(certificate, at > 3 ? OLD : NEW)
    // Read first and the key after the swap: the one place where it was half seen.
    assert.equal(clock.sleeps, at === 2 || at === 3 ? [500] : [])
  }
  assert.is(swaps, 4)
})

rotation('is waited for while it is written in place', async () => {
  const mounted = plain(OLD)
  const put = (file: 'tls.crt' | 'tls.key', text: string) => () =>
    writeFileSync(join(mounted.path, file), text)
  put('tls.crt', NEW['tls.crt'].slice(0, 300))()
  const clock = pausing(put('tls.crt', NEW['tls.crt']), put('tls.key', NEW['tls.key']))
  await isWhole(await read(mounted, { clock }), NEW)
  assert.equal(clock.sleeps, [500, 500])
})

rotation('may be absent for a moment', async () => {
  const mounted = plain(OLD)
  const key = join(mounted.path, 'tls.key')
  unlinkSync(key)
  const clock = pausing(() => writeFileSync(key, OLD['tls.key']))
  await isWhole(await read(mounted, { clock }), OLD)
})

rotation('is an error once a pair that does not fit stands still', async () => {
  const mounted = plain(OLD)
  writeFileSync(join(mounted.path, 'tls.key'), NEW['tls.key'])
  const clock = fakeClock()
  const error = await rejectsWithCode(read(mounted, { clock }), 'CERTIFICATE_UNFIT')
  assert.match(error.message, /do not match$/)
  assert.equal(clock.sleeps, [500])
})

rotation('is an error where the files never come to rest', async () => {
  const mounted = plain(OLD)
  const scribble = (): void => writeFileSync(join(mounted.path, 'tls.crt'), `${(count += 1)}`)
  scribble()
  const clock = pausing(scribble, scribble, scribble, scribble)
  await rejectsWithCode(read(mounted, { clock }), 'INPUT_FILE')
  assert.equal(clock.sleeps, [500, 500, 500])
})

rotation('is not waited for beyond the deadline', async () => {
  const mounted = plain(OLD)
  writeFileSync(join(mounted.path, 'tls.key'), NEW['tls.key'])
  const clock = fakeClock()
  await rejectsWithCode(read(mounted, { clock, deadlineMs: 500 }), 'CERTIFICATE_UNFIT')
  assert.equal(clock.sleeps, [])
})

rotation('is not waited for after a signal', async () => {
  const mounted = plain(OLD)
  writeFileSync(join(mounted.path, 'tls.key'), '')
  const stop = new AbortController()
  const reason = new IamRaError('INTERRUPTED', 'internal', 'SIGTERM', { signal: 15 })
  const clock = pausing(() => stop.abort(reason))
  await rejectsWithCode(read(mounted, { clock, signal: stop.signal }), 'INTERRUPTED')
  let looks = 0
  const stat = (): Promise<never> => {
    looks += 1
    return Promise.reject(new Error('looked'))
  }
  const fs = { ...fsPromises, stat } as Runtime['fs']
  await rejectsWithCode(read(mounted, { fs, signal: stop.signal }), 'INTERRUPTED')
  assert.is(looks, 0)
})

for (const [code, hint] of [
  ['EACCES', /fsGroup/],
  ['EPERM', /runAsUser/],
  ['ENOTDIR', /mount/],
  ['EIO', /the file itself/],
] as const) {
  rotation(`says what to do about ${code}`, async () => {
    const fs = {
      ...fsPromises,
      stat: () => Promise.reject(Object.assign(new Error('refused'), { code })),
    } as Runtime['fs']
    const error = await rejectsWithCode(read(plain(OLD), { fs }), 'INPUT_FILE')
    assert.match(error.message, `cannot be read (${code})`)
    assert.match(error.hint ?? '', hint)
  })
}

rotation('is used as long as it lives, and then whoever issues it must act', async () => {
  const mounted = plain(OLD)
  const endMs = Date.UTC(2126, 0, 1)
  const certificate = await read(mounted, { clock: fakeClock(30_000, endMs) })
  assert.is(certificate.notAfterMs, endMs)
  assert.is(certificate.requestId, '')
  const clock = fakeClock(30_000, endMs + 1)
  const error = await rejectsWithCode(read(mounted, { clock }), 'CERTIFICATE_UNFIT')
  assert.match(error.message, /^the certificate expired at 2126-01-01T00:00:00Z, and it is .* here$/)
  assert.match(error.hint ?? '', /have its issuer replace it/)
})

rotation('tells its steps without a word of the key', () => {
  assert.ok(logger.lines.some(({ message }) => message === 'certificate read and checked'))
  assert.ok(logger.lines.some(({ message }) => message.endsWith('may be about to be replaced')))
  assert.not.match(JSON.stringify(logger.lines), /PRIVATE KEY/)
})

rotation.run()
