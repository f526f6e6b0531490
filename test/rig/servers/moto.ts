/** moto's server, an AWS account that others wrote: IAM, STS and S3 that check signatures once they are told to. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createHttpClient } from '../../../src/net/http.ts'
import { emulatorRequest, type EmulatorResponse } from '../emulators/http.ts'
import { EXAMPLE } from '../emulators/stage.ts'
import { runChild } from '../processes/child.ts'
import { cleanEnv } from '../processes/clean-env.ts'
import { forward } from './gateway.ts'

const STARTED = /Running on (http:\/\/127\.0\.0\.1:\d+)/
const START_BOUND_MS = 30_000

export interface MotoServer {
  readonly url: string
  close(): Promise<void>
}

/** An empty account, open to everyone. @param env further settings of moto */
export async function serveMoto(
  python: string,
  home: string,
  env: Readonly<Record<string, string>> = {},
): Promise<MotoServer> {
  const child = spawn(python, [join(import.meta.dirname, 'serve-moto.py')], {
    env: cleanEnv({ HOME: home, MOTO_ACCOUNT_ID: EXAMPLE.account, PYTHONUNBUFFERED: '1', ...env }),
    // It ends with its stdin, so that none is left even where this process is killed.
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  try {
    return { url: await addressOf(child), close }
  } catch (error) {
    await close()
    throw error
  }
}

/** moto says on stderr where it listens. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const bound = setTimeout(() => reject(new Error(`moto does not start: ${said}`)), START_BOUND_MS)
    const look = (chunk: Buffer): void => {
      said += chunk.toString()
      const url = STARTED.exec(said)?.[1]
      if (url === undefined) return
      clearTimeout(bound)
      resolve(url)
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.on('error', reject)
    child.on('exit', () => {
      clearTimeout(bound)
      reject(new Error(`moto ended: ${said}`))
    })
  })
}

/** The AWS CLI while everyone is let in. @returns what it printed, as JSON */
export async function setUp(
  python: string,
  home: string,
  url: string,
  args: readonly string[],
): Promise<string> {
  const env = {
    HOME: home,
    AWS_ACCESS_KEY_ID: 'AKIASETUP',
    AWS_SECRET_ACCESS_KEY: 'set-up',
    AWS_DEFAULT_REGION: EXAMPLE.region,
  }
  const run = await runChild(
    python,
    ['-m', 'awscli', ...args, '--endpoint-url', url, '--output', 'json'],
    env,
  )
  if (run.code !== 0)
    throw new Error(`moto cannot be set up with ${args.slice(0, 2).join(' ')}: ${run.stderr}`)
  return run.stdout
}

/** moto lets everyone in until it is told to look at signatures, tokens and policies. */
export async function checkFromNowOn(url: string): Promise<void> {
  const client = createHttpClient({})
  try {
    const { status } = await client.request({
      method: 'POST',
      url: new URL('/moto-api/reset-auth', url),
      headers: { 'content-type': 'text/plain' },
      body: '0',
      timeoutMs: START_BOUND_MS,
      signal: new AbortController().signal,
    })
    if (status !== 200) throw new Error(`moto does not check signatures: it answered ${status}`)
  } finally {
    client.close()
  }
}

/** A call of IAM past everything: moto, as long as it lets everyone in, wants no more than a scope that names the service. */
export function askIam(moto: string, form: Readonly<Record<string, string>>): Promise<EmulatorResponse> {
  const scope = `20260101/${EXAMPLE.region}/iam/aws4_request`
  const headers = [
    ['Host', new URL(moto).host],
    ['Content-Type', 'application/x-www-form-urlencoded'],
    ['Authorization', `AWS4-HMAC-SHA256 Credential=AKIAASKS/${scope}, SignedHeaders=host, Signature=0`],
  ] as const
  const body = new URLSearchParams({ Version: '2010-05-08', ...form }).toString()
  return forward(moto, emulatorRequest({ method: 'POST', target: '/', headers, body }))
}
