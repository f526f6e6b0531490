/** A pod, Deployment or Job that shows that a workload has its role: an example to copy from, and to run. */
import type { KubeObject } from '../objects.ts'
import { credentialsLabel, credentialsPod, type CredentialsPod } from './credentials-pod.ts'

export type SampleKind = 'pod' | 'deployment' | 'job'

export interface Sample extends Omit<CredentialsPod, 'home'> {
  readonly kind: SampleKind
  readonly metadata: KubeObject['metadata']
  readonly account: string
  readonly region: string
}

const APP_IMAGE = 'public.ecr.aws/aws-cli/aws-cli:2.31.0'
const HOME = '/home/app'

const IDENTITY = 'aws sts get-caller-identity'
/** The shell takes a signal only while it waits. */
const STAY = [
  "trap 'exit 0' TERM",
  `${IDENTITY} & wait $! || exit 1`,
  'while true; do sleep 3600 & wait $!; done',
].join('\n')

export function sampleObject(sample: Sample): KubeObject {
  const { kind, metadata } = sample
  const labels = {
    ...metadata.labels,
    app: metadata.name,
    'iam-ra/credentials': credentialsLabel(sample.mode),
  }
  const labelled = { ...metadata, labels }
  const spec = podSpec(sample)
  if (kind === 'pod') return { apiVersion: 'v1', kind: 'Pod', metadata: labelled, spec }
  const template = { metadata: { labels }, spec }
  if (kind === 'job') {
    return { apiVersion: 'batch/v1', kind: 'Job', metadata: labelled, spec: { backoffLimit: 3, template } }
  }
  const selector = { matchLabels: { app: metadata.name } }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: labelled, spec: { selector, template } }
}

function podSpec(sample: Sample): object {
  const { kind, account, region } = sample
  const { container, app, volumes } = credentialsPod({ ...sample, home: HOME })
  return {
    serviceAccountName: account,
    automountServiceAccountToken: false,
    ...(kind === 'job' ? { restartPolicy: 'Never' } : {}),
    // One user for both containers, so that the app can read what ours writes. The image of the AWS CLI would run as root.
    securityContext: { runAsUser: 65532, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    initContainers: [container],
    containers: [
      {
        name: 'app',
        image: APP_IMAGE,
        command: ['/bin/sh', '-c'],
        args: [kind === 'job' ? IDENTITY : STAY],
        env: [{ name: 'HOME', value: HOME }, { name: 'AWS_REGION', value: region }, ...app.env],
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
        securityContext: {
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [{ name: 'home', mountPath: HOME }, ...(app.volumeMounts ?? [])],
      },
    ],
    volumes: [{ name: 'home', emptyDir: { sizeLimit: '16Mi' } }, ...volumes],
  }
}
