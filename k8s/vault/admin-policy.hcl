# What whoever runs vault-setup needs, with the names of setup.json. Not a pod's policy.

# What is mounted, and to mount what is missing.
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

# Who may log in.
path "auth/kubernetes/config" {
  capabilities = ["create", "read", "update"]
}
path "auth/kubernetes/role" {
  capabilities = ["list"]
}
path "auth/kubernetes/role/*" {
  capabilities = ["create", "read", "update"]
}

# What they may do then. These two alone, and still enough to give oneself anything: guard this token as a root token.
path "sys/policies/acl/iam-ra" {
  capabilities = ["create", "read", "update"]
}
path "sys/policies/acl/vault-secrets-operator" {
  capabilities = ["create", "read", "update"]
}

# The authority: its key, its certificate, its URLs.
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
  # A certificate that belongs to no key of this Vault is taken away again.
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

# Which names it signs.
path "pki/roles" {
  capabilities = ["list"]
}
path "pki/roles/iam-ra" {
  capabilities = ["create", "read", "update"]
}

# For --root-mount pki-root alone.
path "pki-root/root/sign-intermediate" {
  capabilities = ["create", "update"]
}

# The ARNs.
path "secret/data/iam-ra/*" {
  capabilities = ["create", "read", "update"]
}
