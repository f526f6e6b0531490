/** Runs `aws-iam-ra` as the pod that `iam-ra k8s onboard` printed runs it: with its variables, its ConfigMap and its token. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { ROOT } from '../../../scripts/checks/files.ts'
import type { KubeObject } from '../../../src/onboarding/kubernetes/objects.ts'
import { runChild, type ChildRun } from '../../rig/processes/child.ts'
import type { Ground } from './ground.ts'

interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string }
    readonly configMapKeyRef?: { readonly name: string; readonly key: string }
  }
}

interface PodSpec {
  readonly serviceAccountName: string
  readonly initContainers: readonly { readonly name: string; readonly env: readonly EnvVar[] }[]
}

/** What kubectl would be given. */
export function objectsIn(printed: string): readonly KubeObject[] {
  return parseAllDocuments(printed, { version: '1.1' }).map((one) => one.toJS() as KubeObject)
}

export interface PodRun extends ChildRun {
  /** As AWS says it: `assumed-role/…`; undefined if it has no credentials. */
  readonly identity: string | undefined
}

/**
 * One run of the init container, though the sample may have a sidecar: both log in, sign and exchange alike.
 *
 * @param changes of single variables, as somebody who edits the manifest has them
 */
export async function runPrinted(
  { kubernetes, aws, home }: Ground,
  printed: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<PodRun> {
  const objects = objectsIn(printed)
  const pod = objects.find(({ kind }) => kind === 'Pod')
  if (pod === undefined) throw new Error(`no pod among ${objects.map(({ kind }) => kind).join(', ')}`)
  const spec = pod['spec'] as PodSpec
  const { namespace = 'default', name } = pod.metadata
  const folder = mkdtempSync(join(home, 'pod-'))
  mkdirSync(join(folder, 'aws'))
  const [container] = spec.initContainers
  const env = { ...variables(objects, container?.env ?? [], { namespace, name, spec }), ...changes }
  const audience = 'vault'
  writeFileSync(join(folder, 'token'), await kubernetes.token(namespace, spec.serviceAccountName, audience), {
    mode: 0o600,
  })
  const before = aws.sessions.issued.length
  const done = await runChild(process.execPath, [join(ROOT, 'src/aws-iam-ra.ts')], {
    ...env,
    ...{ HOME: folder, SERVICE_ACCOUNT_TOKEN_FILE: join(folder, 'token') },
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'aws', 'credentials'),
    TERMINATION_LOG: join(folder, 'none'),
    AWS_ENDPOINT_URL_ROLESANYWHERE: aws.rolesAnywhere.url,
  })
  return { ...done, identity: aws.sessions.issued.slice(before).at(-1)?.assumedRoleArn }
}

function variables(
  objects: readonly KubeObject[],
  env: readonly EnvVar[],
  { namespace, name, spec }: { readonly namespace: string; readonly name: string; readonly spec: PodSpec },
): Record<string, string> {
  const fields: Readonly<Record<string, string>> = {
    'metadata.namespace': namespace,
    'metadata.name': name,
    'spec.serviceAccountName': spec.serviceAccountName,
  }
  const found: Record<string, string> = {}
  for (const { name: variable, value, valueFrom } of env) {
    const { fieldRef, configMapKeyRef } = valueFrom ?? {}
    if (fieldRef !== undefined) found[variable] = fields[fieldRef.fieldPath] ?? ''
    else if (configMapKeyRef !== undefined) {
      const map = objects.find(
        (one) => one.kind === 'ConfigMap' && one.metadata.name === configMapKeyRef.name,
      )
      found[variable] = (map?.['data'] as Record<string, string> | undefined)?.[configMapKeyRef.key] ?? ''
    } else {
      // As the kubelet does: a variable may refer to those before it.
      found[variable] = (value ?? '').replaceAll(
        /\$\((\w+)\)/g,
        (text, other: string) => found[other] ?? text,
      )
    }
  }
  return found
}
