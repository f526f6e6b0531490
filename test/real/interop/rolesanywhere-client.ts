/** One CreateSession by iam-rolesanywhere-session, and one by us, against the same emulator. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSession } from '../../../src/exchange/create-session.ts'
import { createHttpClient } from '../../../src/net/http.ts'
import { systemClock } from '../../../src/run/runtime.ts'
import type { SessionCredentials } from '../../../src/credentials.ts'
import { EXAMPLE, type Stage } from '../../rig/emulators/stage.ts'
import { arn } from '../../exchange/fixture.ts'
import { fakeBounds, fakeRuntime, recordingLogger } from '../../support/fake-runtime.ts'
import { runChild } from '../../rig/processes/child.ts'
import { asIssuedCertificate, pemChain, type Workload } from './workload.ts'

/** Who STS says that we are, or how Roles Anywhere refused. */
export type Outcome = { readonly arn: string } | { readonly status: number; readonly message: string }

export interface Place {
  readonly python: string
  readonly stage: Stage
  readonly home: string
}

/** Everything over https: the client builds its URL so. */
export async function createSessionByPython(
  { python, stage, home }: Place,
  workload: Workload,
  more: { readonly sessionName?: string } = {},
): Promise<Outcome> {
  const input = {
    profileArn: EXAMPLE.profileArn,
    roleArn: EXAMPLE.roleArn,
    anchorArn: EXAMPLE.anchorArn,
    region: EXAMPLE.region,
    certificate: pemChain([workload.leaf]),
    chain: pemChain(workload.chain),
    privateKey: workload.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    endpoint: new URL(stage.rolesAnywhere.url).host,
    sts: stage.sts.url,
    authorityFile: authorityFile(stage, home),
    ...more,
  }
  const script = join(import.meta.dirname, 'create-session.py')
  const env = { HOME: home, AWS_EC2_METADATA_DISABLED: 'true' }
  const run = await runChild(python, [script], env, JSON.stringify(input))
  if (run.code !== 0) throw new Error(`iam-rolesanywhere-session failed: ${run.stderr}`)
  return JSON.parse(run.stdout) as Outcome
}

export async function createSessionByUs(
  { stage, home }: Place,
  workload: Workload,
): Promise<SessionCredentials> {
  const settings = {
    roleArn: arn(EXAMPLE.roleArn),
    anchorArn: arn(EXAMPLE.anchorArn),
    profileArn: arn(EXAMPLE.profileArn),
    region: EXAMPLE.region,
    endpoint: new URL(stage.rolesAnywhere.url),
    caFile: authorityFile(stage, home),
  }
  const runtime = { ...fakeRuntime({ http: createHttpClient }), clock: systemClock }
  const context = { runtime, bounds: fakeBounds(systemClock), logger: recordingLogger() }
  return await createSession(settings, asIssuedCertificate(workload), context)
}

function authorityFile(stage: Stage, home: string): string {
  const path = join(home, 'tls-authority.pem')
  writeFileSync(path, stage.tlsAuthority ?? '')
  return path
}

/** Makes the workload's root the trust anchor. */
export function trust(stage: Stage, { root }: Pick<Workload, 'root'>): void {
  stage.rolesAnywhereEmulator.options.anchors = [{ arn: EXAMPLE.anchorArn, certificates: [root.pem] }]
}
