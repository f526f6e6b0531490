/** The pod of the bench: two app containers and an init container, with what such pods usually have. */
import type { Pod } from '../../../test/real/injection/cluster.ts'

export const ROLE = 'frontend-s3-read'

const POD: Pod = {
  metadata: {
    name: 'frontend-6c9b8f7d54-x2x7q',
    labels: {
      'app.kubernetes.io/name': 'frontend',
      'app.kubernetes.io/instance': 'frontend-production',
      'app.kubernetes.io/version': '2.14.3',
      'app.kubernetes.io/managed-by': 'Helm',
      'pod-template-hash': '6c9b8f7d54',
    },
    annotations: {
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '9090',
      'checksum/config': '8d1c2a9f0b7e6d5c4b3a29180716253443526170819a2b3c4d5e6f708192a3b4',
      'kubectl.kubernetes.io/default-container': 'app',
    },
  },
  spec: {
    serviceAccountName: 'default',
    securityContext: { runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 },
    terminationGracePeriodSeconds: 45,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'spot', operator: 'Equal', value: 'true', effect: 'NoSchedule' }],
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'topology.kubernetes.io/zone',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'frontend' } },
      },
    ],
    initContainers: [
      {
        ...container('migrate', ['./migrate', '--wait']),
        volumeMounts: [{ name: 'config', mountPath: '/etc/frontend', readOnly: true }],
      },
    ],
    containers: [
      {
        ...container('app', ['./frontend', '--config', '/etc/frontend/config.yaml']),
        ports: [
          { name: 'http', containerPort: 8080 },
          { name: 'metrics', containerPort: 9090 },
        ],
        readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
        livenessProbe: { httpGet: { path: '/live', port: 'http' }, initialDelaySeconds: 10 },
        volumeMounts: [
          { name: 'config', mountPath: '/etc/frontend', readOnly: true },
          { name: 'cache', mountPath: '/var/cache/frontend' },
        ],
      },
      {
        ...container('exporter', ['./exporter']),
        volumeMounts: [{ name: 'cache', mountPath: '/var/cache/frontend', readOnly: true }],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: 'frontend' } },
      { name: 'cache', emptyDir: { sizeLimit: '256Mi' } },
    ],
  },
}

function container(name: string, command: readonly string[]): object {
  return {
    ...{ name, image: `registry.example/team/${name}:2.14.3`, command, imagePullPolicy: 'IfNotPresent' },
    env: [
      { name: 'LOG_LEVEL', value: 'info' },
      { name: 'AWS_REGION', value: 'eu-central-1' },
      { name: 'BUCKET', value: 'frontend-production-assets' },
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'frontend-database', key: 'url' } } },
      { name: 'FEATURES', valueFrom: { configMapKeyRef: { name: 'frontend', key: 'features' } } },
    ],
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  }
}

export function podOf(asks: boolean): Pod {
  if (!asks) return POD
  const annotations = { ...POD.metadata.annotations, 'iam.amazonaws.com/role': ROLE }
  return { ...POD, metadata: { ...POD.metadata, annotations } }
}
