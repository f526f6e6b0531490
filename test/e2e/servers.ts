/** Servers that misbehave, and servers in between: all on loopback, each closed by the test that starts it. */
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { generateKeyPairSync } from 'node:crypto'
import { createAuthority, pemOf, randomSerial, type Authority } from '../rig/emulators/authority.ts'
import { signCertificate } from '../rig/emulators/certificate.ts'
import { emulatorRequest, type Handler, type Hosted } from '../rig/emulators/http.ts'

/** The requests to `host` that match hang from now on. Resolves when the first has come. */
export function hangAt(host: Hosted, path: RegExp): Promise<void> {
  return new Promise((resolve) => {
    host.intercept = (request) => {
      if (!path.test(request.path)) return undefined
      resolve()
      return 'hang'
    }
  })
}

/** Answers the first requests whose path matches with these, then lets the emulator answer. */
export function answerFirst(
  host: Hosted,
  path: RegExp,
  ...answers: readonly {
    readonly status: number
    readonly headers?: Record<string, string>
    readonly body?: string
  }[]
): void {
  const left = [...answers]
  host.intercept = (request) => {
    const next = path.test(request.path) ? left.shift() : undefined
    if (next === undefined) return undefined
    return { status: next.status, headers: next.headers ?? {}, body: next.body ?? '' }
  }
}

export interface Gate {
  readonly url: string
  /** When the first request has come. */
  readonly arrived: Promise<unknown>
  /** Answers what has come and what will. */
  open(): void
  close(): Promise<void>
}

/**
 * A server that has `handler` answer at once, and holds the answers back until it is told to give them.
 * @param port 0 for any that is free
 */
export async function holdBack(handler: Handler, port = 0): Promise<Gate> {
  const opened = Promise.withResolvers<undefined>()
  const arrived = Promise.withResolvers<undefined>()
  const server = http.createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method = '', url: target = '', rawHeaders } = incoming
      const headers = rawHeaders.flatMap((name, at) =>
        at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ''] as const] : [],
      )
      const answer = handler(emulatorRequest({ method, target, headers, body: Buffer.concat(chunks) }))
      arrived.resolve(undefined)
      void opened.promise.then(() => {
        outgoing.writeHead(answer.status, answer.headers)
        outgoing.end(answer.body)
      })
    })
  })
  const own = await listen(server, port)
  return {
    url: `http://127.0.0.1:${own}`,
    arrived: arrived.promise,
    open: () => opened.resolve(undefined),
    close: () => closed(server),
  }
}

export interface Proxy {
  readonly port: number
  readonly url: string
  /** First line and headers of each request, as they came. */
  readonly heads: readonly string[]
  close(): Promise<void>
}

export interface ProxyOptions {
  /** `host:port` as the client names it → port on loopback. What is not here is answered with 502. */
  readonly routes?: Readonly<Record<string, number>>
  /** Answers CONNECT with this status line's rest instead, such as `407 Proxy Authentication Required`. */
  readonly refusal?: string
}

/** A proxy that knows CONNECT alone and writes down everything that it is sent before a tunnel stands. */
export async function startProxy({ routes = {}, refusal }: ProxyOptions = {}): Promise<Proxy> {
  const heads: string[] = []
  const sockets = new Set<net.Socket>()
  const server = net.createServer((client) => {
    sockets.add(client)
    client.on('error', () => client.destroy())
    let head = ''
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      client.off('data', onData)
      heads.push(head)
      const port = routes[/^CONNECT (\S+) HTTP/.exec(head)?.[1] ?? '']
      if (refusal !== undefined || port === undefined) {
        client.end(`HTTP/1.1 ${refusal ?? '502 Bad Gateway'}\r\nContent-Length: 0\r\n\r\n`)
        return
      }
      const upstream = net.connect(port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n')
        client.pipe(upstream).pipe(client)
      })
      sockets.add(upstream)
      upstream.on('error', () => client.destroy())
    }
    client.on('data', onData)
  })
  const port = await listen(server)
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    heads,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await closed(server)
    },
  }
}

export interface ServerNames {
  readonly dns?: readonly string[]
  /** From now; negative for one that has ended. Default an hour. */
  readonly lifetimeMs?: number
}

/** A CA of its own and a server's certificate by it, PEM. */
export function serverIdentity({ dns = ['localhost'], lifetimeMs = 3_600_000 }: ServerNames): {
  readonly ca: string
  readonly tls: { readonly key: string; readonly cert: string }
} {
  const nowMs = Date.now()
  const authority: Authority = createAuthority({ commonName: 'Example TLS CA', nowMs })
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const der = signCertificate(
    {
      subject: [['CN', 'server']],
      publicKey: keys.publicKey,
      serial: randomSerial(),
      notBeforeMs: nowMs - 1_800_000,
      notAfterMs: nowMs + lifetimeMs,
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['serverAuth'],
      names: { dns, uris: [], ips: [], emails: [] },
    },
    authority,
  )
  return {
    ca: authority.pem,
    tls: {
      key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      cert: `${pemOf('CERTIFICATE', der)}\n`,
    },
  }
}

function listen(server: net.Server, port = 0): Promise<number> {
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function closed(server: net.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    if (server instanceof http.Server) server.closeAllConnections()
  })
}
