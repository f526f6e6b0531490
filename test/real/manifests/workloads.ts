/** Workloads as the API server completes them, and the settings that their init containers give the executable. */
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ROOT } from '../../../scripts/checks/files.ts'
import type { CredentialsSource } from '../../../src/sources/sources.ts'
import type { Settings, SourceSettings } from '../../../src/settings/settings.ts'
import { EXAMPLE } from '../../rig/emulators/stage.ts'
import { readFrom, type Task } from '../../settings/fixture.ts'
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

/** The first of the pod's init containers, which is ours whether it ends or serves. */
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

export const SECRETS = {
  'role-arn': { arn: EXAMPLE.roleArn },
  'anchor-arn': { arn: EXAMPLE.anchorArn },
  'profile-arn': { arn: EXAMPLE.profileArn },
}

/** As the executable reads them, without a warning; the file of Vault's CA alone is another one here. */
export async function taskOf(
  container: Container,
  pod: Omit<Surroundings, 'secrets'> = EXAMPLE,
): Promise<Task> {
  const env = environmentOf(container, { ...pod, secrets: SECRETS })
  const authority =
    env['VAULT_CACERT'] === undefined ? {} : { VAULT_CACERT: join(ROOT, 'test/certs/root.pem') }
  const invocation = await readFrom({ ...env, ...authority }, container.args ?? [], '/home/nobody')
  if (invocation.command === 'help' || invocation.command === 'version') {
    throw new Error(`expected a task, got ${invocation.command}`)
  }
  assert.equal(invocation.warnings, [])
  return invocation
}

/** Those of the one-shot. */
export async function settingsOf(
  container: Container,
  pod?: Pick<Surroundings, 'namespace' | 'serviceAccount'>,
): Promise<Settings> {
  const task = await taskOf(container, pod)
  if (task.command !== 'once') throw new Error(`expected the one-shot, got ${task.command}`)
  return task.settings
}

type SourceOf<Kind> = Extract<CredentialsSource, { kind: Kind }>

export function sourceOf<Kind extends CredentialsSource['kind']>(
  { source }: SourceSettings,
  kind: Kind,
): SourceOf<Kind> {
  assert.is(source.kind, kind)
  return source as SourceOf<Kind>
}
