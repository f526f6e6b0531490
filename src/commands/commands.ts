/** The one list of the commands, in the order of --help. */
import type { Program } from '../settings/command.ts'
import { agent } from './agent.ts'
import { agentAddress } from './agent-address.ts'
import { agentExchange } from './agent-exchange.ts'
import { check } from './check.ts'
import type { Command } from './command.ts'
import { credentialProcess } from './credential-process.ts'
import { metadataAddress } from './metadata-address.ts'
import { obtain } from './obtain.ts'
import { once } from './once.ts'
import { renew } from './renew.ts'
import { serve } from './serve.ts'
import { wait } from './wait.ts'

export const PROGRAM: Program<Command> = {
  oneShot: once,
  commands: [
    serve,
    renew,
    credentialProcess,
    check,
    agent,
    wait,
    metadataAddress,
    agentAddress,
    obtain,
    agentExchange,
  ],
}
