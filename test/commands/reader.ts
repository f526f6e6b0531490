/** What apps and the kubelet send, over real sockets, and what became of it. */
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'

export interface Answered {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

export interface Asked {
  readonly method?: string
  /** Default 127.0.0.1. */
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** One request on a connection of its own. @throws Error where there is no answer */
export function ask(
  port: number,
  path: string,
  { method = 'GET', host = '127.0.0.1', headers = {} }: Asked = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, path, method, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    request.on('error', reject)
    request.end()
  })
}

/** By way of the container endpoint, as SDKs ask. */
export function askContainer(port: number, token: string, host?: string): Promise<Answered> {
  return ask(port, '/v1/credentials', { headers: { Authorization: token }, ...(host && { host }) })
}

/** By way of IMDSv2, as SDKs ask. */
export async function askMetadata(port: number): Promise<Answered> {
  const { body: token } = await ask(port, '/latest/api/token', {
    method: 'PUT',
    headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '300' },
  })
  const headers = { 'X-aws-ec2-metadata-token': token }
  const roles = '/latest/meta-data/iam/security-credentials/'
  const { body: role } = await ask(port, roles, { headers })
  return await ask(port, `${roles}${role}`, { headers })
}

export function accessKeyOf({ body }: Answered): string | undefined {
  return (JSON.parse(body) as { AccessKeyId?: string }).AccessKeyId
}

/** Whether someone listens there. */
export function isOpen(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, host, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** Whether this machine has ::1. */
export const hasIpv6 = await listens('::1')

/** Ports that were free a moment ago, on both loopbacks. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listening(0, '127.0.0.1')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(closed))
  return ports
}

/** Takes the port until the server is closed. */
export function listening(port: number, host: string): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.on('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}

export function closed(server: net.Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()))
}

async function listens(host: string): Promise<boolean> {
  try {
    await closed(await listening(0, host))
    return true
  } catch {
    return false
  }
}
