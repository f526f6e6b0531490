# What the Vault Secrets Operator may read: the three ARNs of the namespace whose account it logs in with.
path "${KV_MOUNT}/data/${KV_PATH}/${NAMESPACE}/role-arn" {
  capabilities = ["read"]
}

path "${KV_MOUNT}/data/${KV_PATH}/${NAMESPACE}/anchor-arn" {
  capabilities = ["read"]
}

path "${KV_MOUNT}/data/${KV_PATH}/${NAMESPACE}/profile-arn" {
  capabilities = ["read"]
}
