/** The network cost of a run, and a check that it leaves no Vault token: a separate run that is not timed. */
import { runOnce, type Place } from './measure.ts'
import { startRelay } from './relay.ts'
import type { WireResult } from './results.ts'
import { SCHEMES, type Scheme } from './servers.ts'
import type { Subject } from './subjects.ts'

/** @throws Error that names the subject that left its token */
export async function countWire(subjects: readonly Subject[], place: Place): Promise<WireResult[]> {
  const results: WireResult[] = []
  for (const scheme of SCHEMES) {
    for (const subject of subjects) results.push(await countOne(subject, scheme, place))
  }
  return results
}

async function countOne(subject: Subject, scheme: Scheme, place: Place): Promise<WireResult> {
  const { servers } = place
  const vault = await startRelay(servers.vault[scheme])
  const awsScheme = subject.awsScheme ?? scheme
  const aws = await startRelay(servers.rolesAnywhere[awsScheme])
  try {
    const before = await servers.liveTokens()
    await runOnce(
      subject,
      { scheme, key: 'ec-p256' },
      {
        ...place,
        servers: {
          ...servers,
          vault: { ...servers.vault, [scheme]: vault.url },
          rolesAnywhere: { ...servers.rolesAnywhere, [awsScheme]: aws.url },
        },
      },
    )
    if ((await servers.liveTokens()) !== before) throw new Error(`${subject.name} did not revoke its token`)
    return { subject: subject.name, scheme, vault: vault.traffic(), aws: aws.traffic() }
  } finally {
    await vault.close()
    await aws.close()
  }
}
