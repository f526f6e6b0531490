# The permissions that iam-ra init and iam-ra k8s setup need in Vault, for the cluster demo: write its name in place of demo.
# Not a pod's policy, and not enough for k8s onboard: onboarding-policy.hcl.

# Lists mounts, and mounts those that are missing.
path "sys/mounts" {
  capabilities = ["read"]
}
path "sys/mounts/pki-root" {
  capabilities = ["update"]
}
path "sys/mounts/pki-demo" {
  capabilities = ["update"]
}
path "sys/mounts/pki-demo/tune" {
  capabilities = ["update"]
}
path "sys/auth" {
  capabilities = ["read"]
}
path "sys/auth/kubernetes-demo" {
  capabilities = ["update", "sudo"]
}

# The root. Whoever may sign with it can impersonate any pod. Leave these out if the root is kept elsewhere.
path "pki-root/config/issuers" {
  capabilities = ["read"]
}
path "pki-root/issuer/+" {
  capabilities = ["read"]
}
path "pki-root/keys" {
  capabilities = ["list"]
}
path "pki-root/root/generate/internal" {
  capabilities = ["update"]
}
path "pki-root/root/sign-intermediate" {
  capabilities = ["update"]
}

# Login. It decides which API server says who a pod is: guard this token like a root token.
path "auth/kubernetes-demo/config" {
  capabilities = ["read", "update"]
}

# The policy of pods.
path "sys/policies/acl/iam-ra-demo" {
  capabilities = ["read", "update"]
}

# The cluster's CA: its key, its certificate, its URLs.
path "pki-demo/config/urls" {
  capabilities = ["read", "update"]
}
path "pki-demo/config/issuers" {
  capabilities = ["read", "update"]
}
path "pki-demo/config/acme" {
  capabilities = ["read"]
}
path "pki-demo/issuer/+" {
  capabilities = ["read"]
}
path "pki-demo/keys" {
  capabilities = ["list"]
}
path "pki-demo/intermediate/generate/internal" {
  capabilities = ["update"]
}
path "pki-demo/intermediate/generate/existing" {
  capabilities = ["update"]
}
path "pki-demo/intermediate/set-signed" {
  capabilities = ["update"]
}
path "pki-demo/roles/iam-ra-demo" {
  capabilities = ["read", "update"]
}

# Looks below the same root for another cluster of the same name.
path "+/roles" {
  capabilities = ["list"]
}
path "+/roles/+" {
  capabilities = ["read"]
}

# Only for the first k8s onboard --arns operator.
path "sys/mounts/secret" {
  capabilities = ["update"]
}
path "sys/policies/acl/vault-secrets-operator-demo" {
  capabilities = ["update"]
}
