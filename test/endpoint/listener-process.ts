/**
 * The listener in a process of its own, on Node or on Bun, since the shipped file is compiled with Bun and their HTTP
 * servers are two: run as a program it reports as JSON lines; `startListener` is the other end, for the tests.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import { textAnswer, type EndpointRequest } from '../../src/endpoint/answer.ts'
import {
  LISTENER_LIMITS,
  listenOn,
  listenOnLoopback,
  type ListenerOptions,
} from '../../src/endpoint/listener.ts'
import type { ServerLimits } from '../../src/endpoint/server.ts'
import { IamRaError } from '../../src/errors.ts'

/** Reached only where a listener does not close. */
const GUARD_MS = 20_000

export type RuntimeName = 'node' | 'bun'

export interface ListenerRequest {
  /** Default: any free one. */
  readonly port?: number
  /** Present: one address, as for health. */
  readonly host?: string
  readonly setting?: ListenerOptions['setting']
  readonly from?: string
  readonly limits?: Partial<ServerLimits>
}

export interface Report {
  readonly port?: number
  readonly hosts?: readonly string[]
  readonly failure?: { readonly code: string; readonly message: string; readonly hint: string | undefined }
  /** The name of what went to onError. */
  readonly error?: string
}

export interface ListenerProcess {
  readonly started: Report
  /** What came after that. */
  readonly reports: readonly Report[]
  /** Closes the listener. @returns the exit code; null where something kept the process running */
  end(): Promise<number | null>
}

export async function startListener(name: RuntimeName, request: ListenerRequest): Promise<ListenerProcess> {
  const child = spawn(
    join(import.meta.dirname, '../../node_modules/.bin', name),
    [join(import.meta.dirname, 'listener-process.ts'), JSON.stringify(request)],
    { env: cleanEnv({}), stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const closed = once(child, 'close')
  const reports: Report[] = []
  const lines = createInterface(child.stdout)
  const [first] = (await once(lines, 'line')) as [string]
  lines.on('line', (line) => reports.push(JSON.parse(line) as Report))
  return {
    started: JSON.parse(first) as Report,
    reports,
    async end() {
      child.stdin.end()
      const guard = setTimeout(() => child.kill('SIGKILL'), GUARD_MS)
      await closed
      clearTimeout(guard)
      return child.exitCode
    },
  }
}

function report(value: Report): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** Says what it was asked; `/bug` is a handler's bug. */
function echo(request: EndpointRequest): ReturnType<typeof textAnswer> {
  if (request.target === '/bug') throw new RangeError('a bug')
  return textAnswer(200, JSON.stringify(request))
}

async function serve({
  port = 0,
  host,
  setting = 'ENDPOINT_PORT',
  from,
  limits = {},
}: ListenerRequest): Promise<void> {
  const options = {
    setting,
    onError: (error: unknown) => report({ error: error instanceof Error ? error.name : String(error) }),
    ...(from !== undefined && { from }),
    limits: { ...LISTENER_LIMITS, ...limits },
  }
  try {
    const listener = await (host === undefined
      ? listenOnLoopback(port, echo, options)
      : listenOn({ host, port }, echo, options))
    report({ port: listener.port, hosts: listener.hosts })
    process.stdin.resume()
    await once(process.stdin, 'end')
    listener.close()
  } catch (error) {
    if (!(error instanceof IamRaError)) throw error
    report({ failure: { code: error.code, message: error.message, hint: error.hint } })
  }
}

if (import.meta.main) await serve(JSON.parse(process.argv[2] ?? '{}') as ListenerRequest)
