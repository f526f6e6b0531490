/** Files of k8s/vault, by name. Written by scripts/reference.ts. */
export const REFERENCE = {
  'setup.json': `{
  "cluster": "demo",
  "kubernetes": {
    "mount": "kubernetes",
    "host": "https://kubernetes.default.svc",
    "reviewer": "vault"
  },
  "pki": {
    "mount": "pki",
    "role": "iam-ra",
    "commonName": "Pods of cluster demo",
    "ttl": "43800h",
    "issuingCertificates": ["https://vault.vault.svc.cluster.local:8200/v1/pki/ca"],
    "crlDistributionPoints": ["https://vault.vault.svc.cluster.local:8200/v1/pki/crl"]
  },
  "kv": {
    "mount": "secret",
    "path": "iam-ra"
  },
  "operator": {
    "role": "vault-secrets-operator",
    "account": "vault-secrets-operator",
    "audience": "vault"
  },
  "bindings": [
    {
      "namespace": "frontend",
      "role": "frontend",
      "accounts": ["vault-auth"],
      "audience": "vault",
      "tokenTtl": "5m",
      "tokenType": "service"
    }
  ]
}
`,
  'pod-policy.hcl': `# What the init container may do. Not pki/issue, which would make the key in Vault, and not Vault's default policy.
path "\${PKI_MOUNT}/sign/\${PKI_ROLE}" {
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
`,
  'operator-policy.hcl': `# What the Vault Secrets Operator may read: the ARNs of the namespace whose account it logs in with. They are three entries
# (role-arn, anchor-arn, profile-arn), or one for each workload.
path "\${KV_MOUNT}/data/\${KV_PATH}/\${NAMESPACE}/+" {
  capabilities = ["read"]
}
`,
  'pki-role.json': `{
  "allowed_domains": ["\${ACCOUNT}.\${NAMESPACE}.\${CLUSTER}"],
  "allowed_domains_template": true,
  "allow_bare_domains": true,
  "allow_subdomains": false,
  "allow_glob_domains": false,
  "allow_any_name": false,
  "allow_localhost": false,
  "allow_ip_sans": false,
  "allow_wildcard_certificates": false,
  "allow_token_displayname": false,
  "enforce_hostnames": true,
  "cn_validations": ["hostname"],
  "require_cn": true,
  "allowed_uri_sans": ["spiffe://\${CLUSTER}/ns/\${NAMESPACE}/sa/\${ACCOUNT}"],
  "allowed_uri_sans_template": true,
  "allowed_other_sans": [],
  "allowed_serial_numbers": [],
  "allowed_user_ids": [],
  "use_csr_common_name": true,
  "use_csr_sans": true,
  "serial_number_source": "json-csr",
  "issuer_ref": "default",
  "key_type": "any",
  "key_bits": 0,
  "key_usage": ["DigitalSignature"],
  "ext_key_usage": [],
  "ext_key_usage_oids": [],
  "client_flag": true,
  "server_flag": false,
  "code_signing_flag": false,
  "email_protection_flag": false,
  "basic_constraints_valid_for_non_ca": false,
  "signature_bits": 0,
  "use_pss": false,
  "policy_identifiers": [],
  "organization": [],
  "ou": [],
  "country": [],
  "locality": [],
  "province": [],
  "street_address": [],
  "postal_code": [],
  "no_store": true,
  "generate_lease": false,
  "not_after": "",
  "not_before_duration": "30s",
  "ttl": "1h",
  "max_ttl": "24h"
}
`,
  'pod-role.json': `{
  "alias_name_source": "serviceaccount_uid",
  "bound_service_account_namespace_selector": "",
  "token_policies": ["\${PKI_ROLE}"],
  "token_no_default_policy": true,
  "token_period": 0,
  "token_explicit_max_ttl": 0
}
`,
  'operator-role.json': `{
  "alias_name_source": "serviceaccount_uid",
  "bound_service_account_namespace_selector": "",
  "token_policies": ["\${OPERATOR_ROLE}"],
  "token_no_default_policy": true,
  "token_period": 0,
  "token_explicit_max_ttl": 0,
  "token_type": "batch",
  "token_ttl": "20m",
  "token_max_ttl": "20m"
}
`,
} as const
