/**
 * Names with and without the dot at their end, as a pod resolves them: run as root in namespaces of its own (mount and
 * network), with a resolver on loopback and the search list of a pod. Prints what was asked and what was sent, as JSON.
 */
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { createAuthority } from '../rig/emulators/authority.ts'
import { startClient, type Outcome, type RuntimeName } from './http-client.ts'
import { answer, rawServer } from './loopback.ts'
import { certificateFor } from './server-certificate.ts'

export interface Seen {
  readonly runtime: RuntimeName
  readonly url: string
  readonly outcome: Outcome
  /** What the resolver was asked for, each name but once, in order. */
  readonly asked: readonly string[]
  readonly serverName: unknown
  readonly host: string | undefined
}

export const NAME = 'vault.vault.svc.cluster.local'

const RESOLV_CONF =
  'nameserver 127.0.0.1\nsearch demo.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n'

/** Answers for NAME and `other.NAME` alone, with the address of loopback. */
async function startResolver(asked: Set<string>): Promise<() => void> {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const labels: string[] = []
    let at = 12
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length))
      at += 1 + length
    }
    const name = labels.join('.')
    asked.add(name)
    const isKnown = name === NAME || name === `other.${NAME}`
    const isA = query.readUInt16BE(at + 1) === 1
    const head = Buffer.from(query.subarray(0, at + 5))
    head.writeUInt16BE(isKnown ? 0x8180 : 0x8183, 2)
    head.writeUInt16BE(isKnown && isA ? 1 : 0, 6)
    head.writeUInt32BE(0, 8)
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1])
    socket.send(isKnown && isA ? Buffer.concat([head, record]) : head, from.port, from.address)
  })
  socket.bind(53, '127.0.0.1')
  await once(socket, 'listening')
  return () => socket.close()
}

async function look(): Promise<Seen[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dotted-names-'))
  const conf = join(folder, 'resolv.conf')
  writeFileSync(conf, RESOLV_CONF)
  for (const [command, ...args] of [
    ['ip', 'link', 'set', 'lo', 'up'],
    ['mount', '--bind', conf, '/etc/resolv.conf'],
  ] as const) {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${command}: ${stderr}`)
  }
  const asked = new Set<string>()
  const closeResolver = await startResolver(asked)
  const authority = createAuthority({ commonName: 'Ours', nowMs: Date.now() })
  let serverName: unknown
  const server = await rawServer(
    (socket) => {
      serverName = socket instanceof TLSSocket && socket.servername
      socket.write(answer('fine'))
    },
    { tls: certificateFor(authority, { dns: [NAME] }) },
  )
  const all: Seen[] = []
  for (const runtime of ['node', 'bun'] as const) {
    const child = startClient(runtime, {})
    for (const host of [`${NAME}.`, NAME, `other.${NAME}.`]) {
      asked.clear()
      serverName = undefined
      const seen = server.requests.length
      const client = child.open({ ca: authority.pem })
      const url = `https://${host}:${server.port}/`
      const outcome = await client.request({ url }).outcome
      client.close()
      const sent = server.requests[seen]
      all.push({
        runtime,
        url,
        outcome,
        asked: [...asked],
        serverName,
        host: /\r\nHost: (\S+)/i.exec(sent ?? '')?.[1],
      })
    }
    await child.end()
  }
  await server.close()
  closeResolver()
  rmSync(folder, { recursive: true })
  return all
}

if (import.meta.main) process.stdout.write(JSON.stringify(await look()))
