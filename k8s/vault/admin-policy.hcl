# The permissions that vault-setup needs, with the names of setup.json. Not a pod's policy.

# Lists mounts, and mounts those that are missing.
path "sys/mounts" {
  capabilities = ["read"]
}
path "sys/mounts/pki" {
  capabilities = ["create", "update"]
}
path "sys/mounts/pki/tune" {
  capabilities = ["create", "update"]
}
path "sys/mounts/secret" {
  capabilities = ["create", "update"]
}
path "sys/auth" {
  capabilities = ["read"]
}
path "sys/auth/kubernetes" {
  capabilities = ["create", "update", "sudo"]
}

# Login: auth methods and roles.
path "auth/kubernetes/config" {
  capabilities = ["create", "read", "update"]
}
path "auth/kubernetes/role" {
  capabilities = ["list"]
}
path "auth/kubernetes/role/*" {
  capabilities = ["create", "read", "update"]
}

# Policies. These two alone, and still enough to grant oneself anything: guard this token like a root token.
path "sys/policies/acl/iam-ra" {
  capabilities = ["create", "read", "update"]
}
path "sys/policies/acl/vault-secrets-operator" {
  capabilities = ["create", "read", "update"]
}

# The CA: its key, its certificate, its URLs.
path "pki/config/urls" {
  capabilities = ["create", "read", "update"]
}
path "pki/config/issuers" {
  capabilities = ["create", "read", "update"]
}
path "pki/config/acme" {
  capabilities = ["read"]
}
path "pki/issuers" {
  capabilities = ["list"]
}
path "pki/issuer/+" {
  # Deletes a certificate that belongs to no key in this Vault.
  capabilities = ["read", "delete"]
}
path "pki/keys" {
  capabilities = ["list"]
}
path "pki/intermediate/generate/internal" {
  capabilities = ["create", "update"]
}
path "pki/intermediate/generate/existing" {
  capabilities = ["create", "update"]
}
path "pki/intermediate/set-signed" {
  capabilities = ["create", "update"]
}

# The names it signs.
path "pki/roles" {
  capabilities = ["list"]
}
path "pki/roles/iam-ra" {
  capabilities = ["create", "read", "update"]
}

# Only for --root-mount pki-root.
path "pki-root/root/sign-intermediate" {
  capabilities = ["create", "update"]
}

# The ARNs.
path "secret/data/iam-ra/*" {
  capabilities = ["create", "read", "update"]
}
