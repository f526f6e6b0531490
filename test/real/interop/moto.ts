/** moto's server as an AWS account with one role and one bucket: others' STS, IAM and S3, which check every signature. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { cleanEnv } from '../../rig/processes/clean-env.ts'
import { createHttpClient } from '../../../src/net/http.ts'
import type { SessionKeys } from '../../rig/emulators/sessions.ts'
import { EXAMPLE } from '../../rig/emulators/stage.ts'
import { runChild } from '../../rig/processes/child.ts'

export interface Moto {
  readonly url: string
  readonly bucket: string
  /** What its AssumeRole issued for the role of the example. */
  readonly keys: SessionKeys
  close(): Promise<void>
}

const STARTED = /Running on (http:\/\/127\.0\.0\.1:\d+)/
const START_BOUND_MS = 30_000

export interface MotoServer {
  readonly url: string
  close(): Promise<void>
}

/** @param sessionName the session's name in the assumed role */
export async function startMoto(python: string, home: string, sessionName: string): Promise<Moto> {
  const server = await serveMoto(python, home)
  try {
    const bucket = 'frontend-interop'
    const keys = await furnish((...args) => setUp(python, home, server.url, args), bucket, sessionName)
    await checkFromNowOn(server.url)
    return { ...server, bucket, keys }
  } catch (error) {
    await server.close()
    throw error
  }
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

type Aws = (...args: readonly string[]) => Promise<string>

/** A role that may list buckets, one bucket, and keys for the role. */
async function furnish(aws: Aws, bucket: string, sessionName: string): Promise<SessionKeys> {
  const roleName = EXAMPLE.roleArn.slice(EXAMPLE.roleArn.lastIndexOf('/') + 1)
  const statement = (action: string, rest: object): string =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, ...rest }] })
  const trust = statement('sts:AssumeRole', { Principal: { Service: 'rolesanywhere.amazonaws.com' } })
  const list = statement('s3:ListAllMyBuckets', { Resource: '*' })
  await aws('iam', 'create-role', '--role-name', roleName, '--assume-role-policy-document', trust)
  await aws(
    'iam',
    'put-role-policy',
    '--role-name',
    roleName,
    '--policy-name',
    'list',
    '--policy-document',
    list,
  )
  await aws('s3', 'mb', `s3://${bucket}`)
  const answer = JSON.parse(
    await aws('sts', 'assume-role', '--role-arn', EXAMPLE.roleArn, '--role-session-name', sessionName),
  ) as { readonly Credentials: Readonly<Record<'AccessKeyId' | 'SecretAccessKey' | 'SessionToken', string>> }
  const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
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
