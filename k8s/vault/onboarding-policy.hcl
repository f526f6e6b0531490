# The permissions that iam-ra k8s onboard, migrate and list need in Vault, for the cluster demo: write its name in place of demo.
# They admit accounts to roles, and give a role no other policy than the two below.

# Says whether Vault has its reviewer's token. It is given by k8s setup: who may write here chooses the API server.
path "auth/kubernetes-demo/config" {
  capabilities = ["read"]
}
path "auth/kubernetes-demo/role/+" {
  capabilities = ["create", "read", "update"]
  # Any value is allowed if the list is empty; a parameter that is not listed is not allowed.
  allowed_parameters = {
    "bound_service_account_names" = []
    "bound_service_account_namespaces" = []
    "bound_service_account_namespace_selector" = [""]
    "audience" = ["vault"]
    "alias_name_source" = ["serviceaccount_uid"]
    "token_policies" = ["iam-ra-demo", "vault-secrets-operator-demo"]
    "token_no_default_policy" = [true]
    "token_period" = []
    "token_explicit_max_ttl" = []
    "token_type" = []
    "token_ttl" = []
    "token_max_ttl" = []
  }
}
path "pki-demo/roles/iam-ra-demo" {
  capabilities = ["read"]
}

# Only for --arns operator: the Vault Secrets Operator's login, and the ARNs. The first such run of a cluster creates the
# operator's policy, and needs installation-policy.hcl too.
path "sys/auth" {
  capabilities = ["read"]
}
path "sys/mounts" {
  capabilities = ["read"]
}
path "sys/policies/acl/vault-secrets-operator-demo" {
  capabilities = ["read"]
}
path "secret/data/iam-ra/demo/*" {
  capabilities = ["create", "read", "update"]
}
