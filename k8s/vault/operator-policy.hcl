# What the Vault Secrets Operator may read: the ARNs of the namespace whose account it logs in with. They are three entries
# (role-arn, anchor-arn, profile-arn), or one for each workload.
path "${KV_MOUNT}/data/${KV_PATH}/${NAMESPACE}/+" {
  capabilities = ["read"]
}
