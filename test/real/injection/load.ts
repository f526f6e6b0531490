/** Pods that are sent without a pause while something changes. */
import { setTimeout as delay } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { asker, isInjected, type Answer, type Cluster, type Pod } from './cluster.ts'

export interface Sender {
  readonly what: string
  send(): Promise<Answer>
  isRight(answer: Answer): boolean
}

/** Far more than any change takes. */
const MOST = 50_000

/** Fails if an answer before the end of `change` is wrong. An API server that is down gives none. */
export async function underLoad(senders: readonly Sender[], change: () => Promise<void>): Promise<void> {
  const wrong: string[] = []
  let isOver = false
  const work = async ({ what, send, isRight }: Sender): Promise<void> => {
    let answers = 0
    for (let sent = 0; !isOver && sent < MOST && wrong.length < 3; sent += 1) {
      const answer = await send().catch(isUnreachable)
      if (answer === undefined) await delay(5)
      else answers += 1
      if (answer !== undefined && !isRight(answer)) wrong.push(`${what}: ${described(answer)}`)
    }
    if (answers === 0) wrong.push(`${what}: no answer`)
  }
  const workers = senders.map(work)
  try {
    await change()
  } finally {
    isOver = true
    await Promise.all(workers)
    assert.equal(wrong, [])
  }
}

/** @param codes with which it may also be refused */
export function asking(
  cluster: Cluster,
  namespace: string,
  codes: readonly string[] = [],
  role = 'r',
): Sender {
  return {
    what: `asks for ${role}`,
    send: () => cluster.send(namespace, asker(role)),
    isRight: (answer) => isWhole(answer) || isRefused(answer, codes),
  }
}

/** One that may never have what it asks for. */
export function refused(cluster: Cluster, namespace: string, codes: readonly string[]): Sender {
  return {
    what: 'asks for what it may not have',
    send: () => cluster.send(namespace, asker(' ')),
    isRight: (answer) => isRefused(answer, codes),
  }
}

export const OTHER: Pod = { metadata: {}, spec: { containers: [{ name: 'app', image: 'nginx' }] } }

/** Pods that ask for nothing, and those outside that ask somebody else. */
export function others(cluster: Cluster, namespace: string, outside: string): readonly Sender[] {
  const isUntouched = ({ status, pod }: Answer): boolean =>
    status === 201 && pod.spec['initContainers'] === undefined
  return [
    { what: 'asks for nothing', send: () => cluster.send(namespace, OTHER), isRight: isUntouched },
    { what: 'asks outside', send: () => cluster.send(outside, asker('r')), isRight: isUntouched },
  ]
}

function isRefused({ status, codes }: Answer, accepted: readonly string[]): boolean {
  return status === 403 && codes.length > 0 && codes.every((code) => accepted.includes(code))
}

/** The role in the annotation is the role in the container, and its mode the one of the label. */
function isWhole(answer: Answer): boolean {
  if (answer.status !== 201 || !isInjected(answer)) return false
  const { metadata, spec } = answer.pod
  const inits = spec['initContainers'] as readonly Container[]
  const [container] = inits
  const args = metadata.labels?.['iam-ra/credentials'] === 'serve' ? 'serve' : ''
  return (
    inits.length === 1 &&
    container?.name === 'aws-iam-ra' &&
    (container.args ?? []).join() === args &&
    container.env.some(
      ({ name, value }) => name === 'ROLE_ARN' && value === metadata.annotations?.['iam-ra/injected'],
    )
  )
}

interface Container {
  readonly name: string
  readonly args?: readonly string[]
  readonly env: readonly { readonly name: string; readonly value?: string }[]
}

function described({ status, says, pod }: Answer): string {
  return `${status} ${says} ${JSON.stringify(pod.metadata)}`
}

function isUnreachable(error: unknown): undefined {
  const { code } = error as { readonly code?: string }
  if (code !== 'ECONNREFUSED' && code !== 'ECONNRESET' && code !== 'EPIPE') throw error
}
