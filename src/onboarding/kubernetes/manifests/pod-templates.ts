/** The pods of k8s/base and k8s/sidecar. Written by scripts/reference.ts. */
import type { PodSpec } from './pod.ts'

export const BASE: PodSpec = {
  initContainers: [
    {
      name: 'aws-iam-ra',
      image: 'registry.example/aws-iam-ra:0.1.0',
      env: [
        { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
        { name: 'POD_SERVICE_ACCOUNT', valueFrom: { fieldRef: { fieldPath: 'spec.serviceAccountName' } } },
        { name: 'CLUSTER', value: 'CLUSTER' },
        { name: 'VAULT_ADDR', value: 'VAULT_ADDRESS' },
        { name: 'VAULT_CACERT', value: '/etc/iam-ra/vault-ca/ca.crt' },
        { name: 'VAULT_REQUIRE_TLS', value: 'true' },
        { name: 'VAULT_ROLE', value: '$(POD_NAMESPACE)' },
        { name: 'VAULT_CERT_NAME', value: 'iam-ra' },
        { name: 'VAULT_CERT_CN', value: '$(POD_SERVICE_ACCOUNT).$(POD_NAMESPACE).$(CLUSTER)' },
        { name: 'CERT_URI_SANS', value: 'spiffe://$(CLUSTER)/ns/$(POD_NAMESPACE)/sa/$(POD_SERVICE_ACCOUNT)' },
        { name: 'ROLE_ARN', valueFrom: { secretKeyRef: { name: 'role-arn', key: 'arn' } } },
        { name: 'ANCHOR_ARN', valueFrom: { secretKeyRef: { name: 'anchor-arn', key: 'arn' } } },
        { name: 'PROFILE_ARN', valueFrom: { secretKeyRef: { name: 'profile-arn', key: 'arn' } } },
        { name: 'SERVICE_ACCOUNT_TOKEN_FILE', value: '/var/run/secrets/kubernetes.io/serviceaccount/token' },
        { name: 'AWS_SHARED_CREDENTIALS_FILE', value: '/aws/credentials' },
        { name: 'BUN_JSC_useJIT', value: '0' },
      ],
      resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '128Mi' } },
      securityContext: {
        runAsNonRoot: true,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumeMounts: [
        { name: 'iam-ra-credentials', mountPath: '/aws' },
        { name: 'iam-ra-token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
        { name: 'iam-ra-vault-ca', mountPath: '/etc/iam-ra/vault-ca', readOnly: true },
      ],
    },
  ],
  containers: [
    {
      name: 'app',
      image: 'unused',
      env: [{ name: 'AWS_SHARED_CREDENTIALS_FILE', value: 'HOME/.aws/credentials' }],
      volumeMounts: [{ name: 'iam-ra-credentials', mountPath: 'HOME/.aws', readOnly: true }],
    },
  ],
  volumes: [
    { name: 'iam-ra-credentials', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    {
      name: 'iam-ra-token',
      projected: {
        sources: [{ serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } }],
      },
    },
    { name: 'iam-ra-vault-ca', configMap: { name: 'vault-ca' } },
  ],
}

export const SIDECAR: PodSpec = {
  initContainers: [
    {
      name: 'aws-iam-ra',
      image: 'registry.example/aws-iam-ra:0.1.0',
      args: ['serve'],
      restartPolicy: 'Always',
      env: [
        { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
        { name: 'POD_SERVICE_ACCOUNT', valueFrom: { fieldRef: { fieldPath: 'spec.serviceAccountName' } } },
        { name: 'CLUSTER', value: 'CLUSTER' },
        { name: 'VAULT_ADDR', value: 'VAULT_ADDRESS' },
        { name: 'VAULT_CACERT', value: '/etc/iam-ra/vault-ca/ca.crt' },
        { name: 'VAULT_REQUIRE_TLS', value: 'true' },
        { name: 'VAULT_ROLE', value: '$(POD_NAMESPACE)' },
        { name: 'VAULT_CERT_NAME', value: 'iam-ra' },
        { name: 'VAULT_CERT_CN', value: '$(POD_SERVICE_ACCOUNT).$(POD_NAMESPACE).$(CLUSTER)' },
        { name: 'CERT_URI_SANS', value: 'spiffe://$(CLUSTER)/ns/$(POD_NAMESPACE)/sa/$(POD_SERVICE_ACCOUNT)' },
        { name: 'ROLE_ARN', valueFrom: { secretKeyRef: { name: 'role-arn', key: 'arn' } } },
        { name: 'ANCHOR_ARN', valueFrom: { secretKeyRef: { name: 'anchor-arn', key: 'arn' } } },
        { name: 'PROFILE_ARN', valueFrom: { secretKeyRef: { name: 'profile-arn', key: 'arn' } } },
        { name: 'SERVICE_ACCOUNT_TOKEN_FILE', value: '/var/run/secrets/kubernetes.io/serviceaccount/token' },
        { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: '/var/run/secrets/iam-ra/token' },
        { name: 'HEALTH_ADDR', value: '0.0.0.0:9912' },
      ],
      ports: [{ name: 'iam-ra-health', containerPort: 9912 }],
      startupProbe: { httpGet: { path: '/readyz', port: 9912 }, periodSeconds: 1, failureThreshold: 120 },
      livenessProbe: { httpGet: { path: '/livez', port: 9912 }, periodSeconds: 20, timeoutSeconds: 5 },
      resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '128Mi' } },
      securityContext: {
        runAsNonRoot: true,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumeMounts: [
        { name: 'iam-ra-authorization', mountPath: '/var/run/secrets/iam-ra' },
        { name: 'iam-ra-token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
        { name: 'iam-ra-vault-ca', mountPath: '/etc/iam-ra/vault-ca', readOnly: true },
      ],
    },
  ],
  containers: [
    {
      name: 'app',
      image: 'unused',
      env: [
        { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: 'http://127.0.0.1:9911/v1/credentials' },
        { name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value: '/var/run/secrets/iam-ra/token' },
      ],
      volumeMounts: [{ name: 'iam-ra-authorization', mountPath: '/var/run/secrets/iam-ra', readOnly: true }],
    },
    {
      name: 'imds-app',
      image: 'unused',
      env: [{ name: 'AWS_EC2_METADATA_SERVICE_ENDPOINT', value: 'http://127.0.0.1:9911/' }],
    },
  ],
  volumes: [
    { name: 'iam-ra-authorization', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    {
      name: 'iam-ra-token',
      projected: {
        sources: [{ serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } }],
      },
    },
    { name: 'iam-ra-vault-ca', configMap: { name: 'vault-ca' } },
  ],
}
