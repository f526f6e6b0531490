/** The last step of sources with a certificate: exchange it at Roles Anywhere. */
import { createSession } from '../exchange/create-session.ts'
import type { ExchangeSettings } from '../exchange/settings.ts'
import type { IssuedCertificate, SessionCredentials } from '../credentials.ts'
import type { Facts, Look, StepDescription, Watch } from '../run/watch.ts'
import { credentialsFacts } from './facts.ts'

const EXCHANGE: StepDescription = {
  name: 'exchange',
  title: 'exchange at Roles Anywhere',
  stage: 'exchange',
  how: 'sends',
}

export async function exchange(
  settings: ExchangeSettings,
  certificate: IssuedCertificate,
  watch: Watch,
  create = createSession,
): Promise<SessionCredentials> {
  const sent = {
    ...endpointFacts(settings),
    role_arn: settings.roleArn.text,
    anchor_arn: settings.anchorArn.text,
    profile_arn: settings.profileArn.text,
    chain_certificates: certificate.chain.length,
    duration_s: settings.durationSeconds,
    session_name: settings.sessionName,
  }
  return await watch.step({ ...EXCHANGE, sent }, async (step) => {
    const credentials = await create(settings, certificate, step)
    step.found(credentialsFacts(credentials))
    return credentials
  })
}

/** What can be checked of the exchange without a certificate. */
export function exchangeProbe(settings: ExchangeSettings): Look {
  return {
    step: { ...EXCHANGE, sent: endpointFacts(settings) },
    lacks: 'certificate',
    work: async (step) => {
      const { reachRolesAnywhere } = await import('../exchange/reachability.ts')
      const status = await reachRolesAnywhere(settings, step)
      step.found({ reachable: true, status })
    },
  }
}

function endpointFacts(settings: ExchangeSettings): Facts {
  return {
    endpoint: settings.endpoint.origin,
    region: settings.region,
    // Never its user name and password.
    proxy: settings.proxy?.host,
    ca_file: settings.caFile,
  }
}
