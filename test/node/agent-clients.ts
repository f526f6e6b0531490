/** Pods that ask the node agent, written by hand as docs/agent.md has it. */
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { container, IDENTITY, pod, template, type Workload } from './askers.ts'

const IPV4 = '169.254.170.23'
export const IPV6 = 'fd00:ec2::23'

export interface Client {
  readonly account: string
  readonly role: string
  /** What it does; by default it can be asked for hours. */
  readonly script?: string
  readonly host?: string
}

export function credentialsUrl(role: string, host = IPV4): string {
  return `http://${host}:9911/v1/credentials?role=${role}`
}

export function client(name: string, asks: Client): Workload {
  return pod(name, template(undefined, {}, specOf(asks)))
}

/** All of its pods at once; none is tried again. */
export function clientJob(name: string, completions: number, asks: Client): Workload {
  const { metadata, spec } = template(undefined, {}, { ...specOf({ script: IDENTITY, ...asks }) })
  return {
    ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name } },
    spec: {
      ...{ completions, parallelism: completions, backoffLimit: 0 },
      template: { metadata, spec: { ...spec, restartPolicy: 'Never' } },
    },
  }
}

function specOf({ account, role, host, script = 'exec sleep 3600' }: Client): object {
  const app = container('app', script)
  const env = [
    { name: 'AWS_REGION', value: EXAMPLE.region },
    { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: credentialsUrl(role, host) },
    { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: '/var/run/secrets/iam-ra/token' },
  ]
  const volumeMounts = [{ name: 'iam-ra-agent-token', mountPath: '/var/run/secrets/iam-ra' }]
  const token = { path: 'token', audience: 'iam-ra-agent', expirationSeconds: 3600 }
  return {
    serviceAccountName: account,
    containers: [{ ...app, env, volumeMounts }],
    volumes: [{ name: 'iam-ra-agent-token', projected: { sources: [{ serviceAccountToken: token }] } }],
  }
}
