/** Asks an endpoint as an SDK does, until there are credentials. They go nowhere. */
import { IamRaError } from '../../errors.ts'
import { TransportError, type HttpAnswer, type HttpClient } from '../../net/http.ts'
import { createBounds, type Bounds } from '../../run/deadline.ts'
import { readInputFile } from '../../run/input-file.ts'
import { codeOf } from '../../errors.ts'
import { parseJsonObject } from '../../text/json.ts'
import { foreignText } from '../../text/redact.ts'
import { seconds } from '../../text/time.ts'
import type { WaitSettings } from '../../settings/settings.ts'
import type { CommandContext } from '../command.ts'

const ATTEMPT_MS = 5000
const PAUSE_MS = 1000
const MOST_PAUSE_MS = 2000

/** @throws IamRaError DEADLINE with the last reason, INTERRUPTED */
export async function runWait(settings: WaitSettings, context: CommandContext): Promise<number> {
  const { runtime, logger, interrupt } = context
  const bounds = createBounds(settings.deadlineMs, runtime.clock, interrupt)
  const http = runtime.http({})
  let why = 'no answer yet'
  try {
    for (let count = 1; ; count += 1) {
      const said = await attempt(settings, http, bounds, context)
      if (said === undefined) break
      logger[said === why ? 'step' : 'warn'](`no credentials yet: ${said}`, { attempt: count })
      why = said
      await runtime.clock.sleep(pauseMs(count, runtime.random()), bounds.signal)
    }
    logger.info('there are credentials', { endpoint: settings.endpoint.origin })
    return 0
  } catch (error) {
    throw error instanceof IamRaError && error.code === 'DEADLINE' ? tooLate(settings, why) : error
  } finally {
    bounds.release()
    http.close()
  }
}

/** Short: each asks the agent of its own node only. */
export function pauseMs(count: number, random: number): number {
  return Math.min(MOST_PAUSE_MS, PAUSE_MS * count) * (0.5 + random / 2)
}

/** @returns why there are none; undefined if there are */
async function attempt(
  { endpoint, tokenFile }: WaitSettings,
  http: HttpClient,
  bounds: Bounds,
  { runtime }: CommandContext,
): Promise<string | undefined> {
  let token: string
  try {
    token = await readInputFile(runtime.memoryFiles, tokenFile)
  } catch (error) {
    return `the token file ${tokenFile} cannot be read (${codeOf(error) ?? 'unreadable'})`
  }
  // As botocore: it could not be sent.
  if (/[\r\n]/.test(token)) return `the token file ${tokenFile} has a line break`
  try {
    const timeoutMs = Math.max(1, Math.min(ATTEMPT_MS, bounds.remainingMs()))
    const headers = { Authorization: token, Accept: 'application/json' }
    return reasonOf(
      await http.request({ method: 'GET', url: endpoint, headers, timeoutMs, signal: bounds.signal }),
      token,
    )
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    return `${endpoint.origin} cannot be reached (${error.code})`
  }
}

function reasonOf({ status, body }: HttpAnswer, token: string): string | undefined {
  const json = parseJsonObject(body)
  if (status === 200 && typeof json?.['SecretAccessKey'] === 'string') return undefined
  const said = json?.['message']
  return `the answer was ${status}${typeof said === 'string' ? `, ${foreignText(said, [token])}` : ''}`
}

function tooLate({ deadlineMs, endpoint }: WaitSettings, why: string): IamRaError {
  return new IamRaError(
    'DEADLINE',
    'exchange',
    `no credentials from ${endpoint.origin} within DEADLINE (${seconds(deadlineMs)}): ${why}`,
    { hint: 'see the log of the agent on this node, or raise DEADLINE' },
  )
}
