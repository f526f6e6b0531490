/** The agent as the shipped file, for pods that are addresses of loopback. */
import http from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { freePorts, type Answered } from '../commands/reader.ts'
import { EXAMPLE, type Stage } from '../rig/emulators/stage.ts'
import { start, type Run, type Running, type RunOptions } from './harness.ts'

export interface NodeAgent extends Running {
  readonly port: number
  readonly healthPort: number
  readonly pid: number
  ask(token: string, options?: AgentQuestion): Promise<Answered>
  /** Asks again after 503, as SDKs do: the first exchange after a build takes longer than an answer is held. */
  answer(token: string, options?: AgentQuestion): Promise<Answered>
  stop(): Promise<Run>
}

export interface AgentQuestion {
  readonly query?: string
  /** The pod's address. */
  readonly from?: string
  readonly headers?: Readonly<Record<string, string>>
}

const MOST_TRIES = 50

const running = new Set<Running>()
process.on('exit', () => {
  for (const { child } of running) child.kill('SIGKILL')
})

/** @param ports of an agent before it */
export async function startAgent(
  stage: Stage,
  options: RunOptions = {},
  ports?: readonly number[],
): Promise<NodeAgent> {
  const [port = 0, healthPort = 0] = ports ?? (await freePorts(2))
  const started = start(stage, {
    ...options,
    args: ['agent', ...(options.args ?? [])],
    env: {
      AGENT_ADDRS: `127.0.0.1:${port}`,
      HEALTH_ADDR: `127.0.0.1:${healthPort}`,
      AGENT_POD_RANGES: '127.0.0.0/24',
      AGENT_CLUSTER: EXAMPLE.cluster,
      AGENT_NODE: 'node-1',
      AGENT_AUDIENCE: EXAMPLE.audience,
      DEADLINE: '15',
      ...options.env,
    },
  })
  running.add(started)
  started.child.on('close', () => running.delete(started))
  const agent: NodeAgent = {
    ...started,
    port,
    healthPort,
    pid: started.child.pid ?? 0,
    ask: (token, question = {}) => askAgent(port, token, question),
    async answer(token, question = {}) {
      let answered = await askAgent(port, token, question)
      for (let tries = 1; tries < MOST_TRIES && answered.status === 503; tries += 1) {
        await delay(100)
        answered = await askAgent(port, token, question)
      }
      return answered
    },
    async stop() {
      started.child.kill('SIGTERM')
      const done = await started.finished
      assert.is(done.code, 0, done.stderr)
      assert.is(done.stdout, '')
      assert.is(stage.vaultEmulator.liveTokens(), 0)
      return done
    },
  }
  return agent
}

export function askAgent(
  port: number,
  token: string,
  { query = `role=${EXAMPLE.roleArn}`, from = '127.0.0.1', headers = {} }: AgentQuestion = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const options = {
      ...{ host: '127.0.0.1', port, path: `/v1/credentials?${query}`, localAddress: from, agent: false },
      headers: { Authorization: token, ...headers },
    }
    const request = http.get(options, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    request.on('error', reject)
  })
}

export const OTHER = {
  namespace: 'backend',
  roleArn: 'arn:aws:iam::111122223333:role/backend',
  commonName: `${EXAMPLE.serviceAccount}.backend.${EXAMPLE.cluster}`,
} as const

/** Two namespaces, each with a role that trusts it alone. */
export function withTwoTenants({ rolesAnywhereEmulator: { options } }: Stage): void {
  const role = (arn: string, name: string): (typeof options.roles)[number] => ({
    arn,
    trusts: ({ commonName }) => commonName === name,
  })
  options.roles = [role(EXAMPLE.roleArn, EXAMPLE.commonName), role(OTHER.roleArn, OTHER.commonName)]
  options.profiles = [
    {
      arn: EXAMPLE.profileArn,
      roleArns: [EXAMPLE.roleArn, OTHER.roleArn],
      acceptRoleSessionName: true,
    },
  ]
}
