/** One table of scenarios for the HTTP client, each run on Node and on Bun against servers in this process. */
import type { Test } from 'uvu'
import {
  startClient,
  type ClientOptions,
  type ClientProcess,
  type ClientRequest,
  type Outcome,
  type RemoteClient,
  type RuntimeName,
} from './http-client.ts'
import { rawServer, type RawServer, type RawServerOptions, type Respond } from './loopback.ts'

export interface Scene {
  readonly runtime: RuntimeName
  /** A server that is closed after the test. */
  serve(respond: Respond, options?: RawServerOptions): Promise<RawServer>
  /** A client that is closed after the test. */
  open(options?: ClientOptions): RemoteClient
  /** One request by a client of its own. */
  request(request: ClientRequest, options?: ClientOptions): Promise<Outcome>
}

export type Scenario = (title: string, run: (scene: Scene) => Promise<void>) => void

/** Names where nothing listens: whoever heeds them cannot reach any server. */
const DEAD_PROXY = 'http://127.0.0.1:9'

/** An environment that would mislead a client that heeds it. */
export const HOSTILE_ENV: Readonly<Record<string, string>> = {
  HTTP_PROXY: DEAD_PROXY,
  HTTPS_PROXY: DEAD_PROXY,
  ALL_PROXY: DEAD_PROXY,
  http_proxy: DEAD_PROXY,
  https_proxy: DEAD_PROXY,
  all_proxy: DEAD_PROXY,
  NODE_USE_ENV_PROXY: '1',
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
}

/** @param env of the clients' processes; asked for when the suite begins */
export function onBothRuntimes(
  test: Test,
  env: () => Readonly<Record<string, string>> = () => HOSTILE_ENV,
): Scenario {
  const processes = new Map<RuntimeName, ClientProcess>()
  const servers: RawServer[] = []
  const clients: RemoteClient[] = []
  const runtimes: readonly RuntimeName[] = ['node', 'bun']
  test.before(() => {
    for (const name of runtimes) processes.set(name, startClient(name, env()))
  })
  test.after.each(async () => {
    for (const client of clients.splice(0)) client.close()
    await Promise.all(servers.splice(0).map((server) => server.close()))
  })
  test.after(async () => {
    for (const [name, child] of processes) {
      const { code, stderr } = await child.end()
      if (code !== 0) throw new Error(`the client on ${name} ended with ${code ?? 'a signal'}: ${stderr}`)
    }
  })
  return (title, run) => {
    for (const runtime of runtimes) {
      test(`${runtime}: ${title}`, async () => {
        const open = (options: ClientOptions = {}): RemoteClient => {
          const child = processes.get(runtime)
          if (child === undefined) throw new Error(`no client runs on ${runtime}`)
          const client = child.open(options)
          clients.push(client)
          return client
        }
        await run({
          runtime,
          open,
          serve: async (respond, options) => {
            const server = await rawServer(respond, options)
            servers.push(server)
            return server
          },
          request: (request, options) => open(options).request(request).outcome,
        })
      })
    }
  }
}
