/** Which requests are considered at all: by their sender, and by what is asked for. */
import { headerOf, type Answer, type EndpointRequest } from '../endpoint/answer.ts'
import { refuseHeaders } from '../endpoint/sender.ts'
import type { AgentOffer } from '../settings/settings.ts'
import {
  badQuestion,
  FOREIGN_HOST,
  FORBIDDEN_SENDER,
  METHOD_NOT_ALLOWED,
  NO_TOKEN,
  NOT_FOUND,
} from './answers.ts'
import { readQuestion, type Question } from './question.ts'
import { createSenders, plainAddress } from './senders.ts'
import type { AddressRange } from '../settings/settings.ts'

/** A request that may be answered if its token is good. */
export interface Asked {
  readonly token: string
  readonly question: Question
  readonly address: string
}

export interface GateOptions {
  readonly podRanges: readonly AddressRange[]
  /** The agent's own, as in URLs. */
  readonly hosts: readonly string[]
  readonly offer: AgentOffer
}

const PATH = '/v1/credentials'

export function createGate({
  podRanges,
  hosts,
  offer,
}: GateOptions): (request: EndpointRequest) => Asked | Answer {
  const senders = createSenders(podRanges)
  return (request) => {
    const address = plainAddress(request.address)
    if (!senders.isPod(address)) return FORBIDDEN_SENDER
    const refused = refuseHeaders(request)
    if (refused !== undefined) return refused
    if (!isOurHost(request, hosts)) return FOREIGN_HOST
    const at = request.target.indexOf('?')
    const path = at === -1 ? request.target : request.target.slice(0, at)
    if (path !== PATH) return NOT_FOUND
    if (request.method !== 'GET') return METHOD_NOT_ALLOWED
    const token = headerOf(request, 'authorization')
    if (token === undefined || token === '') return NO_TOKEN
    const question = readQuestion(at === -1 ? '' : request.target.slice(at + 1), offer)
    return 'wrong' in question ? badQuestion(question.wrong) : { token, question, address }
  }
}

/** A rebound DNS name shows up in Host. */
function isOurHost(request: EndpointRequest, hosts: readonly string[]): boolean {
  const host = headerOf(request, 'host')?.toLowerCase() ?? ''
  const suffix = `:${request.port}`
  return hosts.includes(host.endsWith(suffix) ? host.slice(0, -suffix.length) : host)
}
