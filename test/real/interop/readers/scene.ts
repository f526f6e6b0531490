/** The shipped file as all readers meet it: its `serve`, the file of its one-shot, and itself as a credential_process. */
import { makeFolder, run } from '../../../e2e/harness.ts'
import { startStage, type Stage } from '../../../rig/emulators/stage.ts'
import { scratchFolder } from '../../../rig/processes/process.ts'
import { appEnv } from '../apps.ts'
import { processEnv } from '../process-profile.ts'
import { startServing, type Serving } from '../serving.ts'
import type { Way } from './readers.ts'

export interface Scene {
  readonly stage: Stage
  readonly serving: Serving
  /** Variations of the ways, each with all that an app is told. */
  readonly told: Readonly<Record<VariationName, Readonly<Record<string, string>>>>
  /** `serve` has other keys then, and so has the file. */
  renew(): Promise<void>
  close(): Promise<void>
}

/** `chosen`: what CI looks at too. */
export const VARIATIONS = {
  file: { way: 'file', chosen: true },
  'container endpoint, token file': { way: 'container endpoint', chosen: true },
  'container endpoint, token in the variable': { way: 'container endpoint', chosen: false },
  'container endpoint, token file, address with a slash at its end': {
    way: 'container endpoint',
    chosen: false,
  },
  'IMDSv2, address with a slash at its end': { way: 'IMDSv2', chosen: true },
  'IMDSv2, address without': { way: 'IMDSv2', chosen: true },
  credential_process: { way: 'credential_process', chosen: true },
  'credential_process, with quotes': { way: 'credential_process', chosen: false },
} as const satisfies Readonly<Record<string, { readonly way: Way; readonly chosen: boolean }>>
export type VariationName = keyof typeof VARIATIONS
export const VARIATION_NAMES = Object.keys(VARIATIONS) as readonly VariationName[]

const RENEWALS = 'renewals_total{result="success"}'

export async function makeScene(lifeSeconds = 3600): Promise<Scene> {
  const home = scratchFolder('readers')
  const stage = await startStage({ profile: { durationSeconds: lifeSeconds } })
  const serving = await startServing(stage)
  await serving.untilReady()
  const folder = makeFolder()
  const writeFile = async (): Promise<void> => {
    const { code, stderr } = await run(stage, { folder, env: { AWS_PROFILE: 'app', WRITE_REGION: 'true' } })
    if (code !== 0) throw new Error(`the one-shot failed: ${stderr}`)
  }
  await writeFile()
  const common = appEnv(stage, home)
  const container = serving.appEnv('container endpoint')
  const imds = serving.appEnv('IMDSv2')
  const token = serving.token()
  return {
    stage,
    serving,
    told: {
      file: {
        ...common,
        AWS_SHARED_CREDENTIALS_FILE: folder.credentials,
        AWS_PROFILE: 'app',
        AWS_EC2_METADATA_DISABLED: 'true',
      },
      'container endpoint, token file': { ...common, ...container },
      'container endpoint, token in the variable': {
        ...common,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${serving.endpoint}/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
      },
      'container endpoint, token file, address with a slash at its end': {
        ...common,
        ...container,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${serving.endpoint}/v1/credentials/`,
      },
      'IMDSv2, address with a slash at its end': {
        ...common,
        ...imds,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: `${serving.endpoint}/`,
      },
      'IMDSv2, address without': { ...common, ...imds },
      credential_process: { ...common, ...processEnv(stage, home, {}, { quoted: false }) },
      'credential_process, with quotes': { ...common, ...processEnv(stage, home) },
    },
    async renew() {
      const renewals = await serving.metric(RENEWALS)
      serving.hangUp()
      await serving.untilMetric(RENEWALS, renewals + 1)
      await writeFile()
    },
    async close() {
      await serving.stop()
      await stage.close()
    },
  }
}
