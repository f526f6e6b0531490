import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import { NAME, type Seen } from '../support/dotted-names.ts'
import { createAuthority } from '../rig/emulators/authority.ts'
import { onBothRuntimes } from '../support/http-scenario.ts'
import { answer, tunnelTo } from '../support/loopback.ts'
import { certificateFor } from '../support/server-certificate.ts'
import { wireHost, wireName } from '../../src/net/wire-name.ts'

const names = suite('http: names with a dot at their end')
const scenario = onBothRuntimes(names)

names('the dot goes, and nothing else does', () => {
  for (const [name, expected] of [
    ['vault.example.', 'vault.example'],
    ['vault.example', 'vault.example'],
    ['vault.', 'vault'],
    ['127.0.0.1', '127.0.0.1'],
    ['[::1]', '[::1]'],
    ['.', '.'],
    ['', ''],
  ] as const)
    assert.is(wireName(name), expected)
  for (const [url, expected] of [
    ['https://vault.example.:8200/x', 'vault.example:8200'],
    ['https://vault.example.:443/', 'vault.example'],
    ['http://127.0.0.1.:8200/', '127.0.0.1:8200'],
    ['https://[fd00::1]:8200/', '[fd00::1]:8200'],
  ] as const)
    assert.is(wireHost(new URL(url)), expected)
})

const ours = createAuthority({ commonName: 'Ours', nowMs: Date.now() })

scenario('names the server without it to proxy, server and certificate', async (scene) => {
  const seen: unknown[] = []
  const server = await scene.serve(
    (socket, request) => {
      seen.push(socket instanceof TLSSocket && socket.servername, /\r\nHost: (\S+)/i.exec(request)?.[1])
      socket.write(answer('fine'))
    },
    { tls: certificateFor(ours, { dns: ['vault.example'] }) },
  )
  const proxy = await scene.serve(tunnelTo(server.port))
  const options = { proxy: `http://${proxy.authority}`, ca: ours.pem }
  assert.equal(await scene.request({ url: 'https://vault.example.:8200/' }, options), {
    status: 200,
    body: 'fine',
  })
  assert.equal(seen, ['vault.example', 'vault.example:8200'])
  const [first, ...headers] = (proxy.requests[0] ?? '').split('\r\n')
  assert.is(first, 'CONNECT vault.example:8200 HTTP/1.1')
  assert.ok(headers.includes('Host: vault.example:8200'))

  const other = await scene.request({ url: 'https://other.example.:8200/' }, options)
  assert.equal([other.fault, other.message], ['tls', 'its certificate does not match the host name'])
  assert.is(server.requests.length, 1)
})

scenario('names a plain server without it', async (scene) => {
  const server = await scene.serve((socket) => socket.write(answer('fine')))
  const proxy = await scene.serve(tunnelTo(server.port))
  await scene.request(
    { url: 'http://vault.example./', method: 'GET' },
    { proxy: `http://${proxy.authority}` },
  )
  assert.match(server.requests[0] ?? '', /\r\nHost: vault\.example\r\n/)
  assert.match(proxy.requests[0] ?? '', /^CONNECT vault\.example:80 /)
})

scenario('asks for VAULT_TLS_SERVER_NAME without it', async (scene) => {
  const asked: unknown[] = []
  const server = await scene.serve(
    (socket) => {
      asked.push(socket instanceof TLSSocket && socket.servername)
      socket.write(answer('fine'))
    },
    { tls: certificateFor(ours, { dns: ['vault.example'] }) },
  )
  const options = { ca: ours.pem, tlsServerName: 'vault.example.' }
  const outcome = await scene.request({ url: `https://${server.authority}/` }, options)
  assert.equal(outcome, { status: 200, body: 'fine' })
  assert.equal(asked, ['vault.example'])
})

if (process.getuid?.() === 0 && process.platform === 'linux') {
  names('a pod resolves a name with the dot as it is, and no other', () => {
    const run = spawnSync(
      'unshare',
      ['-m', '-n', process.execPath, join(import.meta.dirname, '../support/dotted-names.ts')],
      { env: cleanEnv({}), encoding: 'utf8', timeout: 60_000 },
    )
    assert.is(run.stderr, '')
    const all = JSON.parse(run.stdout) as Seen[]
    assert.is(all.length, 6)
    for (const { runtime, url, outcome, asked, serverName, host } of all) {
      const { hostname, port } = new URL(url)
      if (hostname === `${NAME}.`) {
        assert.equal(outcome, { status: 200, body: 'fine' }, runtime)
        assert.equal([asked, serverName, host], [[NAME], NAME, `${NAME}:${port}`], runtime)
      } else if (hostname === NAME) {
        assert.equal(outcome, { status: 200, body: 'fine' }, runtime)
        assert.equal(asked[0], `${NAME}.demo.svc.cluster.local`, `${runtime}: ndots does not show here`)
      } else {
        assert.equal(
          [outcome.fault, outcome.message],
          ['tls', 'its certificate does not match the host name'],
          runtime,
        )
        assert.is(host, undefined, runtime)
      }
    }
  })
}

names.run()
