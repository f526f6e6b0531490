/** Workloads as the API server completes them, and the settings that their init containers give the executable. */
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ROOT } from '../../../scripts/checks/files.ts'
import type { Settings } from '../../../src/types.ts'
import { EXAMPLE } from '../../emulators/stage.ts'
import { readFrom } from '../../settings/fixture.ts'
import { render } from './kustomize.ts'
import { environmentOf, templateOf, type Container, type PodTemplate, type Surroundings } from './pod.ts'
import type { Validation } from './validation.ts'

/** The pod templates of what a folder renders to, by the workload's name. */
export async function workloadsOf(
  server: Validation,
  folder: string,
): Promise<ReadonlyMap<string, PodTemplate>> {
  const found = new Map<string, PodTemplate>()
  for (const manifest of render(folder)) {
    const { status, json } = await server.apply(manifest)
    assert.ok(status < 300, String(json['message']))
    const template = templateOf(json)
    if (template !== undefined) found.set((json['metadata'] as { name: string }).name, template)
  }
  return found
}

export function initContainer({ spec }: PodTemplate): Container {
  const [first] = spec.initContainers ?? []
  assert.ok(first)
  assert.is(first.name, 'aws-iam-ra')
  return first
}

/** The app containers that mount a token of the service account, whatever its volume is called. */
export function appsWithToken({ spec }: PodTemplate): string[] {
  const tokens = (spec.volumes ?? []).filter((volume) =>
    JSON.stringify(volume).includes('serviceAccountToken'),
  )
  return spec.containers
    .filter(({ volumeMounts = [] }) =>
      volumeMounts.some(({ name }) => tokens.some((token) => token.name === name)),
    )
    .map(({ name }) => name)
}

const SECRETS = {
  'role-arn': { arn: EXAMPLE.roleArn },
  'anchor-arn': { arn: EXAMPLE.anchorArn },
  'profile-arn': { arn: EXAMPLE.profileArn },
}

/** As the executable reads them, without a warning; the file of the CA alone is another one here. */
export async function settingsOf(
  container: Container,
  pod: Pick<Surroundings, 'namespace' | 'serviceAccount'> = EXAMPLE,
): Promise<Settings> {
  const env = environmentOf(container, { ...pod, secrets: SECRETS })
  const authority = join(ROOT, 'test/certs/root.pem')
  const invocation = await readFrom({ ...env, VAULT_CACERT: authority }, [], '/home/nobody')
  if (invocation.command !== 'once') throw new Error(`expected the one-shot, got ${invocation.command}`)
  assert.equal(invocation.warnings, [])
  return invocation.settings
}
