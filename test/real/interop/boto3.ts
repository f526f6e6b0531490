/** boto3 in a process of its own that is asked one call after another: a client that others wrote. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cleanEnv } from '../../rig/processes/clean-env.ts'

export interface Boto3Refusal {
  readonly error: string
  readonly message: string
  /** 0 without an answer. */
  readonly status: number
}

export interface Boto3 {
  /**
   * @param method such as `create_role`
   * @throws Error where it is refused
   */
  call(service: string, method: string, params?: object): Promise<Readonly<Record<string, unknown>>>
  /** Page by page. */
  pages(
    service: string,
    method: string,
    params?: object,
  ): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** @throws Error where it is not refused */
  refused(service: string, method: string, params?: object): Promise<Boto3Refusal>
  close(): void
}

interface Outcome extends Partial<Boto3Refusal> {
  readonly answer?: Readonly<Record<string, unknown>>
  readonly pages?: readonly Readonly<Record<string, unknown>>[]
}

/** @param env endpoints and keys @param attempts of each call, at most */
export function startBoto3(python: string, env: Readonly<Record<string, string>>, attempts = 1): Boto3 {
  const script = join(import.meta.dirname, 'boto3-calls.py')
  const child = spawn(python, [script, String(attempts)], {
    env: cleanEnv(env),
    // It ends with its stdin.
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let last: Promise<unknown> = Promise.resolve()
  const ask = (service: string, method: string, params: object): Promise<Outcome> => {
    const mine = last.then(async () => {
      child.stdin.write(`${JSON.stringify([service, method, params])}\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error('boto3 has ended')
      return JSON.parse(value) as Outcome
    })
    last = mine.catch(() => undefined)
    return mine
  }
  const complain = (method: string, { error, message }: Outcome): Error =>
    new Error(error === undefined ? `${method} is not refused` : `${method}: ${error}: ${message ?? ''}`)
  return {
    async call(service, method, params = {}) {
      const outcome = await ask(service, method, params)
      if (outcome.answer === undefined) throw complain(method, outcome)
      return outcome.answer
    },
    async pages(service, method, params = {}) {
      const outcome = await ask(service, `every_${method}`, params)
      if (outcome.pages === undefined) throw complain(method, outcome)
      return outcome.pages
    },
    async refused(service, method, params = {}) {
      const outcome = await ask(service, method, params)
      const { error, message = '', status = 0 } = outcome
      if (error === undefined) throw complain(method, outcome)
      return { error, message, status }
    },
    close: () => child.stdin.end(),
  }
}
