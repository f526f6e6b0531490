/** Pods and workloads that ask for a role by annotation and say who they are; all pass the Pod Security Standard `restricted`. */
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { ACCOUNT, ROLE } from './annotated.ts'
import { PRINTED } from './build-images.ts'

type Annotations = Readonly<Record<string, string>>

export const IDENTITY = 'aws sts get-caller-identity'
/** It says who it is, and then can be asked more. */
const STAYS = `${IDENTITY}; exec sleep 3600`

export interface Template {
  readonly metadata: { readonly annotations?: Annotations; readonly labels?: Annotations }
  readonly spec: object
}

export interface Workload extends Template {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Template['metadata'] & { readonly name: string }
}

/** A container that has its region, as everywhere, and nothing that says where credentials are. */
export function container(name: string, script = STAYS): Readonly<Record<string, unknown>> {
  return {
    ...{ name, image: PRINTED.aws, command: ['/bin/sh', '-c', script] },
    env: [{ name: 'AWS_REGION', value: EXAMPLE.region }],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  }
}

/** @param role none if it asks for nothing */
export function template(
  role: string | undefined,
  annotations: Annotations = {},
  spec: object = {},
): Template {
  return {
    metadata: { annotations: role === undefined ? annotations : { [ROLE]: role, ...annotations } },
    spec: {
      serviceAccountName: ACCOUNT,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [container('app')],
      // What runs there has nothing to finish.
      terminationGracePeriodSeconds: 1,
      ...spec,
    },
  }
}

export function pod(name: string, { metadata, spec }: Template): Workload {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec }
}

export function deployment(name: string, { metadata, spec }: Template): Workload {
  const labels = { app: name }
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } },
    spec: { selector: { matchLabels: labels }, template: { metadata: { ...metadata, labels }, spec } },
  }
}

export function job(name: string, { metadata, spec }: Template): Workload {
  const ends = { containers: [container('app', IDENTITY)], restartPolicy: 'Never' }
  return {
    ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name } },
    spec: { backoffLimit: 0, template: { metadata, spec: { ...spec, ...ends } } },
  }
}

export function cronJob(name: string, schedule: string, one: Template): Workload {
  const { spec } = job(name, one)
  return {
    ...{ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name } },
    spec: { schedule, jobTemplate: { spec } },
  }
}
