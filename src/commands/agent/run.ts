/** The agent's process: its listeners, logins in it, exchanges in processes of their own. */
import { createAgent, type Agent } from '../../agent/agent.ts'
import { commonNameOf, requestText, verify } from '../../agent/obtaining.ts'
import { createAgentHealth, createAgentMetrics } from '../../agent/health.ts'
import { listenOn, listenOnAll, type Listener } from '../../endpoint/listener.ts'
import { IamRaError } from '../../errors.ts'
import { createBounds, type Bounds, type RunBounds } from '../../run/deadline.ts'
import type { Logger } from '../../run/log.ts'
import type { AgentSettings } from '../../settings/settings.ts'
import { agentExchange } from '../agent-exchange.ts'
import type { CommandContext } from '../command.ts'
import { runApart } from '../long-lived/child-run.ts'
import { listenerErrors } from '../long-lived/listener-errors.ts'

/** A login in vain holds one of a few places. */
const VERIFY_MS = 10_000
const SWEEP_MS = 30_000
/** Three exchanges with their pipes, 32 logins, and the files that the runtime opens. */
const RESERVED_DESCRIPTORS = 80

/** Resolves at SIGTERM or SIGINT. @throws IamRaError LISTEN if it cannot start, INTERNAL */
export async function runAgent(settings: AgentSettings, context: CommandContext): Promise<number> {
  const { logger, hangUp } = context
  const work = createWork()
  const agent = agentOf(settings, context, work)
  hangUp.listen(() => {
    logger.info('SIGHUP: every session and token is dropped')
    agent.forgetAll()
  })
  const listeners = await listen(settings, agent, context)
  try {
    const { podRanges } = settings
    logger.info(`listening on ${listeners[0].hosts.map(inUrl).join(' and ')}, port ${listeners[0].port}`, {
      pod_ranges: podRanges.map(({ network, prefix }) => `${network}/${prefix}`),
    })
    await untilStopped(agent, context)
    logger.info('stopped')
  } finally {
    for (const listener of listeners) listener.close()
    await work.ended()
  }
  return 0
}

/** What must end before the process does: it revokes Vault tokens. Each bounds its own time. */
interface Work {
  add(one: Promise<unknown>): void
  ended(): Promise<void>
}

function createWork(): Work {
  const running = new Set<Promise<unknown>>()
  return {
    add(one) {
      running.add(one)
      const remove = (): void => void running.delete(one)
      one.then(remove, remove)
    },
    async ended() {
      while (running.size > 0) await Promise.allSettled([...running])
    },
  }
}

function agentOf(settings: AgentSettings, { runtime, logger, interrupt }: CommandContext, work: Work): Agent {
  const within = async <T>(bounds: RunBounds, run: (bounds: Bounds) => Promise<T>): Promise<T> => {
    try {
      return await run(bounds)
    } finally {
      bounds.release()
    }
  }
  const bounded = <T>(ms: number, run: (bounds: Bounds) => Promise<T>): Promise<T> => {
    const one = within(createBounds(ms, runtime.clock, interrupt), run)
    work.add(one)
    return one
  }
  const quiet = quieter(logger)
  return createAgent({
    ...{ settings, runtime, logger },
    hosts: settings.addresses.map(({ host }) => inUrl(host)),
    logIn: (caller) =>
      bounded(Math.min(settings.deadlineMs, VERIFY_MS), (bounds) =>
        verify(caller.token, caller, settings, { runtime, bounds, logger: quiet }, (ending) =>
          work.add(ending),
        ),
      ),
    async exchange(token, identity, question) {
      // Before a process is started for nothing.
      commonNameOf(identity)
      const argv = [agentExchange.name, ...runtime.argv.slice(1)]
      const input = requestText({ token, identity, question })
      return await bounded(settings.deadlineMs, (bounds) => runApart({ argv, input }, runtime, bounds))
    },
  })
}

/** For logins, which anybody may bring about: the agent reports what became of them. */
function quieter(logger: Logger): Logger {
  return { ...logger, info: logger.step, warn: logger.step }
}

async function listen(
  { addresses, isIpv6Optional, health, metrics }: AgentSettings,
  agent: Agent,
  { logger, runtime }: CommandContext,
): Promise<readonly [Listener, ...Listener[]]> {
  const onError = listenerErrors(logger, runtime.clock)
  const isSet = (address: unknown): boolean => address !== undefined
  const listening = addresses.length + [health, metrics].filter(isSet).length
  const descriptors = { addresses: listening, reserved: RESERVED_DESCRIPTORS }
  const options = { setting: 'AGENT_ADDRS' as const, onError, descriptors }
  const listeners: [Listener, ...Listener[]] = [
    await listenOnAll(addresses, agent.handler, options, isIpv6Optional),
  ]
  const others = [
    { at: health, handler: createAgentHealth(agent), setting: 'HEALTH_ADDR' as const },
    { at: metrics, handler: createAgentMetrics(agent), setting: 'AGENT_METRICS_ADDR' as const },
  ]
  try {
    for (const { at, handler, setting } of others)
      if (at !== undefined) listeners.push(await listenOn(at, handler, { setting, onError, descriptors }))
    return listeners
  } catch (error) {
    for (const listener of listeners) listener.close()
    throw error
  }
}

async function untilStopped(agent: Agent, { runtime, interrupt }: CommandContext): Promise<void> {
  try {
    for (;;) {
      await runtime.clock.sleep(SWEEP_MS, interrupt)
      agent.forgetExpired()
    }
  } catch (error) {
    if (!(error instanceof IamRaError) || error.code !== 'INTERRUPTED') throw error
  }
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
