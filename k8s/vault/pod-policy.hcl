# What the init container may do. Not pki/issue, which would make the key in Vault, and not Vault's default policy.
path "${PKI_MOUNT}/sign/${PKI_ROLE}" {
  capabilities = ["update"]
  # Before 1.19.19, 1.20.13, 1.21.8 and 2.0.3 it goes beyond max_ttl of the PKI role; nobody here needs it in any Vault.
  denied_parameters = {
    "not_after" = []
  }
}

# Listed since the default policy, which has it, is left out.
path "auth/token/revoke-self" {
  capabilities = ["update"]
}
