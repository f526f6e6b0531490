/** Pods sent to an API server on kept connections, as fast as answers come. Nothing is stored. */
import https from 'node:https'
import type { Pod } from '../../../test/real/injection/cluster.ts'

export interface Target {
  readonly agent: https.Agent
  readonly url: string
  readonly token: string
  readonly body: string
  /** Whether the pod must come back with our container. */
  readonly isInjected: boolean
}

export interface Timings {
  readonly latenciesMs: readonly number[]
  readonly seconds: number
}

/** @throws Error if a pod is refused, or is not what it should be */
export async function load(target: Target, pods: number, atOnce: number): Promise<Timings> {
  const latenciesMs: number[] = []
  let left = pods
  const sender = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const begun = performance.now()
      await create(target)
      latenciesMs.push(performance.now() - begun)
    }
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: atOnce }, sender))
  return { latenciesMs, seconds: (performance.now() - begun) / 1000 }
}

/** The pod as the API server answers it. */
export async function createdBy(target: Target): Promise<Pod> {
  return JSON.parse(await create(target)) as Pod
}

function create({ agent, url, token, body, isInjected }: Target): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
    const request = https.request(url, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () => {
        const isRight = response.statusCode === 201 && text.includes('"name":"aws-iam-ra"') === isInjected
        if (isRight) resolve(text)
        else reject(new Error(`a pod was answered with ${response.statusCode ?? 0}: ${text.slice(0, 500)}`))
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}
