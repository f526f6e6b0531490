/** A relay before a real API server that a test can cut after a request. Answers go through as bytes: kubectl asks for protobuf. */
import { once } from 'node:events'
import type http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { createAuthority, serverCertificate } from '../emulators/authority.ts'
import type { Kubernetes } from './kubernetes.ts'

export interface KubeGateway {
  /** Leads kubectl here; the context's name and the token are those of `kubernetes.kubeconfig()`. */
  readonly kubeconfig: string
  /** Called when the server has answered. With `cut` the client never learns it. */
  after: ((method: string) => 'cut' | undefined) | undefined
  close(): Promise<void>
}

export async function startKubeGateway(kubernetes: Kubernetes): Promise<KubeGateway> {
  const authority = createAuthority({ commonName: 'kube-gateway', nowMs: Date.now() })
  const server = https.createServer(serverCertificate(authority, Date.now()), (incoming, outgoing) => {
    void relay(kubernetes, incoming, outgoing, () => gateway.after?.(incoming.method ?? ''))
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const gateway: KubeGateway = {
    kubeconfig: kubernetes
      .kubeconfig()
      .replace(kubernetes.url, `https://127.0.0.1:${port}`)
      .replace(base64(kubernetes.ca), base64(authority.pem)),
    after: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
  return gateway
}

async function relay(
  { url, ca }: Kubernetes,
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  after: () => 'cut' | undefined,
): Promise<void> {
  try {
    const { method, headers } = incoming
    const sent = https.request(`${url}${incoming.url ?? ''}`, { method, headers, ca, agent: false })
    incoming.pipe(sent)
    const [answer] = (await once(sent, 'response')) as [http.IncomingMessage]
    const body = Buffer.concat(await answer.toArray())
    if (after() === 'cut') {
      incoming.socket.destroy()
      return
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(body)
  } catch {
    // The client, or the test, has gone away.
    incoming.socket.destroy()
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
