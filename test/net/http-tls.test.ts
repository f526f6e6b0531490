import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAuthority, serverCertificate } from '../rig/emulators/authority.ts'
import { HOSTILE_ENV, onBothRuntimes } from '../support/http-scenario.ts'
import { answer, type Respond } from '../support/loopback.ts'
import { certificateFor } from '../support/server-certificate.ts'

const http = suite('http over TLS')

const NOW = Date.now()
const YEAR_MS = 365 * 24 * 3600 * 1000
const ours = createAuthority({ commonName: 'Ours', nowMs: NOW })
const other = createAuthority({ commonName: 'Other', nowMs: NOW })
const builtIn = createAuthority({ commonName: 'Trusted by the runtime', nowMs: NOW })
const loopback = serverCertificate(ours, NOW)
const fine: Respond = (socket) => socket.write(answer('fine'))

const UNTRUSTED = 'its certificate is signed by a CA that is not trusted here'
const OTHER_NAME = 'its certificate does not match the host name'
const NO_TLS = 'it does not speak TLS here (plain HTTP on this port?)'

const folder = mkdtempSync(join(tmpdir(), 'http-tls-test-'))
const scenario = onBothRuntimes(http, () => {
  const path = join(folder, 'extra.pem')
  writeFileSync(path, builtIn.pem)
  return { ...HOSTILE_ENV, NODE_EXTRA_CA_CERTS: path }
})
http.after(() => rmSync(folder, { recursive: true }))

scenario('trusts the CA that it is given, by address and by IPv6 literal', async (scene) => {
  for (const host of ['127.0.0.1', '::1']) {
    const server = await scene.serve(fine, { host, tls: loopback })
    const outcome = await scene.request({ url: `https://${server.authority}/` }, { ca: ours.pem })
    assert.equal(outcome, { status: 200, body: 'fine' })
  }
})

for (const caMode of ['replace', 'add'] as const) {
  scenario(`takes a bundle of several CAs (${caMode})`, async (scene) => {
    const ca = `# a comment\n${other.pem}\n\n${ours.pem}\n`
    const server = await scene.serve(fine, { tls: loopback })
    const outcome = await scene.request({ url: `https://${server.authority}/` }, { ca, caMode })
    assert.equal(outcome, { status: 200, body: 'fine' })
  })

  scenario(`does not trust a CA that is not in the bundle (${caMode})`, async (scene) => {
    const server = await scene.serve(fine, { tls: serverCertificate(other, NOW) })
    const outcome = await scene.request({ url: `https://${server.authority}/` }, { ca: ours.pem, caMode })
    assert.is(outcome.fault, 'tls')
    assert.is(outcome.message, UNTRUSTED)
    assert.is(server.requests.length, 0)
  })
}

for (const caMode of ['replace', 'add'] as const) {
  scenario(
    `takes an intermediate CA, or the server's own certificate, for enough (${caMode})`,
    async (scene) => {
      const issuing = createAuthority({ commonName: 'Issuing', nowMs: NOW, issuer: ours })
      const below = serverCertificate(issuing, NOW)
      const chain = { ...below, cert: `${below.cert}\n${issuing.pem}\n` }
      for (const tls of [below, chain]) {
        const server = await scene.serve(fine, { tls })
        const url = `https://${server.authority}/`
        for (const ca of [issuing.pem, below.cert]) {
          assert.equal(await scene.request({ url }, { ca, caMode }), { status: 200, body: 'fine' })
        }
        const others = await scene.request({ url }, { ca: serverCertificate(issuing, NOW).cert, caMode })
        assert.is(others.message, UNTRUSTED)
      }
      const another = await scene.serve(fine, { tls: certificateFor(issuing, { dns: ['vault.example'] }) })
      const named = await scene.request({ url: `https://${another.authority}/` }, { ca: issuing.pem, caMode })
      assert.is(named.message, OTHER_NAME)
    },
  )
}

scenario('trusts what the runtime trusts until a CA replaces that', async (scene) => {
  const server = await scene.serve(fine, { tls: serverCertificate(builtIn, NOW) })
  const url = `https://${server.authority}/`
  assert.equal(await scene.request({ url }), { status: 200, body: 'fine' })
  const outcome = await scene.request({ url }, { ca: ours.pem })
  assert.is(outcome.message, UNTRUSTED)
})

scenario('checks certificates though the environment switches the check off', async (scene) => {
  const server = await scene.serve(fine, { tls: loopback })
  const outcome = await scene.request({ url: `https://${server.authority}/`, body: 'secret' })
  assert.is(outcome.fault, 'tls')
  assert.is(outcome.message, UNTRUSTED)
  assert.is(server.requests.length, 0)
})

scenario('says that a certificate is self-signed by nobody we trust', async (scene) => {
  const server = await scene.serve(fine, { tls: certificateFor(undefined, { ips: ['127.0.0.1'] }) })
  const outcome = await scene.request({ url: `https://${server.authority}/` }, { ca: ours.pem })
  assert.is(outcome.fault, 'tls')
  assert.is(outcome.message, UNTRUSTED)
})

scenario('says that a certificate is not one for a server', async (scene) => {
  const key = ours.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const server = await scene.serve(fine, { tls: { key, cert: ours.pem } })
  const outcome = await scene.request({ url: `https://${server.authority}/` }, { ca: ours.pem })
  assert.is(outcome.fault, 'tls')
  assert.is(outcome.message, 'its certificate is not valid for server authentication')
})

for (const [what, shiftMs, message] of [
  ['has expired', -2 * YEAR_MS, 'its certificate has expired'],
  ['is not valid yet', YEAR_MS, 'its certificate is not valid yet'],
] as const) {
  scenario(`says that a certificate ${what}`, async (scene) => {
    const authority = createAuthority({ commonName: 'Old', nowMs: NOW - 3 * YEAR_MS })
    const server = await scene.serve(fine, { tls: serverCertificate(authority, NOW + shiftMs) })
    const outcome = await scene.request({ url: `https://${server.authority}/` }, { ca: authority.pem })
    assert.is(outcome.fault, 'tls')
    assert.is(outcome.message, message)
  })
}

scenario('says that a certificate is for another name', async (scene) => {
  const tls = certificateFor(ours, { dns: ['vault.example'] })
  const server = await scene.serve(fine, { tls })
  for (const host of ['127.0.0.1', 'localhost']) {
    const outcome = await scene.request({ url: `https://${host}:${server.port}/` }, { ca: ours.pem })
    assert.is(outcome.fault, 'tls')
    assert.is(outcome.message, OTHER_NAME)
  }
  assert.is(server.requests.length, 0)
})

scenario('asks for and checks the server name that it is given instead', async (scene) => {
  const names: unknown[] = []
  const server = await scene.serve(
    (socket) => {
      names.push(socket instanceof TLSSocket && socket.servername)
      socket.write(answer('fine'))
    },
    { tls: certificateFor(ours, { dns: ['vault.example'] }) },
  )
  const request = {
    url: `https://${server.authority}/`,
    headers: { Host: server.authority },
  }
  const right = await scene.request(request, { ca: ours.pem, tlsServerName: 'vault.example' })
  assert.equal(right, { status: 200, body: 'fine' })
  assert.equal(names, ['vault.example'])
  const wrong = await scene.request(request, { ca: ours.pem, tlsServerName: 'other.example' })
  assert.is(wrong.message, OTHER_NAME)
})

scenario('keeps one connection for several requests', async (scene) => {
  const server = await scene.serve(fine, { tls: loopback })
  for (const caMode of ['replace', 'add'] as const) {
    const client = scene.open({ ca: ours.pem, caMode, tlsServerName: 'localhost' })
    for (let count = 0; count < 3; count += 1) {
      const { outcome } = client.request({ url: `https://${server.authority}/`, body: 'x' })
      assert.equal(await outcome, { status: 200, body: 'fine' })
    }
    client.close()
  }
  assert.is(server.connections(), 2)
  await server.idle()
})

scenario('says that a server speaks plain http', async (scene) => {
  const server = await scene.serve((socket) => socket.end(answer('', '400 Bad Request')), { eager: true })
  const outcome = await scene.request({ url: `https://${server.authority}/` })
  assert.is(outcome.fault, 'tls')
  assert.is(outcome.message, NO_TLS)
})

scenario('says that a server wants TLS where the address says http', async (scene) => {
  const server = await scene.serve(fine, { tls: loopback })
  const outcome = await scene.request({ url: `http://${server.authority}/` })
  assert.is(outcome.message, 'the connection was reset (https on this port?)')
})

scenario('refuses TLS below 1.2', async (scene) => {
  const server = await scene.serve(fine, {
    tls: { ...loopback, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
  })
  const outcome = await scene.request({ url: `https://${server.authority}/` }, { ca: ours.pem })
  assert.is(outcome.fault, 'tls')
  assert.is(outcome.message, 'it does not speak TLS 1.2 or newer')
})

scenario('says that a server wants a client certificate', async (scene) => {
  const server = await scene.serve(fine, {
    tls: { ...loopback, requestCert: true, rejectUnauthorized: true, ca: ours.pem },
  })
  const outcome = await scene.request({ url: `https://${server.authority}/` }, { ca: ours.pem })
  assert.is(outcome.fault, 'tls')
  assert.is(outcome.message, 'it requires a client certificate, which aws-iam-ra does not support')
})

http.run()
