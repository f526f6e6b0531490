/** The settings of agent: where it listens and for whom, what may be asked for, and how sessions are obtained. */
import type { Arn } from '../aws/arn.ts'
import type { AwsConnection } from '../aws/connection.ts'
import { omitUndefined } from '../text/omit-undefined.ts'
import type { Reader } from './reader.ts'
import { anchorOf, rolesAnywhereConnection, signingSection, vaultLogin } from './sections.ts'
import type { AgentOffer, AgentSettings } from './settings.ts'

/** Every section is read even if an earlier one failed, so that the problems of each are reported. */
export function agentSettings(reader: Reader): AgentSettings | undefined {
  refuseOtherSources(reader)
  const deadline = reader.take('DEADLINE')
  const listening = listeningSection(reader)
  const callers = callersSection(reader)
  const offer = offerSection(reader)
  const connections = connectionsTo(reader, offer?.anchors)
  const vault = vaultLogin(reader)
  const signing = signingSection(reader, deadline)
  if (deadline === undefined || listening === undefined || callers === undefined) return undefined
  if (offer === undefined || connections === undefined || vault === undefined || signing === undefined)
    return undefined
  return { ...listening, ...callers, offer, connections, vault, signing, deadlineMs: deadline * 1000 }
}

function refuseOtherSources(reader: Reader): void {
  for (const name of ['CERTIFICATE_FILE', 'VAULT_AWS_PATH'] as const) {
    if (reader.source(name).state === 'given')
      reader.problem(name, {
        wrong: "is set, but agent has each pod's certificate signed by Vault",
        expected: 'it to be unset',
      })
  }
}

type Listening = Pick<AgentSettings, 'addresses' | 'isIpv6Optional' | 'health' | 'metrics'>

function listeningSection(reader: Reader): Listening | undefined {
  const [first, ...others] = reader.take('AGENT_ADDRS') ?? []
  const health = reader.take('HEALTH_ADDR')
  const metrics = reader.take('AGENT_METRICS_ADDR')
  if (first === undefined) return undefined
  const isIpv6Optional = !reader.isSet('AGENT_ADDRS')
  return { addresses: [first, ...others], isIpv6Optional, ...omitUndefined({ health, metrics }) }
}

function callersSection(reader: Reader): Pick<AgentSettings, 'podRanges' | 'cluster' | 'token'> | undefined {
  const podRanges = reader.take('AGENT_POD_RANGES')
  const cluster = reader.take('AGENT_CLUSTER')
  const node = reader.take('AGENT_NODE')
  const audience = reader.take('AGENT_AUDIENCE')
  const issuer = reader.take('AGENT_ISSUER')
  if (podRanges === undefined || cluster === undefined || node === undefined || audience === undefined)
    return undefined
  return { podRanges, cluster, token: { audience, node, ...omitUndefined({ issuer }) } }
}

/** The default of AWS's own profiles. */
const AN_HOUR = 3600

function offerSection(reader: Reader): AgentOffer | undefined {
  const anchor = anchorOf(reader)
  const profile = reader.take('PROFILE_ARN')
  const anchors = reader.take('AGENT_ANCHORS') ?? []
  const profiles = reader.take('AGENT_PROFILES') ?? []
  const durationSeconds = reader.take('SESSION_DURATION') ?? AN_HOUR
  if (anchor === undefined || profile === undefined) return undefined
  return {
    ...{ anchor, profile, durationSeconds },
    anchors: [anchor, ...anchors],
    profiles: [profile, ...profiles],
  }
}

/** By the anchor's ARN. @param anchors undefined if one is missing or wrong */
function connectionsTo(
  reader: Reader,
  anchors: readonly Arn[] | undefined,
): Readonly<Record<string, AwsConnection>> | undefined {
  const connections: Record<string, AwsConnection> = {}
  for (const anchor of anchors ?? [undefined]) {
    const connection = rolesAnywhereConnection(reader, anchor)
    if (anchor === undefined || connection === undefined) return undefined
    connections[anchor.text] = connection
  }
  return connections
}
