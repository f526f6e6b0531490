# What the init container may do. Not pki/issue, which would make the key in Vault, and not Vault's default policy.
path "${PKI_MOUNT}/sign/${PKI_ROLE}" {
  capabilities = ["update"]
}

# Listed since the default policy, which has it, is left out.
path "auth/token/revoke-self" {
  capabilities = ["update"]
}
